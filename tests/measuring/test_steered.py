"""Steering beside the other arms: its differences, and the ordering under pressure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import pressure
from compiler.records.measured import Measurement
from compiler.records.record import Arm
from compiler.records.steered import SteeredRow
from compiler.runs import Run
from compiler.verdicts import compare


@pytest.fixture
def steered(run: Run) -> Run:
    """A run in which steering does what the base does, under its own name."""
    return answering(run, "base")


def answering(run: Run, like: Arm) -> Run:
    own = [row.model_copy(update={"arm": "steer"}) for row in run.measurements if row.arm == like]
    arms: tuple[Arm, ...] = ("base", "prompt", "steer", "adapter", "adapter+prompt")
    measured = run.measured.model_copy(update={"arms": arms, "steering_sha256": "0" * 64})
    rows: list[Measurement] = [*run.measurements, *own]
    return replace(run, measurements=tuple(rows), measured=measured)


def row(rows: tuple[SteeredRow, ...], clause_id: str, of: str = "rate") -> SteeredRow:
    return next(found for found in rows if (found.clause_id, found.of) == (clause_id, of))


def test_a_run_without_the_arm_says_nothing_of_it(run: Run) -> None:
    assert compare(run).steered == ()


def test_steering_that_does_nothing_is_even_with_the_base_and_behind_the_adapter(steered: Run) -> None:
    report = compare(steered)
    assert report.subject == "adapter"
    found = row(report.steered, "trait.caring")
    base, prompt, adapter = found.less
    assert [less.against for less in found.less] == ["base", "prompt", "adapter"]
    assert base.difference == 0.0
    assert adapter.high < 0
    assert "adapter" in found.ahead
    assert "base" not in (*found.ahead, *found.behind)
    own = next(r for r in report.clauses if r.id == "trait.caring")
    rates = {rate.arm: rate.share for rate in found.rates}
    assert rates == {rate.arm: rate.share for rate in own.rates}
    assert prompt.high < 0


def test_less_is_better_where_less_is_asked_for(steered: Run) -> None:
    found = row(compare(steered).steered, "forbid.canned")
    assert found.comparison == "<="
    adapter = next(less for less in found.less if less.against == "adapter")
    assert adapter.low > 0  # steering breaks the clause on more prompts
    assert "adapter" in found.ahead


def test_each_technique_and_facts_have_a_row(steered: Run) -> None:
    rows = compare(steered).steered
    techniques = {found.label for found in rows if found.of == "technique"}
    assert techniques == {probe.pressure for probe in steered.probes if probe.aspect == "pressure"}
    assert row(rows, "facts", "facts").rates


def test_the_ordering_under_pressure_is_read_from_paired_prompts(run: Run, steered: Run) -> None:
    lines = list(pressure.table(steered))
    every = next(line for line in lines if line.startswith("| all techniques"))
    assert "prompt > steer" in every
    reversed_ = next(line for line in pressure.table(answering(run, "adapter+prompt")) if "all techniques" in line)
    assert "prompt > steer" not in reversed_
    assert "steer" not in "".join(pressure.table(run)).replace("adapter less prompt", "")
