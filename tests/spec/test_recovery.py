"""k planted defects give k reports, each on its line, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spec
from tests.spec.defects import DEFECTS, SHAPES, Planted, clause, plant


def check(planted: Planted) -> None:
    loaded = spec.loads(planted.text)
    found = sorted(d.span.line for d in loaded.diagnostics)
    wanted = [line for line, _ in planted.expected]
    assert found == wanted, f"{planted.expected}\n{spec.render(loaded.diagnostics, loaded.sources)}\n{planted.text}"


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_the_planted_clauses_are_valid(shape: int) -> None:
    assert spec.loads("tenet 1\n" + "\n".join(clause("amber", shape))).diagnostics == ()


@pytest.mark.parametrize("name", DEFECTS)
def test_one_defect_gives_one_report(name: str) -> None:
    total = 0
    for seed in range(30):
        planted = plant(seed, [name], 3)
        total += len(planted.expected)
        check(planted)
    assert total >= 3


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(sorted(DEFECTS)), min_size=1, max_size=10))
def test_k_defects_give_k_reports(seed: int, defects: list[str]) -> None:
    check(plant(seed, defects, len(defects) + 2))


def test_every_report_stays_when_defects_are_close() -> None:
    """Six defects in one clause, each on a line of its own."""
    text = """tenet 1
trait caring at rot {
  means "Names the feeling."
  not: "Saccharine
  intensity: 8
  colour: "blue"
  signs: ["sorry", /(/]
}
"""
    assert [d.span.line for d in spec.loads(text).diagnostics] == [2, 3, 4, 5, 6, 7]


def test_a_name_lost_in_broken_text_is_not_reported_again() -> None:
    text = """tenet 1
trait caring { means: }
trait @@ honest { means: "True." }
priority: caring > honest
refuse x { about: "y" style: honest }
"""
    assert [d.span.line for d in spec.loads(text).diagnostics] == [2, 3]


def test_an_unindented_file_is_valid() -> None:
    text = 'tenet 1\ntrait a {\nmeans: "x"\nexample {\nuser: "u"\ngood: "g"\n}\n}\nmodel {\nbase: "nano"\n}\n'
    assert spec.loads(text).diagnostics == ()
