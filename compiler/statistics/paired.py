"""Two arms on the same prompts."""

from __future__ import annotations

import math
from typing import NamedTuple

from compiler.statistics.distributions import incomplete_beta
from compiler.statistics.intervals import Interval
from compiler.statistics.proportions import wilson


class Paired(NamedTuple):
    """Counts over prompts seen in both arms: kept in both, in the first only, in the second only, in neither."""

    both: int
    first: int
    second: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.first + self.second + self.neither

    @property
    def difference(self) -> float:
        """First arm's rate less the second's."""
        return (self.first - self.second) / self.n if self.n else 0.0


def newcombe_paired(pairs: Paired, confidence: float = 0.95) -> Interval:
    """Return the interval of a difference of paired proportions (Newcombe, Stat. Med. 17, 1998, method 10)."""
    n = pairs.n
    if n == 0:
        return Interval(-1.0, 1.0)
    a, b, c, d = pairs
    first, second = (a + b) / n, (a + c) / n
    low1, high1 = wilson(a + b, n, confidence)
    low2, high2 = wilson(a + c, n, confidence)
    product = float((a + b) * (c + d) * (a + c) * (b + d))
    cross = float(a * d - b * c)
    if cross > 0:
        cross = max(cross - n / 2.0, 0.0)
    phi = cross / math.sqrt(product) if product else 0.0
    under, over = first - low1, high2 - second
    below = math.sqrt(max(0.0, under**2 - 2.0 * phi * under * over + over**2))
    under, over = high1 - first, second - low2
    above = math.sqrt(max(0.0, under**2 - 2.0 * phi * under * over + over**2))
    difference = first - second
    return Interval(max(-1.0, difference - below), min(1.0, difference + above))


def mcnemar_exact(first_only: int, second_only: int) -> float:
    """Return the two-sided exact p-value (McNemar, Psychometrika 12, 1947): a fair coin over the discordant pairs."""
    n, fewer = first_only + second_only, min(first_only, second_only)
    if n == 0:
        return 1.0
    # P(X <= fewer) for a fair coin is an incomplete beta.
    return min(1.0, 2.0 * incomplete_beta(n - fewer, fewer + 1.0, 0.5))
