"""The arithmetic behind a verdict: intervals, paired tests, corrections, and how much more would settle it.

In: counts. Out: intervals and probabilities. The unit is the prompt: whoever calls has averaged repeats already.
Everything is a short formula over `math`, so that reading a report loads no numeric library; the tests compare each
with SciPy or statsmodels. This file must not know clauses, targets' origins or files.

>>> tuple(round(limit, 3) for limit in wilson(97, 100))
(0.915, 0.99)
>>> round(clopper_pearson(0, 100, sides="upper").high, 4)   # zero of a hundred still allows this much
0.0295
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple

Comparison = Literal[">=", "<="]
Outcome = Literal["met", "missed", "unclear"]


class Interval(NamedTuple):
    low: float
    high: float


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


# ------------------------------------------------------------------ the incomplete beta function


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b).

    The continued fraction of DLMF 8.17.22, evaluated by Lentz's method (Thompson and Barnett, J. Comput. Phys. 64,
    1986); the symmetry I_x(a, b) = 1 - I_{1-x}(b, a) keeps x where the fraction converges fast.
    """
    if x <= 0.0 or x >= 1.0:
        return float(x > 0.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    tiny = 1e-300
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x) - math.log(a)
    )
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    fraction = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + term / c
            c = c if abs(c) > tiny else tiny
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return front * fraction


def _solve(increasing: Callable[[float], float], value: float, low: float, high: float) -> float:
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if increasing(middle) < value:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return x with I_x(a, b) = probability."""
    return _solve(lambda x: incomplete_beta(a, b, x), probability, 0.0, 1.0)


def t_quantile(probability: float, degrees: float) -> float:
    """Return the quantile of Student's t; its distribution function is an incomplete beta (DLMF 8.17, A&S 26.7.1)."""
    if probability < 0.5:
        return -t_quantile(1.0 - probability, degrees)
    tail = 2.0 * (1.0 - probability)
    x = beta_quantile(tail, degrees / 2.0, 0.5)
    return math.inf if x <= 0.0 else math.sqrt(degrees * (1.0 - x) / x)


# ------------------------------------------------------------------ one proportion


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


def without_judge_errors(share: float, sensitivity: float, specificity: float) -> float:
    """Return the share that a judge with these error rates would have reported as `share`.

    Rogan and Gladen (Am. J. Epidemiol. 107, 1978), held within 0 and 1. sensitivity: how much of what counts toward the
    share the judge sees; specificity: how much of the rest it leaves out. Their sum must exceed 1.

    >>> round(without_judge_errors(0.94, 1.0, 0.6), 2)   # a lenient judge: 0.94 seen, 0.90 there
    0.9
    """
    return min(1.0, max(0.0, (share + specificity - 1.0) / (sensitivity + specificity - 1.0)))


FEWEST_CLUSTERS = 8


def effective_n(outcomes: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """Return how many independent prompts these are worth, given that those of one cluster resemble each other.

    n divided by the design effect: the variance of the mean with clusters (linearised, as in Korn and Graubard,
    Survey Methodology 24, 1998) over the variance without. Never more than n. Where all outcomes agree, the data cannot
    say, and n is returned; so it is below `FEWEST_CLUSTERS`, where clusters are the topics that a spec names, all of
    them, and no sample of topics (and where the variance between them could hardly be estimated).
    """
    n = len(outcomes)
    sums: dict[Hashable, list[float]] = defaultdict(list)
    for outcome, cluster in zip(outcomes, clusters, strict=True):
        sums[cluster].append(outcome)
    groups = len(sums)
    mean = sum(outcomes) / n if n else 0.0
    simple = sum((outcome - mean) ** 2 for outcome in outcomes) / n if n else 0.0
    if groups < FEWEST_CLUSTERS or groups == n or simple == 0.0:
        return float(n)
    spread = sum(sum(outcome - mean for outcome in group) ** 2 for group in sums.values())
    clustered = groups / (groups - 1.0) * spread / (n * n)
    effect = clustered / (simple / (n - 1.0)) if n > 1 else 1.0
    return n / max(1.0, effect)


# ------------------------------------------------------------------ two arms on the same prompts


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


# ------------------------------------------------------------------ many clauses at once


def holm(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values that bound the chance of any false finding (Holm, Scand. J. Stat. 6, 1979)."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, running = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        running = max(running, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = running
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values that bound the share of false findings (Benjamini and Hochberg, JRSS B 57, 1995)."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    adjusted, running = [0.0] * len(p_values), 1.0
    for place, index in enumerate(order):
        running = min(running, p_values[index] * len(p_values) / (len(p_values) - place))
        adjusted[index] = running
    return adjusted


def binomial_tail(kept: float, n: float, share: float, side: Comparison) -> float:
    """Return the exact chance of `kept` or more (`>=`), or `kept` or fewer (`<=`), of n at the given share."""
    if side == ">=":
        return 1.0 if kept <= 0 else incomplete_beta(kept, n - kept + 1.0, share)
    return 1.0 if kept >= n else 1.0 - incomplete_beta(kept + 1.0, n - kept, share)


# ------------------------------------------------------------------ the verdict


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
