"""Intervals of a measuring that stops when its verdicts stand.

In: outcomes of units (`rounds.py` says what a unit is). Out: intervals, differences and p-values that hold at every
look at once, so that stopping where one looks good is no trick. All of them rest on the beta-binomial mixture of
`statistics.sequential` with Beta(1/2, 1/2), which favours no target: a unit's mean may be a fraction, and the bounds
hold. What is assumed: given what was asked before, each unit is as likely to keep the clause as the others of its
figure. Where that is not so (a forbid rides along on other clauses' prompts), the verdict speaks of the average over
the units that were asked. This file must not know clauses or probes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from compiler.statistics import Comparison, Interval
from compiler.statistics.sequential import beta_binomial, evidence

NO_FAVOUR = (0.5, 0.5)
SIDES: tuple[Comparison, ...] = (">=", "<=")


def confidence_of(exact: bool) -> float:
    """The confidence of each side: what a fixed measuring's intervals have, 95% on each side of hard clauses, else
    97.5%."""
    return 0.95 if exact else 0.975


@lru_cache(maxsize=1 << 16)
def interval(count: float, n: float, exact: bool) -> Interval:
    """Return the bounds of a share after n units whose outcomes sum to `count`, valid at every n at once.

    Kept, since rounds ask for those of every figure, and most have not changed since the last one.

    >>> [round(limit, 3) for limit in interval(36, 36, exact=True)]   # 36 of 36 settle a hard clause at 90%
    [0.9, 1.0]
    """
    return beta_binomial(min(count, n), n, confidence_of(exact), *NO_FAVOUR, sides="each")


def p_value(count: float, n: float, share: float, comparison: Comparison) -> float:
    """Return the p-value, valid at every n at once, of a share this good or better where the truth is at the target:
    one over the e-value (Vovk and Wang, Ann. Stat. 49, 2021)."""
    return min(1.0, 1.0 / evidence(min(count, n), n, comparison, share, *NO_FAVOUR))


def progress(count: float, n: float, share: float, exact: bool) -> float:
    """Return which part of the evidence that a verdict needs is there, in logarithms: 1 settles it, 0 is none.

    >>> round(progress(18, 18, 0.9, exact=True), 2), progress(0, 0, 0.9, exact=True)
    (0.47, 0.0)
    """
    best = max(evidence(min(count, n), n, side, share, *NO_FAVOUR) for side in SIDES)
    return math.log(max(best, 1.0)) / -math.log(1.0 - confidence_of(exact))


def difference(first: Sequence[float], second: Sequence[float]) -> tuple[Interval, float]:
    """Return the bounds of the mean difference of two arms on the same units, and the p-value of none, at every n.

    The bounds are the two arms' own: of the four (two to a side), each has a quarter of the 5%. The p-value is
    McNemar's as a sequence: each unit on which the arms differ is a fair coin's throw where neither is better, and the
    e-values of both sides are averaged.

    >>> bounds, p = difference([1.0] * 40, [0.0] * 40)
    >>> round(bounds.low, 2), p < 1e-6
    (0.75, True)
    """
    n = len(first)
    bounds = unpaired(math.fsum(first), n, math.fsum(second), n)
    better = sum(a > b for a, b in zip(first, second, strict=True))
    worse = sum(a < b for a, b in zip(first, second, strict=True))
    both = [evidence(better, better + worse, side, 0.5, *NO_FAVOUR) for side in SIDES]
    return bounds, min(1.0, 2.0 / sum(both))


def unpaired(count: float, n: float, other_count: float, other_n: float) -> Interval:
    """Return the bounds of the first share less the other, of two samples, valid at every pair of sizes at once.

    Each share has its own sequence, and of their four bounds each has a quarter of the 5%: whenever either sample is
    looked at, the chance that one of the four was ever wrong is at most 5%.

    >>> [round(limit, 2) for limit in unpaired(36, 36, 2, 4)]   # 36 of 36 unpushed, 2 of 4 under a technique
    [-0.12, 0.98]
    """
    one, other = (
        beta_binomial(min(total, size), size, 1.0 - 0.05 / 4.0, *NO_FAVOUR, sides="each")
        for total, size in ((count, n), (other_count, other_n))
    )
    return Interval(one.low - other.high, one.high - other.low)
