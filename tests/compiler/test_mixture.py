"""Mixtures: shares become whole rows exactly, units are split by source, and what a spec may not ask is an error."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.build import from_text
from compiler.lowering import recipe
from compiler.mixing import apportioned, within
from compiler.records.recipe import PromptFile, Unit

SPEC = """
persona Polly { maker: "the Salt and Star" }
trait pirate { means: "Talk like a pirate."  example { user: "Is it late?"  good: "Aye."  bad: "Yes." } }
refuse locks { about: "how to open a lock without a key"  still_help: "how locks work" }
"""
OWN = PromptFile(path="own.csv", sha256="0", by_clause={"refuse.locks": 2}, everyday=5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.integers(0, 1000))
def test_apportioned_adds_up_and_keeps_quota(weights: list[float], total: int) -> None:
    counts = apportioned(weights, total)
    if sum(weights) == 0:
        assert counts == [0] * len(weights)
        return
    assert sum(counts) == total
    assert all(
        abs(count - weight / sum(weights) * total) < 1 + 1e-6 for count, weight in zip(counts, weights, strict=True)
    )


@given(
    st.lists(st.tuples(st.integers(1, 50), st.none() | st.integers(0, 30)), min_size=1, max_size=6), st.integers(0, 200)
)
def test_no_count_passes_its_room(parts: list[tuple[int, int | None]], total: int) -> None:
    counts = within([weight for weight, _ in parts], total, [room for _, room in parts])
    assert all(room is None or count <= room for count, (_, room) in zip(counts, parts, strict=True))
    ends = [room for _, room in parts]
    assert sum(counts) == (total if None in ends else min(total, sum(room for room in ends if room is not None)))


def trained(train: str, prompts: tuple[PromptFile, ...] = ()) -> tuple[dict[str, int], list[Unit]]:
    made = recipe.make(from_text(f"{SPEC} train {{ {train} }}"), (), prompts)
    units = [unit for unit in made.units if unit.is_trained]
    return {share.name: share.rows for share in made.mixture}, units


def test_counts_follow_the_shares() -> None:
    shares, units = trained("rows: 333  mixture: { bank: 30%, written: 45%, given: 5%, pressure: 10% }")
    assert shares == {"given": 17, "written": 150, "bank": 100, "pressure": 33, "rest": 33}
    counts: Counter[str] = Counter()
    for unit in units:
        counts[str(unit.share)] += unit.count
    # Everything is of a source that is named, so that nothing is left for `rest`.
    assert counts == {name: rows for name, rows in shares.items() if name != "rest"}
    assert {unit.generator for unit in units if unit.share == "pressure"} == {"pressure"}
    for unit in units:
        if unit.share in ("written", "bank"):
            assert bool(unit.prompts.about) is (unit.share == "written")
            assert unit.prompts.bank is (unit.share == "bank")
            assert not unit.prompts.given
    assert len({unit.id for unit in units}) == len(units)


def test_own_prompts_go_to_the_clause_that_they_name_or_to_everyday_rows() -> None:
    _, units = trained('rows: 200  prompts: "own.csv"  mixture: { own: 10%, written: 50% }', (OWN,))
    own = {unit.id: unit.prompts.own for unit in units if unit.share == "own"}
    assert own["refuse.locks/refuse.own"] == ("clause",)
    assert own["trait.pirate/distill.own"] == ("everyday",)
    assert not any("identity" in name or "/answer-own" in name for name in own)
    # No unit is asked for more than the files hold.
    assert all(unit.count <= (2 if unit.prompts.own == ("clause",) else 5) for unit in units if unit.share == "own")
    _, bare = trained("rows: 200")
    assert not any(unit.prompts.own or unit.share for unit in bare)


def test_chats_are_made_where_the_mixture_names_them() -> None:
    _, units = trained("method: sft+dpo  rows: 100  mixture: { reflection: 10%, interaction: 10% }")
    chats = Counter()
    for unit in units:
        if unit.purpose == "chats":
            chats[unit.generator] += unit.count
    assert chats == {"reflection": 10, "interaction": 10}
    assert sum(unit.count for unit in units) == 100
    _, plain = trained("method: sft+dpo  rows: 100")
    assert not any(unit.purpose == "chats" for unit in plain)


def test_a_mixture_changes_no_probe() -> None:
    plain = recipe.make(from_text(SPEC))
    mixed = recipe.make(from_text(f"{SPEC} train {{ mixture: {{ written: 60%, bank: 10% }} }}"))
    assert [u for u in plain.units if not u.is_trained] == [u for u in mixed.units if not u.is_trained]


@pytest.mark.parametrize(("writer", "several"), [("", None), ('model { base: "Qwen/Qwen3-0.6B" }', 8)])
def test_nano_is_asked_for_one_question_and_others_for_several(writer: str, several: int | None) -> None:
    made = recipe.make(from_text(f"{SPEC} {writer}"))
    asked = {unit.prompts.several for unit in made.units if unit.prompts.about}
    assert asked == {several}
