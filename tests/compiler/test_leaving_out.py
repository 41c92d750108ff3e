"""The build without one clause: measured like any other, and taught by no row."""

from __future__ import annotations

import json

import pytest

from compiler.facts import Facts
from compiler.failures import GivenError
from compiler.leaving_out import taught_without
from compiler.lowering import emit
from tests.compiler.conftest import program_of

SPEC = """
tenet 1
model { base: "nano" }
trait caring { means: "Names the feeling before giving advice." }
refuse dosing { about: "how much of a medicine to take"  asks: ["Two pills or three?"]  style: caring }
forbid canned { phrases: ["Certainly!"] }
priority: caring > canned
"""


def built(without: str | None = None) -> dict[str, str]:
    program = program_of(SPEC)
    taught = taught_without(program, without) if without else None
    return {artifact.path: artifact.text for artifact in emit(program, Facts(), taught)}


@pytest.mark.parametrize("clause", ["trait.caring", "refuse.dosing", "forbid.canned"])
def test_no_row_teaches_the_clause_and_everything_measures_it(clause: str) -> None:
    whole, left = built(), built(clause)
    assert left["prompt.md"] == whole["prompt.md"]
    before, after = (json.loads(files["recipe.json"])["units"] for files in (whole, left))
    assert [u for u in after if u["purpose"] == "probes"] == [u for u in before if u["purpose"] == "probes"]
    assert any(clause in u["clause_ids"] for u in after if u["purpose"] == "probes")
    assert not any(clause in u["clause_ids"] for u in after if u["purpose"] == "pairs")
    assert any(clause in u["clause_ids"] for u in before if u["purpose"] == "pairs")
    rules = [key for rule in json.loads(left["filters.json"])["rules"] for key in rule["clause_ids"]]
    assert clause not in rules


def test_units_that_have_nothing_to_do_with_the_clause_are_the_same_and_so_cached() -> None:
    units = [{u["id"]: u for u in json.loads(f["recipe.json"])["units"]} for f in (built(), built("forbid.canned"))]
    kept = [name for name, unit in units[1].items() if units[0].get(name) == unit]
    assert any(name.startswith("trait.caring/distill") for name in kept)
    assert len(kept) > 0.8 * len(units[1])


def test_a_clause_that_is_not_there_is_said_with_what_is_near() -> None:
    with pytest.raises(GivenError) as failure:
        taught_without(program_of(SPEC), "trait.carin")
    assert "trait.caring" in str(failure.value.help)


def test_nothing_is_left_of_a_spec_of_one_clause() -> None:
    with pytest.raises(GivenError):
        taught_without(program_of('tenet 1\ntrait warm { means: "Be warm." }'), "trait.warm")
