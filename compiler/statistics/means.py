"""Means and their intervals.

In: numbers, one a prompt (for two arms on the same prompts, their differences). Out: the mean and its t interval.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from compiler.statistics.clusters import grouped
from compiler.statistics.distributions import t_quantile
from compiler.statistics.intervals import Estimate, Interval


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


def clustered_mean(
    values: Sequence[float], clusters: Sequence[Hashable] | None = None, confidence: float = 0.95
) -> Estimate:
    """Return the mean of values that come in sampled clusters, with its cluster-robust t interval.

    The variance is CR2, the degrees of freedom are Satterthwaite's (Bell and McCaffrey, Survey Methodology 28, 2002;
    Pustejovsky and Tipton, J. Bus. Econ. Stat. 36, 2018). For a mean both have closed forms: with n_g values of n in
    cluster g, whose residuals sum to e_g, v_g = n_g^2 / (1 - n_g / n),

        variance = sum_g e_g^2 / (1 - n_g / n) / n^2
        degrees  = n^2 / (sum_g n_g^2 + ((sum_g v_g)^2 - sum_g v_g^2) / n^2)

    which for clusters of one size are CR1 and clusters - 1, and for clusters of one value the ordinary t interval.
    Values may be paired differences. With fewer than two clusters the interval is the whole line.

    Args:
        values: one a prompt, in any unit; mean, interval and error have the same.
        clusters: for each value, its cluster (its template); None: every value is its own.

    Raises:
        ValueError: no values, or not one cluster a value.

    >>> round(clustered_mean([0.1, 0.2, 0.8, 0.9], ["a", "a", "b", "b"]).low, 2)   # two clusters, not four values
    -3.95
    """
    n = len(values)
    if n == 0:
        raise ValueError("a mean needs at least one value")
    groups = [[value] for value in values] if clusters is None else grouped(values, clusters)
    mean = math.fsum(values) / n
    if len(groups) < 2:
        return Estimate(mean, -math.inf, math.inf, math.inf, 0.0)
    variance = math.fsum(math.fsum(value - mean for value in g) ** 2 / (1.0 - len(g) / n) for g in groups) / (n * n)
    weights = [len(g) ** 2 / (1.0 - len(g) / n) for g in groups]
    across = math.fsum(weights) ** 2 - math.fsum(weight * weight for weight in weights)
    degrees = n * n / (math.fsum(len(g) ** 2 for g in groups) + across / (n * n))
    error = math.sqrt(variance)
    half = t_quantile(0.5 + confidence / 2.0, degrees) * error
    return Estimate(mean, mean - half, mean + half, error, degrees)
