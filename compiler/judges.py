"""Whether a judge has shown that it can tell: without that, what it says settles no verdict.

In: calibrations (how often the judge was right on labelled answers) and a rate that it decided. Out: why the rate
settles nothing, or None where it does. This file must not know clauses or how a judge is asked.

A judge may be right about one model and wrong about another, so it is calibrated arm by arm: an arm's own labels decide
where there are enough of them; else they count together with labels of answers that no arm gave.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from compiler import statistics
from compiler.records.figures import Comparison, Rate, Verdict
from compiler.records.measured import Calibration
from compiler.records.record import Arm
from compiler.statistics import Interval, outcome

LABELLED = 20
"""Labelled answers of each sort, kept and broken, below which a judge counts as uncalibrated."""
BAR = 0.8
"""A judge has to be right on more than this share of each sort."""


def doubt(
    calibrations: Sequence[Calibration], rate: Rate, comparison: Comparison, share: float, exact: bool = False
) -> str | None:
    """Return why a judge with these calibrations cannot decide `rate` against the target, or None where it can.

    Three tests, in this order: there are labels enough, the judge passes the bar on both sorts, and the verdict stays
    the same when the interval allows for the judge's errors.
    """
    if (why := fault(calibrations, rate.arm)) is not None:
        return why
    bounds = allowing(calibrations, rate, comparison, exact)
    if rate.verdict != "unclear" and outcome(bounds, comparison, share) != rate.verdict:
        return "the errors that its judge is known to make could turn it"
    return None


def allowing(calibrations: Sequence[Calibration], rate: Rate, comparison: Comparison, exact: bool = False) -> Interval:
    """Return an interval that holds the truth and not only what the judge says: it allows for the judge's errors.

    How often the judge is right is itself known from some labels alone. The share is freed from errors as Rogan and
    Gladen do (Am. J. Epidemiol. 107, 1978); its limits take those of the judge's share and the exact limits of its two
    rates together by the method of variance estimates recovery (Zou and Donner, Stat. Med. 27, 2008). What the judge
    says stays inside. exact: 95% on each side, else 97.5%. The judge has to have labels of both sorts.
    """
    judge = _for_arm(calibrations, rate.arm)
    kept = sum(c.kept_right for c in judge), sum(c.kept for c in judge)
    broken = sum(c.broken_right for c in judge), sum(c.broken for c in judge)
    # The target may speak of what breaks the clause: seeing that is the judge's other side.
    seen, left = (kept, broken) if comparison == ">=" else (broken, kept)
    sides: Literal["each", "both"] = "each" if exact else "both"
    (sees, seen_within), (leaves, left_within) = (
        (right / of, statistics.clopper_pearson(right, of, sides=sides)) for right, of in (seen, left)
    )
    value = _freed(rate.share, sees, leaves)
    ends = (
        [_freed(end, sees, leaves) for end in (rate.low, rate.high)],
        [_freed(rate.share, end, leaves) for end in seen_within],
        [_freed(rate.share, sees, end) for end in left_within],
    )
    below = math.hypot(*(value - min(value, *pair) for pair in ends))
    above = math.hypot(*(max(value, *pair) - value for pair in ends))
    return Interval(max(0.0, min(rate.low, value - below)), min(1.0, max(rate.high, value + above)))


def _freed(share: float, sensitivity: float, specificity: float) -> float:
    """The share of which a judge with these rates reports `share`; no bound where it is no better than a coin."""
    better = sensitivity + specificity - 1.0
    return (share + specificity - 1.0) / better if better > 0.0 else math.inf


def fault(calibrations: Sequence[Calibration], arm: Arm | None) -> str | None:
    """Return why the judge is not calibrated for this arm's answers: too few labels, or too many errors."""
    judge = _for_arm(calibrations, arm)
    kept, broken = sum(c.kept for c in judge), sum(c.broken for c in judge)
    if min(kept, broken) < LABELLED:
        seen = f"only {kept} good and {broken} bad labelled answers" if kept or broken else "no labelled answer"
        return f"its judge is uncalibrated: checked on {seen}, where {LABELLED} of each are needed"
    kept_right, broken_right = sum(c.kept_right for c in judge), sum(c.broken_right for c in judge)
    if min(kept_right / kept, broken_right / broken) <= BAR:
        return (
            f"its judge was right on {kept_right} of {kept} good and {broken_right} of {broken} bad labelled answers, "
            f"where more than {BAR:.0%} of each are needed"
        )
    return None


def _for_arm(calibrations: Sequence[Calibration], arm: Arm | None) -> list[Calibration]:
    judge = [c for c in calibrations if c.what == "judge" and c.arm in (None, arm)]
    own = [c for c in judge if c.arm is not None]
    enough = min(sum(c.kept for c in own), sum(c.broken for c in own)) >= LABELLED
    return own if enough else judge


def hopeless(
    calibrations: Sequence[Calibration], arm: Arm, comparison: Comparison, share: float, exact: bool = False
) -> bool:
    """Whether no number of answers would settle a verdict by this judge: it is in doubt though a rate were certain."""
    above: Verdict = "met" if comparison == ">=" else "missed"
    below: Verdict = "missed" if comparison == ">=" else "met"
    certain = [
        Rate(arm=arm, count=at, n=1, effective_n=1.0, share=at, low=at, high=at, verdict=verdict)
        for at, verdict in ((1.0, above), (0.0, below))
    ]
    return all(doubt(calibrations, rate, comparison, share, exact) is not None for rate in certain)
