"""How long something lasts: turns until the persona first breaks, where many a conversation ends unbroken.

In: for each conversation, how many turns it went and whether it broke there (else it was censored). Out: the
Kaplan-Meier curve, the half-life, the mean number of unbroken turns up to a horizon, and the log-rank test between
arms. The unit is the conversation; time is in turns or in any other unit. This file must not know what a break is.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

from compiler.statistics.intervals import Estimate


class Lasted(NamedTuple):
    """A conversation: up to which time it was watched, and whether it broke then."""

    time: float
    broke: bool


class Step(NamedTuple):
    """The curve from `time` on: how many were watched until then, how many broke, the share unbroken, its interval."""

    time: float
    at_risk: int
    broke: int
    share: float
    low: float
    high: float


def kaplan_meier(lives: Sequence[Lasted], confidence: float = 0.95) -> list[Step]:
    """Return the share unbroken after each time at which one broke (Kaplan and Meier, JASA 53, 1958).

    The interval at each time is Greenwood's on the log(-log) scale (Kalbfleisch and Prentice, The Statistical Analysis
    of Failure Time Data, 2002, section 1.4), which stays within 0 and 1; where all have broken it is 0 to 0 by formula
    and is given as 0 to the last step's limit. Before the first break the share is 1.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    steps: list[Step] = []
    share, greenwood, last_high = 1.0, 0.0, 1.0
    for time, at_risk, broke in _breaks(lives):
        share *= 1.0 - broke / at_risk
        if share > 0.0:
            greenwood += broke / (at_risk * (at_risk - broke))
            half = z * math.sqrt(greenwood) / abs(math.log(share))
            low, last_high = share ** math.exp(half), share ** math.exp(-half)
        else:
            low = 0.0
        steps.append(Step(time, at_risk, broke, share, low, last_high))
    return steps


def _breaks(lives: Sequence[Lasted]) -> list[tuple[float, int, int]]:
    """(time, at risk, broke) for each time with a break; a life censored at that time was still at risk."""
    if any(life.time < 0 for life in lives):
        raise ValueError("times must not be below 0")
    ends, broken = sorted(life.time for life in lives), Counter(life.time for life in lives if life.broke)
    return [(time, len(ends) - bisect_left(ends, time), broken[time]) for time in sorted(broken)]


class HalfLife(NamedTuple):
    """The first time by which half have broken; None where the curve, or a limit of its interval, never gets there."""

    value: float | None
    low: float | None
    high: float | None


def half_life(lives: Sequence[Lasted], confidence: float = 0.95) -> HalfLife:
    """Return the median time to the first break.

    Its interval: all times at which the curve's own interval holds one half (Brookmeyer and Crowley, Biometrics 38,
    1982, on the log(-log) scale). None for `value` says that more than half outlasted what was watched.
    """
    steps = kaplan_meier(lives, confidence)

    def first(limits: Sequence[float]) -> float | None:
        return next((step.time for step, limit in zip(steps, limits, strict=True) if limit <= 0.5), None)

    return HalfLife(*(first([getattr(step, name) for step in steps]) for name in ("share", "low", "high")))


def restricted_mean(lives: Sequence[Lasted], horizon: float, confidence: float = 0.95) -> Estimate:
    """Return the mean time unbroken up to `horizon`: the area under the curve.

    Royston and Parmar (Stat. Med. 30, 2011). The variance is Greenwood's, times m / (m - 1) with m breaks up to the
    horizon (Klein and Moeschberger, Survival Analysis, 2003, equation 4.5.2, and the remark on bias below it). With
    fewer than two breaks the variance cannot be told, and the interval is 0 to horizon. Below some 30 conversations, or
    with a curve near the horizon's own value, the interval covers too little.

    Raises:
        ValueError: no lives, the horizon is not above 0, or nobody was watched that long although some were unbroken
            when watching ended (the area would be a guess).
    """
    if not lives or horizon <= 0.0:
        raise ValueError("a restricted mean needs lives and a horizon above 0")
    longest = max(lives, key=lambda life: (life.time, not life.broke))
    if longest.time < horizon and not longest.broke:
        raise ValueError(f"nobody was watched up to {horizon:g}: the longest ended at {longest.time:g}")
    breaks = [row for row in _breaks(lives) if row[0] < horizon]
    edges = [0.0, *(time for time, _, _ in breaks), horizon]
    shares = [1.0]
    for _, at_risk, broke in breaks:
        shares.append(shares[-1] * (1.0 - broke / at_risk))
    areas = [share * (end - start) for share, start, end in zip(shares, edges, edges[1:], strict=False)]
    mean = math.fsum(areas)
    variance = math.fsum(
        math.fsum(areas[place + 1 :]) ** 2 * broke / (at_risk * (at_risk - broke))
        for place, (_, at_risk, broke) in enumerate(breaks)
        if broke < at_risk
    )
    events = sum(broke for _, _, broke in breaks)
    if events < 2:
        return Estimate(mean, 0.0, horizon, math.inf)
    error = math.sqrt(variance * events / (events - 1.0))
    half = NormalDist().inv_cdf(0.5 + confidence / 2.0) * error
    return Estimate(mean, max(0.0, mean - half), min(horizon, mean + half), error)


def log_rank(first: Sequence[Lasted], second: Sequence[Lasted]) -> float:
    """Return the two-sided p-value of two arms breaking at the same rate at all times.

    Mantel (Cancer Chemother. Rep. 50, 1966), with the hypergeometric variance; chi-squared with one degree, which is
    close from about ten breaks on. The arms' conversations are taken as independent. 1 without a break.
    """
    expected = variance = 0.0
    for time, at_risk, broke in _breaks([*first, *second]):
        here = sum(life.time >= time for life in first)
        expected += broke * here / at_risk
        if at_risk > 1:
            there = at_risk - here
            variance += broke * here * there * (at_risk - broke) / (at_risk * at_risk * (at_risk - 1.0))
    if variance <= 0.0:
        return 1.0
    excess = sum(life.broke for life in first) - expected
    return math.erfc(abs(excess) / math.sqrt(2.0 * variance))
