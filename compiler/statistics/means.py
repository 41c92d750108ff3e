"""Means and their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from compiler.statistics.distributions import t_quantile
from compiler.statistics.intervals import Interval


def paired_mean(differences: Sequence[float], confidence: float = 0.95) -> tuple[float, Interval]:
    """Return the mean of paired differences with its t interval."""
    n = len(differences)
    if n == 0:
        return 0.0, Interval(-math.inf, math.inf)
    mean = math.fsum(differences) / n
    if n == 1:
        return mean, Interval(-math.inf, math.inf)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in differences) / (n - 1))
    half = t_quantile(0.5 + confidence / 2.0, n - 1) * deviation / math.sqrt(n)
    return mean, Interval(mean - half, mean + half)
