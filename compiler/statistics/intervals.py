"""What every interval is, and when one settles a verdict.

>>> outcome(Interval(0.91, 0.99), ">=", 0.90)
'met'
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

Comparison = Literal[">=", "<="]
Outcome = Literal["met", "missed", "unclear"]


class Interval(NamedTuple):
    low: float
    high: float


class Estimate(NamedTuple):
    """A figure with its interval. error: its standard error, in the figure's unit; degrees: of freedom, of a t."""

    value: float
    low: float
    high: float
    error: float
    degrees: float = math.inf

    @property
    def interval(self) -> Interval:
        return Interval(self.low, self.high)


def outcome(interval: Interval, comparison: Comparison, share: float) -> Outcome:
    """Return met when the whole interval is on the good side of the target, missed when none of it is.

    >>> outcome(Interval(0.91, 0.99), ">=", 0.90), outcome(Interval(0.0, 0.03), "<=", 0.02)
    ('met', 'unclear')
    """
    if comparison == ">=":
        if interval.low >= share:
            return "met"
        return "missed" if interval.high < share else "unclear"
    if interval.high <= share:
        return "met"
    return "missed" if interval.low > share else "unclear"


def more_to_settle(
    kept: float,
    n: float,
    comparison: Comparison,
    share: float,
    interval: Callable[[float, float], Interval],
    most: int = 100_000,
) -> int | None:
    """Return how many more prompts would settle the verdict if the measured rate stayed; None if `most` would not.

    >>> from compiler.statistics.proportions import clopper_pearson
    >>> more_to_settle(0, 100, "<=", 0.02, lambda k, n: clopper_pearson(k, n, sides="upper"))
    49
    """
    if n <= 0:
        return None
    rate = kept / n

    def settled(extra: int) -> bool:
        total = n + extra
        return outcome(interval(rate * total, total), comparison, share) != "unclear"

    if settled(0):
        return 0
    step = 1
    while not settled(step):
        step *= 2
        if step > most:
            return None
    low, high = step // 2, step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if settled(middle) else (middle, high)
    return high
