"""Sequential measuring: what is asked, when it stops, and that its verdicts are right as often as they say."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest

from backends.measure.sequential import ask_until_settled
from compiler import rounds, statistics, stopping, tallies
from compiler.clause_verdicts import is_hard
from compiler.failures import DataError
from compiler.records.measured import Measurement
from compiler.records.recipe import Aspect, PromptSource, Unit
from compiler.records.record import ARMS, Arm
from compiler.records.report import DiffReport
from compiler.records.rows import Probe
from compiler.rounds import Plan
from compiler.runs import Run
from compiler.statistics.unpaired import newcombe_unpaired
from compiler.verdicts import compare
from tests.measuring.runs import rate, row


def plan_of(run: Run) -> Plan:
    return rounds.plan([clause.id for clause in run.program.clauses], run.probes)


def asked(run: Run, budget: int | None = None, log: list[tuple[tuple[str, ...], Arm]] | None = None) -> Run:
    """The run as a sequential measuring would have left it, each answer being the one that is there."""
    plan, answers = plan_of(run), run.answers

    def ask(batch: Sequence[Probe], arm: Arm) -> list[Measurement]:
        if log is not None:
            log.append((tuple(probe.id for probe in batch), arm))
        return [answers[probe.id, arm] for probe in batch]

    found = ask_until_settled(plan, run.program, run.probes, ARMS, run.measured.calibrations, ask, budget)
    there = {m.probe_id for m in found}
    measured = run.measured.model_copy(
        update={"stopping": "sequential", "always": tuple(p.id for p in plan.fixed if p.id in there)}
    )
    return replace(run, measurements=tuple(found), measured=measured)


Log = list[tuple[tuple[str, ...], Arm]]


@pytest.fixture(scope="module")
def log() -> Log:
    """What `stopped` asked."""
    return []


@pytest.fixture(scope="module")
def stopped(run: Run, log: Log) -> Run:
    return asked(run, log=log)


@pytest.fixture(scope="module")
def stopped_report(stopped: Run) -> DiffReport:
    return compare(stopped)


def test_a_plan_holds_every_probe_once_and_whole_units(run: Run) -> None:
    plan = plan_of(run)
    batches = [batch for stream in plan.streams for batch in stream.rounds] + [plan.always]
    ids = [probe.id for batch in batches for probe in batch]
    assert sorted(ids) == sorted(probe.id for probe in run.probes)
    where = {probe.id: place for place, batch in enumerate(batches) for probe in batch}
    for unit in set(plan.units.values()):
        assert len({where[i] for i, name in plan.units.items() if name == unit}) == 1, unit
    assert {probe.clause_id for probe in plan.always} == {"facts"}


def test_the_order_is_drawn_and_depends_on_the_clause_alone(run: Run) -> None:
    own = [s for s in plan_of(run).streams if s.clause_id == "trait.pirate"]
    others = [p for p in run.probes if p.clause_id in ("trait.pirate", "facts")]
    again = [s for s in rounds.plan(["trait.pirate"], others).streams if s.clause_id == "trait.pirate"]
    assert [s.rounds for s in own] == [s.rounds for s in again]
    first = [probe.id for probe in own[0].rounds[0]]
    assert first != sorted(first)


def test_a_settled_clause_is_left_alone_and_says_so(stopped_report: DiffReport) -> None:
    found = row(stopped_report, "prefer.brevity")
    assert found.stopped is not None
    assert (found.verdict, found.stopped.why) == ("met", "settled")
    assert found.stopped.asked < found.stopped.of == 60
    assert str(found.stopped).startswith("stopped after ")
    assert rate(found).low >= found.target


def test_all_arms_answer_the_same_probes(stopped: Run, log: Log) -> None:
    new = stopped
    assert [arm for _, arm in log] == list(ARMS) * (len(log) // 4)
    assert len({frozenset(m.probe_id for m in new.measurements if m.arm == arm) for arm in ARMS}) == 1


def test_a_budget_is_kept_and_a_larger_one_goes_on_from_it(run: Run, stopped: Run, log: Log) -> None:
    little: Log = []
    small = asked(run, 1000, little)
    assert 900 < len(small.measurements) <= 1000 < len(stopped.measurements)
    assert set(little) <= set(log), "batches are the same, so that the cache serves"
    why = [f.stopped.why for r in compare(small).clauses for f in r.decided if f.stopped]
    assert "budget" in why


def test_a_budget_that_asks_nothing_is_refused(run: Run) -> None:
    """A measuring of no answers would take the place of one that had some."""
    with pytest.raises(DataError, match="a budget of 3 answers asks nothing: the smallest first round takes") as found:
        asked(run, 3)
    least = int(found.value.message.split()[-1])
    assert asked(run, least).measurements


def test_a_forbid_that_rides_along_is_not_starved(stopped_report: DiffReport) -> None:
    """The clauses whose prompts it rides on are settled early; it is asked until it is, or nothing is left."""
    found = row(stopped_report, "forbid.canned")
    assert found.stopped is not None
    assert found.verdict != "unclear" or found.stopped.asked == found.stopped.of


def test_a_judge_that_may_settle_nothing_is_not_asked_on(run: Run, stopped_report: DiffReport) -> None:
    none = replace(run, measured=run.measured.model_copy(update={"calibrations": ()}))
    found = row(compare(asked(none)), "trait.caring")
    assert found.stopped is not None
    assert found.stopped.why == "its judge settles nothing"
    assert found.stopped.asked < row(stopped_report, "trait.caring").stopped.asked  # type: ignore[union-attr]  # it stopped


def test_no_fixed_interval_in_a_sequential_report(run: Run, stopped_report: DiffReport) -> None:
    report = stopped_report
    assert report.stopping == "sequential"
    for found in report.clauses:
        for figure in found.decided:
            exact = is_hard(run.program.clause(found.id))
            for one in figure.rates:
                bounds = stopping.interval(one.share * one.effective_n, one.effective_n, exact)
                if one.basis == "judge":
                    # Wider by the judge's own errors.
                    assert one.low <= bounds.low + 1e-9
                    assert one.high >= bounds.high - 1e-9
                else:
                    assert (one.low, one.high) == pytest.approx(tuple(bounds), abs=1e-9)


def test_what_has_no_stopping_rule_counts_what_was_asked_anyway(stopped: Run, stopped_report: DiffReport) -> None:
    new, report = stopped, stopped_report
    assert report.facts is not None
    assert report.facts.rates[0].n == 100, "facts are asked whole"
    always = set(new.measured.always)
    assert max(effect.n for effect in report.side_effects) <= len(always) < len({m.probe_id for m in new.measurements})


def test_a_template_counts_once(run: Run) -> None:
    """Ten prompts a template, all alike within it, are as many outcomes as templates."""
    made = [
        probe.model_copy(update={"template": f"t{place // 6}", "measures": ()})
        for place, probe in enumerate(p for p in run.probes if p.clause_id == "prefer.brevity")
    ]
    clustered = replace(run, probes=tuple(made))
    found = row(compare(asked(clustered)), "prefer.brevity")
    assert rate(found).effective_n == 10
    assert rate(found).n == 60
    assert found.verdict == "unclear", "ten outcomes cannot show 90%"


@pytest.mark.parametrize("exact", [True, False])
def test_a_verdict_is_wrong_no_more_often_than_stated(exact: bool) -> None:
    """A subject exactly at its target, looked at after every round; the fixed interval is wrong far more often."""
    sequence = cache(lambda k, n: stopping.interval(k, n, exact))
    once = cache(lambda k, n: tallies.interval(k, n, exact))
    looks, dice = rounds.looks(200), random.Random(11)
    wrong = {"sequence": 0, "fixed": 0}
    trials = 300
    for _ in range(trials):
        outcomes = [dice.random() < 0.9 for _ in range(looks[-1])]
        counts = [(sum(outcomes[:n]), n) for n in looks]
        for name, bounds in (("sequence", sequence), ("fixed", once)):
            wrong[name] += any(statistics.outcome(bounds(k, n), ">=", 0.9) == "met" for k, n in counts)
    stated = 1.0 - stopping.confidence_of(exact)
    assert wrong["sequence"] / trials <= stated + 2.6 * math.sqrt(stated * (1 - stated) / trials)
    assert wrong["fixed"] > 2 * wrong["sequence"]


def test_the_rounds_grow_and_end_with_the_last_prompt() -> None:
    looks = rounds.looks(500)
    assert (looks[0], looks[-1]) == (rounds.FIRST, 500)
    assert all(a < b for a, b in pairwise(looks))


def test_differences_hold_at_every_look() -> None:
    """Two arms alike: seldom does any look claim a difference."""
    dice, claimed, trials = random.Random(5), 0, 60
    for _ in range(trials):
        first, second = ([float(dice.random() < 0.7) for _ in range(120)] for _ in range(2))
        found = [stopping.difference(first[:n], second[:n]) for n in rounds.looks(120)]
        claimed += any(p <= 0.05 or bounds.low > 0 or bounds.high < 0 for bounds, p in found)
    assert claimed / trials <= 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / trials)
    bounds, p = stopping.difference([1.0] * 40, [0.0] * 40)
    assert bounds.low > 0.5
    assert p < 1e-6


def test_a_gap_of_two_samples_holds_at_every_look() -> None:
    """A technique that costs nothing, looked at after every round: the fixed interval claims a cost, or a gain, in far
    more measurings than it says."""
    sequence, once = cache(stopping.unpaired), cache(newcombe_unpaired)
    dice, trials = random.Random(3), 200
    wrong = {"sequence": 0, "fixed": 0}
    for _ in range(trials):
        unpushed, pushed = ([dice.random() < 0.8 for _ in range(120)] for _ in range(2))
        counts = [(sum(unpushed[:n]), n, sum(pushed[:n]), n) for n in rounds.looks(120)]
        for name, bounds in (("sequence", sequence), ("fixed", once)):
            wrong[name] += any(not low <= 0.0 <= high for low, high in (bounds(*found) for found in counts))
    assert wrong["sequence"] / trials <= 0.05
    assert wrong["fixed"] / trials > 0.1


def test_gaps_of_a_sequential_report_are_sequences(run: Run, stopped: Run, stopped_report: DiffReport) -> None:
    """Those of the same answers, had their number been fixed, are narrower: they would not hold."""
    pretended = replace(stopped, measured=run.measured)
    lines = [line for found in stopped_report.clauses for line in found.lines]
    plain = [line for found in compare(pretended).clauses for line in found.lines]
    gaps = [
        (ours, line.gaps[arm])
        for own, line in zip(lines, plain, strict=True)
        for arm, ours in own.gaps.items()
        if arm in line.gaps
    ]
    assert len(gaps) > 10
    for ours, fixed in gaps:
        assert ours.low <= ours.value <= ours.high
        assert ours.high - ours.low > fixed.high - fixed.low


def test_a_plan_says_how_few_probes_may_do() -> None:
    def unit(clause_id: str, aspect: Aspect, count: int) -> Unit:
        return Unit(
            id=f"{clause_id}/{aspect}",
            clause_ids=(clause_id,),
            generator="probes",
            purpose="probes",
            aspect=aspect,
            count=count,
            seed=1,
            prompts=PromptSource(bank=True),
        )

    units = [
        unit("refuse.a", "kept", 60),
        unit("refuse.a", "author", 4),  # one figure with those before
        unit("refuse.a", "pressure", 36),
        unit("refuse.a", "safe", 5),
        unit("refuse.a", "everyday", 20),  # no figure counts it beside look-alikes
        unit("refuse.b", "everyday", 20),
        unit("trait.c", "dialogue", 8),
        unit("facts", "kept", 100),
    ]
    assert rounds.fewest(["refuse.a", "refuse.b", "trait.c"], units) == 12 + 12 + 5 + 12 + 8 + 100


def test_how_few_may_do_is_what_the_first_rounds_ask(run: Run) -> None:
    """Read from the probes themselves: whole templates, where prompts have them, can only make it more."""
    counts = Counter((p.clause_id, p.aspect) for p in run.probes)
    units = [
        Unit.model_construct(clause_ids=(clause_id,), aspect=aspect, purpose="probes", count=count)
        for (clause_id, aspect), count in counts.items()
    ]
    few, first = rounds.fewest([c.id for c in run.program.clauses], units), len(plan_of(run).fixed)
    assert 0.9 * first <= few <= first < len(run.probes)
