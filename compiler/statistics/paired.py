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

    def weighed(self, worth: float | None) -> tuple[float, float, float, float]:
        """The counts as if there were `worth` independent prompts; as they are for None."""
        scale = 1.0 if worth is None or not self.n else worth / self.n
        return self.both * scale, self.first * scale, self.second * scale, self.neither * scale


def newcombe_paired(pairs: Paired, confidence: float = 0.95, worth: float | None = None) -> Interval:
    """Return the interval of a difference of paired proportions (Newcombe, Stat. Med. 17, 1998, method 10).

    worth: how many independent prompts they are worth (`effective_n` of each prompt's difference), where they come in
    clusters.
    """
    if not pairs.n:
        return Interval(-1.0, 1.0)
    a, b, c, d = pairs.weighed(worth)
    n = a + b + c + d
    first, second = (a + b) / n, (a + c) / n
    low1, high1 = wilson(a + b, n, confidence)
    low2, high2 = wilson(a + c, n, confidence)
    product = (a + b) * (c + d) * (a + c) * (b + d)
    cross = a * d - b * c
    if cross > 0:
        cross = max(cross - n / 2.0, 0.0)
    phi = cross / math.sqrt(product) if product else 0.0
    under, over = first - low1, high2 - second
    below = math.sqrt(max(0.0, under**2 - 2.0 * phi * under * over + over**2))
    under, over = high1 - first, second - low2
    above = math.sqrt(max(0.0, under**2 - 2.0 * phi * under * over + over**2))
    difference = first - second
    return Interval(max(-1.0, difference - below), min(1.0, difference + above))


def mcnemar_exact(first_only: float, second_only: float) -> float:
    """Return the two-sided exact p-value (McNemar, Psychometrika 12, 1947): a fair coin over the discordant pairs.

    Of prompts in clusters, what the pairs are worth: then they are no whole numbers.
    """
    n, fewer = first_only + second_only, min(first_only, second_only)
    if n == 0:
        return 1.0
    # P(X <= fewer) for a fair coin is an incomplete beta.
    return min(1.0, 2.0 * incomplete_beta(n - fewer, fewer + 1.0, 0.5))
