"""Answers whose label is known, measured as runs are: intervals hold the truth, and few verdicts are false.

`benchmarks.ground_truth` on a few clauses of the examples, two hundred measurings each; the judge is made up, so
that its errors are known and no model is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from backends.judges import Case, Decision
from backends.nano.world.voices import speaks
from benchmarks.ground_truth import tables
from benchmarks.ground_truth.builds import Build, build
from benchmarks.ground_truth.measuring import How, Tally, measurings
from benchmarks.ground_truth.pool import Known, known
from benchmarks.ground_truth.subjects import By, prepared
from benchmarks.ground_truth.tables import Line
from compiler.records.checks import JudgeCheck
from compiler.records.measured import Calibration
from spec.constructs import Trait

EXAMPLES = Path(__file__).parents[2] / "examples"
TIMES = 200


@pytest.fixture(scope="module")
def pirate(tmp_path_factory: pytest.TempPathFactory) -> Build:
    clauses = {"persona.Polly", "refuse.lock_picking"}
    return build(EXAMPLES / "pirate" / "pirate.tenet", tmp_path_factory.mktemp("pirate"), only=clauses)


@pytest.fixture(scope="module")
def answered(pirate: Build) -> dict[str, Known]:
    return {name: known(pirate, pirate.program.clause(name)) for name in ("persona.Polly", "refuse.lock_picking")}


@pytest.fixture(scope="module")
def harbor(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return build(EXAMPLES / "harbor" / "harbor.tenet", tmp_path_factory.mktemp("harbor"), only={"trait.caring"})


class Lenient:
    """Hears the voice of a trait, and one time in ten where it is not; the voice to avoid it never minds."""

    def __init__(self) -> None:
        self.dice = Random(7)

    def decide(self, cases: Sequence[Case]) -> list[Decision]:
        judged = [any(isinstance(check, JudgeCheck) for check in case.checks) for case in cases]
        heard = [speaks("caring", case.answer) or self.dice.random() < 0.1 for case in cases]
        return [Decision(one or not asked) for one, asked in zip(heard, judged, strict=True)]


@pytest.fixture(scope="module")
def caring(harbor: Build) -> Known:
    assert isinstance(harbor.program.clause("trait.caring").body, Trait)
    return known(harbor, harbor.program.clause("trait.caring"), Lenient())


def allowed(error: float, times: int) -> float:
    return error + 2.5 * math.sqrt(error * (1.0 - error) / times)


def holds(tally: Tally) -> None:
    n = tally.measurings
    assert tally.coverage >= 1.0 - allowed(1.0 - tally.says, n)
    assert tally.false_met / n <= allowed(tally.error, n)
    assert tally.false_missed / n <= allowed(tally.error, n)


@pytest.mark.parametrize(("by", "icc"), [("form", 0.0), ("form", 0.7), ("unit", 0.3)])
@pytest.mark.parametrize("clause_id", ["persona.Polly", "refuse.lock_picking"])
def test_intervals_hold_the_truth_and_verdicts_are_true(
    pirate: Build, answered: dict[str, Known], clause_id: str, by: By, icc: float
) -> None:
    one = answered[clause_id]
    assert one.right == {True: 1.0, False: 1.0}, "a check says something else than the world's own label"
    for tally in measurings(pirate, prepared(one, by), 0.0, How(), TIMES, icc, by).values():
        holds(tally)


def test_looking_until_verdicts_stand_makes_none_of_them_false(pirate: Build, answered: dict[str, Known]) -> None:
    subject = prepared(answered["persona.Polly"], "form")
    for tally in measurings(pirate, subject, 0.0, How(sequential=True), 40, 0.7, "form").values():
        holds(tally)


@pytest.mark.parametrize("level", [-0.10, 1.0])
def test_a_judge_that_nobody_has_calibrated_settles_nothing(harbor: Build, caring: Known, level: float) -> None:
    for how in (How(), How(sequential=True)):
        for tally in measurings(harbor, prepared(caring, "form"), level, how, 4).values():
            assert dict(tally.verdicts) == {"unclear": 4}


def test_a_cell_stands_out_alone_but_only_the_unlikely_one_breaks_a_promise() -> None:
    def cell(covered: int, false_met: int = 0) -> Tally:
        return Tally(0.9, ">=", exact=False, measurings=1000, covered=covered, false_met=false_met)

    fine = Line("trait.a", "rate", "fixed", "0", dict(enumerate(cell(950) for _ in range(100))), states=True)
    low = Line("trait.b", "rate", "fixed", "0", {0.0: cell(930)}, states=True)
    bad = Line("trait.c", "rate", "fixed", "0", {0.0: cell(950, false_met=60)}, states=True)
    silent = Line("trait.d", "rate", "fixed", "0", {0.0: cell(500)}, states=False)
    assert [tables.row(line).endswith("!") for line in (fine, low, bad, silent)] == [False, True, True, False]
    assert tables.whole([fine, low, silent])[1] == 0
    table, broken = tables.whole([fine, low, bad, silent])
    assert broken == 1
    assert table[-1].endswith("| 2 | 1 |")


@pytest.mark.parametrize("labels", [30, 100])
def test_labels_put_a_lenient_judge_right(harbor: Build, caring: Known, labels: int) -> None:
    holds(measurings(harbor, prepared(caring, "form"), 0.0, How(labels=labels), TIMES)["rate"])


def test_the_interval_of_a_calibrated_judge_allows_for_its_errors(harbor: Build, caring: Known) -> None:
    """It passes one broken answer in ten; calibrations of 30 labels of each sort differ by chance."""
    dice = Random(1)
    subject = prepared(caring, "form")
    covered = false = 0
    for _ in range(TIMES):
        right = sum(dice.random() < caring.right[False] for _ in range(30))
        card = Calibration(
            what="judge",
            clause_id="trait.caring",
            labels="drawn",
            kept=30,
            kept_right=30,
            broken=30,
            broken_right=right,
        )
        tally = measurings(harbor, subject, -0.001, How(calibrations=(card,)), 1, seed=dice.random())["rate"]
        covered += tally.covered
        false += tally.false_met
    assert covered / TIMES >= 1.0 - allowed(0.05, TIMES)
    assert false / TIMES <= allowed(0.025, TIMES)
