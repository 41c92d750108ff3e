"""How long a clause is kept in a dialogue, and what a technique costs beside the unpushed clause."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from compiler import over_turns, tallies
from compiler.records.behaviour import Survival
from compiler.records.measured import Measurement
from compiler.records.record import Message
from compiler.records.rows import Probe
from compiler.runs import Run
from compiler.statistics.correlation import spearman
from compiler.statistics.unpaired import newcombe_unpaired
from compiler.verdicts import compare

CLAUSE = "trait.warm"


def dialogue(number: int, turns: int) -> Probe:
    asks = [Message(role="user", content=f"{number}, {turn}?") for turn in range(turns)]
    messages = tuple(m for ask in asks for m in (ask, Message(role="assistant", content="")))[:-1]
    decides = tuple(range(1, turns + 1))
    return Probe(
        id=f"d-{number}", clause_id=CLAUSE, messages=messages, checks=(), aspect="dialogue", decides=decides, unit="u"
    )


def survival(*outcomes: Sequence[bool | None]) -> Survival:
    probes = [dialogue(number, len(turns)) for number, turns in enumerate(outcomes)]
    answers = {
        (probe.id, "adapter"): Measurement(
            probe_id=probe.id, arm="adapter", answer="x", held={}, turns={CLAUSE: tuple(turns)}
        )
        for probe, turns in zip(probes, outcomes, strict=True)
    }
    (found,) = over_turns.measure([CLAUSE], probes, answers, ["adapter"])  # type: ignore[arg-type]  # mypy widens the literal
    return found


def test_the_first_break_counts_and_not_what_comes_after() -> None:
    found = survival([True, False, True, False], [True] * 4, [True] * 4, [True, True, True, False])
    assert [(step.turn, step.at_risk, step.broke, step.share) for step in found.steps] == [
        (1, 4, 0, 1.0),
        (2, 4, 1, 0.75),
        (3, 3, 0, 0.75),
        (4, 3, 1, 0.5),
    ]
    assert found.half_life == 4
    assert found.restricted_mean == (1 + 4 + 4 + 3) / 4, "turns before the first break, or all"
    assert all(step.low <= step.share <= step.high for step in found.steps)


def test_a_dialogue_that_grew_too_long_is_censored_where_it_was_last_seen() -> None:
    found = survival([True, None, None, None], [True, True, True, False], [True] * 4)
    # After the first turn two are watched, so the one break at the fourth turn halves the curve.
    assert [(step.at_risk, step.share) for step in found.steps] == [(3, 1.0), (2, 1.0), (2, 1.0), (2, 0.5)]


def test_no_break_is_no_certainty() -> None:
    found = survival(*[[True] * 3] * 8)
    assert found.half_life is None
    assert found.restricted_mean == 3.0
    # Zero breaks in eight: the exact 97.5% bound leaves 0.369 that may break.
    assert {round(step.low, 3) for step in found.steps} == {round(1 - 0.369417, 3)}


def test_all_broken_at_once_leaves_an_interval() -> None:
    found = survival(*[[False] * 3] * 8)
    assert (found.half_life, found.restricted_mean) == (1, 0.0)
    assert [(step.share, step.low, round(step.high, 3)) for step in found.steps] == [(0.0, 0.0, 0.369)]


def test_turns_between_that_decide_nothing_are_no_breaks() -> None:
    found = survival([None, True, None, True], [None, False, None, True])
    assert [(step.turn, step.broke) for step in found.steps] == [(1, 0), (2, 1), (3, 0), (4, 0)]


def test_a_dialogue_counts_for_no_rate(run: Run) -> None:
    plain = tallies.decided_by("trait.pirate", run.probes)
    more = (
        *run.probes,
        dialogue(0, 3).model_copy(update={"clause_id": "trait.pirate", "measures": ("forbid.canned",)}),
    )
    assert tallies.decided_by("trait.pirate", more) == plain
    assert tallies.decided_by("forbid.canned", more) == tallies.decided_by("forbid.canned", run.probes)


# ------------------------------------------------------------------ what a push costs


def test_the_gap_of_a_technique_is_the_share_lost_to_it(run: Run) -> None:
    pushed = {p.id for p in run.probes if p.clause_id == "trait.pirate" and p.pressure == "authority"}

    def broken(m: Measurement) -> Measurement:
        return m.model_copy(update={"held": m.held | {"trait.pirate": False}}) if m.probe_id in pushed else m

    report = compare(
        Run(**{**{f: getattr(run, f) for f in run.__slots__}, "measurements": tuple(map(broken, run.measurements))})
    )
    row = next(row for row in report.clauses if row.id == "trait.pirate")
    gaps = {line.label: line.gaps["adapter"] for line in row.lines if line.aspect == "pressure"}
    unpushed = next(rate for rate in row.rates if rate.arm == "adapter").share
    assert gaps["authority"].value == pytest.approx(unpushed)
    assert gaps["authority"].low > 0.5
    assert abs(gaps["insistence"].value) < 0.3
    # Trained techniques are told from those that no row holds.
    assert {line.label: line.trained for line in row.lines if line.aspect == "pressure"}["authority"] is True


def test_newcombes_own_examples() -> None:
    # Newcombe (1998), Table II, method 10.
    for counts, low, high in (((9, 10, 3, 10), 0.1705, 0.8090), ((10, 10, 0, 20), 0.6791, 1.0000)):
        limits = newcombe_unpaired(*counts)
        assert (round(limits.low, 4), round(limits.high, 4)) == (low, high)


def test_spearman_is_scipys_and_its_interval_covers() -> None:
    import numpy as np
    from scipy.stats import spearmanr

    dice = np.random.default_rng(3)
    first, second = dice.integers(0, 6, 40), dice.integers(0, 6, 40)
    assert spearman(list(first), list(second))[0] == pytest.approx(spearmanr(first, second).statistic)
    covered, wanted = 0, 6 / np.pi * np.arcsin(0.6 / 2)  # of a normal pair with r = 0.6
    for _ in range(1000):
        one, noise = dice.standard_normal((2, 40))
        bounds = spearman(list(one), list(0.6 * one + 0.8 * noise))[1]
        covered += bounds.low <= wanted <= bounds.high
    assert 0.93 <= covered / 1000 <= 0.97
