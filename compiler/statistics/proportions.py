"""One proportion: its interval, of independent and of clustered prompts, and the exact chance of a count."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist
from typing import Literal

from compiler.statistics.clusters import design_effect, grouped
from compiler.statistics.distributions import beta_quantile, incomplete_beta, t_quantile
from compiler.statistics.intervals import Comparison, Interval


def wilson(kept: float, n: float, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval (Wilson, JASA 22, 1927; form of Brown, Cai and DasGupta, Stat. Sci. 16, 2001)."""
    if n <= 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    rate = kept / n
    centre = (rate + z * z / (2.0 * n)) / (1.0 + z * z / n)
    half = z * math.sqrt(rate * (1.0 - rate) / n + z * z / (4.0 * n * n)) / (1.0 + z * z / n)
    # At the edges the exact value is the edge; rounding must not leave it a hair inside.
    low = 0.0 if kept <= 0 else max(0.0, centre - half)
    return Interval(low, 1.0 if kept >= n else min(1.0, centre + half))


def clopper_pearson(
    kept: float, n: float, confidence: float = 0.95, sides: Literal["both", "each", "lower", "upper"] = "both"
) -> Interval:
    """Return the exact binomial interval (Clopper and Pearson, Biometrika 26, 1934) as quantiles of beta.

    sides: `both` shares the error between the sides; `lower` and `upper` bound one side and leave the other open;
    `each` gives both one-sided bounds, each at the full confidence. Counts may be fractions (an effective sample).
    """
    if n <= 0:
        return Interval(0.0, 1.0)
    tail = (1.0 - confidence) / (2.0 if sides == "both" else 1.0)
    low = 0.0 if kept <= 0 or sides == "upper" else beta_quantile(tail, kept, n - kept + 1.0)
    high = 1.0 if kept >= n or sides == "lower" else beta_quantile(1.0 - tail, kept + 1.0, n - kept)
    return Interval(low, high)


def binomial_tail(kept: float, n: float, share: float, side: Comparison) -> float:
    """Return the exact chance of `kept` or more (`>=`), or `kept` or fewer (`<=`), of n at the given share."""
    if side == ">=":
        return 1.0 if kept <= 0 else incomplete_beta(kept, n - kept + 1.0, share)
    return 1.0 if kept >= n else 1.0 - incomplete_beta(kept + 1.0, n - kept, share)


def clustered_wilson(
    outcomes: Sequence[float], clusters: Sequence[Hashable], confidence: float = 0.95, icc: float = 0.0
) -> Interval:
    """Return Wilson's interval of the mean of 0 to 1 outcomes, one a prompt, where prompts come in sampled clusters.

    Wilson's formula at the effective sample size of Korn and Graubard (Survey Methodology 24, 1998): n over the design
    effect, times (t with n - 1 degrees / t with clusters - 1)^2, since the design effect is itself an estimate; at most
    n. Franco, Little, Louis and Slud (J. Surv. Stat. Methodol. 7, 2019) compare it with others. Where nearly all
    outcomes agree and clusters are very alike within, the few others may all lie in clusters that were not drawn: then
    it covers too little (benchmarks/coverage.py measures how much).

    Args:
        outcomes: for each prompt, the mean over its repeats; between 0 and 1.
        clusters: for each prompt, its cluster (its template).
        icc: the correlation within clusters that is assumed where all outcomes agree, which says nothing about it: at
            0 every prompt counts, at 1 every cluster counts once.

    Raises:
        ValueError: not one cluster a prompt.
    """
    n = _worth(outcomes, clusters, confidence, icc)
    return wilson(math.fsum(outcomes) / len(outcomes) * n if n else 0.0, n, confidence)


def korn_graubard(
    outcomes: Sequence[float],
    clusters: Sequence[Hashable],
    confidence: float = 0.95,
    sides: Literal["both", "each", "lower", "upper"] = "both",
    icc: float = 0.0,
) -> Interval:
    """Return the Clopper-Pearson interval at the effective sample size of Korn and Graubard (1998).

    For hard clauses with sampled clusters. Source, arguments, errors and weak regimes as `clustered_wilson`, which it
    is wider than; it is not exact, since the design effect is estimated.
    """
    n = _worth(outcomes, clusters, confidence, icc)
    return clopper_pearson(math.fsum(outcomes) / len(outcomes) * n if n else 0.0, n, confidence, sides)


def _worth(outcomes: Sequence[float], clusters: Sequence[Hashable], confidence: float, icc: float) -> float:
    n, groups = len(outcomes), len(set(clusters))
    if n < 2 or groups < 2:
        return float(min(n, groups))
    effect = design_effect(outcomes, clusters)
    if effect is None:
        sizes = [len(group) for group in grouped(outcomes, clusters)]
        effect = 1.0 + (math.fsum(size * size for size in sizes) / n - 1.0) * icc
        return n / effect
    place = 0.5 + confidence / 2.0
    return min(n, n / effect * (t_quantile(place, n - 1) / t_quantile(place, groups - 1)) ** 2)
