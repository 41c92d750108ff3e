"""Rank correlation: whether one number goes up with another.

In: pairs of numbers, one pair a prompt. Out: Spearman's coefficient and its interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from compiler.statistics.intervals import Interval

FEWEST = 10
"""Pairs below which the interval is the whole line from -1 to 1."""


def spearman(first: Sequence[float], second: Sequence[float], confidence: float = 0.95) -> tuple[float, Interval]:
    """Return Spearman's rank correlation, ties at their mean rank, and its interval.

    The interval is Fisher's on the z scale with the variance (1 + r^2 / 2) / (n - 3) (Bonett and Wright, Psychometrika
    65, 2000). Without variation in one of the two the coefficient is 0 and the interval the whole line.

    Raises:
        ValueError: the two are not of one length.

    >>> round(spearman([1, 2, 3, 4], [10, 20, 40, 30])[0], 2)
    0.8
    """
    n = len(first)
    if n != len(second):
        raise ValueError("a correlation needs pairs")
    whole = Interval(-1.0, 1.0)
    if n < 2:
        return 0.0, whole
    one, other = _ranks(first), _ranks(second)
    middle = (n + 1) / 2.0
    covariance = math.fsum((a - middle) * (b - middle) for a, b in zip(one, other, strict=True))
    spread = math.sqrt(math.fsum((a - middle) ** 2 for a in one) * math.fsum((b - middle) ** 2 for b in other))
    if spread == 0.0:
        return 0.0, whole
    value = max(-1.0, min(1.0, covariance / spread))
    if n < FEWEST or abs(value) == 1.0:
        return value, whole
    half = NormalDist().inv_cdf(0.5 + confidence / 2.0) * math.sqrt((1.0 + value * value / 2.0) / (n - 3.0))
    middle = math.atanh(value)
    return value, Interval(math.tanh(middle - half), math.tanh(middle + half))


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=lambda place: values[place])
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = (start + end) / 2.0 + 1.0
        start = end + 1
    return ranks
