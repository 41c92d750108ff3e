"""Whether what must not change has not: two one-sided tests, where "no difference seen" is no answer.

In: two arms on the same prompts, and the margin within which a difference does not matter. Out: the difference, its
interval at 1 - 2 alpha, and the p-value of "it lies outside the margin". Stable at alpha: the p-value is at most alpha,
which is to say that the interval lies within the margin (Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987).

>>> tost_paired(Paired(180, 5, 5, 10), margin=0.05).stable, tost_paired(Paired(18, 1, 0, 1), margin=0.05).stable
(True, False)
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist
from typing import NamedTuple

from compiler.statistics.distributions import solve, t_tail
from compiler.statistics.intervals import Interval
from compiler.statistics.means import clustered_mean
from compiler.statistics.paired import Paired


class Equivalence(NamedTuple):
    """A paired difference (first less second, in the scores' unit), its interval at 1 - 2 alpha, and the test's p."""

    difference: float
    low: float
    high: float
    p: float
    stable: bool


def _check(margin: float) -> None:
    if margin <= 0.0:
        raise ValueError(f"the margin must be above 0, not {margin}")


def tango_score(pairs: Paired, difference: float, worth: float | None = None) -> float:
    """Return the score statistic of the true difference of paired proportions being `difference`; standard normal.

    Tango (Stat. Med. 17, 1998): the second-only share is at its constrained maximum likelihood. At 0
    it is McNemar's. worth: as `newcombe_paired`.
    """
    _, b, c, _ = counts = pairs.weighed(worth)
    n = sum(counts)
    linear = -(b + c) + (2 * n - b + c) * difference
    constant = -c * difference * (1.0 - difference)
    share = (math.sqrt(max(0.0, linear * linear - 8.0 * n * constant)) - linear) / (4.0 * n)
    variance = n * (2.0 * share + difference * (1.0 - difference))
    off = b - c - n * difference
    if variance <= 0.0:
        return math.copysign(math.inf, off) if off else 0.0
    return off / math.sqrt(variance)


def tango(pairs: Paired, confidence: float = 0.95, worth: float | None = None) -> Interval:
    """Return the score interval of a difference of paired proportions (Tango, Stat. Med. 17, 1998).

    worth: as `newcombe_paired`.
    """
    if not pairs.n:
        return Interval(-1.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    low = solve(lambda at: -tango_score(pairs, at, worth), -z, -1.0, pairs.difference)
    return Interval(low, solve(lambda at: -tango_score(pairs, at, worth), z, pairs.difference, 1.0))


def tost_paired(pairs: Paired, margin: float, alpha: float = 0.05) -> Equivalence:
    """Test whether two arms' rates on the same prompts differ by less than `margin` (a share: 0.05 is five points).

    Tango's score test at both ends of the margin. Without a prompt, p is 1. ValueError: the margin is not above 0.
    """
    _check(margin)
    if not pairs.n:
        return Equivalence(0.0, -1.0, 1.0, 1.0, False)
    normal = NormalDist()
    p = max(normal.cdf(-tango_score(pairs, -margin)), normal.cdf(tango_score(pairs, margin)))
    return Equivalence(pairs.difference, *tango(pairs, 1.0 - 2.0 * alpha), p, p <= alpha)


def tost_mean(
    differences: Sequence[float], margin: float, clusters: Sequence[Hashable] | None = None, alpha: float = 0.05
) -> Equivalence:
    """Test whether the mean paired difference lies within `margin` of 0, in the scores' unit; t tests at both ends.

    Cluster-robust as `clustered_mean`, whose errors it raises. ValueError: the margin is not above 0.
    """
    _check(margin)
    mean, low, high, error, degrees = clustered_mean(differences, clusters, 1.0 - 2.0 * alpha)
    if math.isinf(error):
        return Equivalence(mean, low, high, 1.0, False)
    if error == 0.0:
        p = 0.0 if abs(mean) < margin else 1.0
    else:
        p = max(t_tail((mean + margin) / error, degrees), t_tail((margin - mean) / error, degrees))
    return Equivalence(mean, low, high, p, p <= alpha)
