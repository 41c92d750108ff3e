"""How many prompts a verdict needs, before any is asked.

In: a target, the truth one wants to be able to tell from it, the error allowed (alpha) and the chance wanted of telling
(power). Out: prompts, or the power of a given number of them. Prompts are independent here: `design_inflation` says how
many more it takes where they come in clusters.

>>> prompts_for_share(0.90, truth=0.95, comparison=">="), prompts_for_pairs(0.05, discordance=0.10)
(203, 337)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from compiler.statistics.intervals import Comparison

MOST = 200_000
"""Prompts beyond which a search gives up."""


def power_of_share(n: int, share: float, truth: float, comparison: Comparison, alpha: float = 0.05) -> float:
    """Return the chance that n prompts show a clause as met, by the exact one-sided bound at 1 - alpha.

    share: the target; truth: the true share. Exact, by binomial tails (Clopper and Pearson 1934; Fleiss, Levin and
    Paik, Statistical Methods for Rates and Proportions, 2003, section 2.5).
    """
    return float(_share_power(np.array([n]), share, truth, comparison, alpha)[0])


def _share_power(
    n: NDArray[np.int64], share: float, truth: float, comparison: Comparison, alpha: float
) -> NDArray[np.float64]:
    if comparison == "<=":
        share, truth = 1.0 - share, 1.0 - truth
    # The largest count that does not yet show it: one more has a chance of at most alpha at the target.
    enough = stats.binom.isf(alpha, n, share)
    return cast("NDArray[np.float64]", stats.binom.sf(enough, n, truth))


def prompts_for_share(
    share: float, truth: float, comparison: Comparison, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """Return the least n from which on the power never falls below `power` again; None beyond 200,000 prompts.

    The power of counts is a saw: a single n may have enough where the next has not (Chernick and Liu, Am. Stat. 56,
    2002). Errors as `power_of_share`; ValueError: the truth does not lie on the good side of the target.
    """
    if not (truth > share if comparison == ">=" else truth < share):
        raise ValueError(f"no number of prompts shows {comparison} {share:g} where the truth is {truth:g}")
    most = 256
    while most <= 2 * MOST:
        enough = _share_power(np.arange(1, most + 1), share, truth, comparison, alpha) >= power
        short = np.flatnonzero(~enough)
        last = int(short[-1]) + 1 if len(short) else 0
        if last < most / 2:
            return last + 1
        most *= 2
    return None


def power_of_pairs(n: int, difference: float, discordance: float, alpha: float = 0.05) -> float:
    """Return the chance that n paired prompts show a difference, by the two-sided exact McNemar test.

    difference: true rate of the first arm less the second's; discordance: share of prompts on which the arms differ.
    Exact: the conditional power given each number of discordant pairs, over their binomial distribution (Duffy,
    Biometrics 40, 1984). ValueError: the difference exceeds the discordance, or this 1.
    """
    if not abs(difference) <= discordance <= 1.0:
        raise ValueError(f"arms that differ on {discordance:g} of prompts cannot be {difference:g} apart")
    if discordance == 0.0:
        return 0.0
    discordant = np.arange(n + 1)
    few = stats.binom.ppf(alpha / 2.0, discordant, 0.5)
    few = np.where(stats.binom.cdf(few, discordant, 0.5) > alpha / 2.0, few - 1.0, few)
    first = (1.0 + difference / discordance) / 2.0
    shown = stats.binom.cdf(few, discordant, first) + stats.binom.sf(discordant - few - 1.0, discordant, first)
    return float(stats.binom.pmf(discordant, n, discordance) @ np.where(few >= 0.0, shown, 0.0))


def prompts_for_pairs(difference: float, discordance: float, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Return how many paired prompts show the difference with the given power; None beyond 200,000.

    Arguments and errors as `power_of_pairs`; ValueError too where the difference is 0. The power ripples by less than
    a point around its rise; what is returned lies where it first stands.
    """
    if difference == 0.0:
        raise ValueError("no number of prompts shows a difference of 0")
    return _first(lambda n: power_of_pairs(n, difference, discordance, alpha) >= power)


def power_of_mean(n: int, difference: float, deviation: float, alpha: float = 0.05) -> float:
    """Return the chance that n paired differences show a mean other than 0, by the two-sided t test.

    difference, deviation: true mean and standard deviation of the paired differences, in one unit. Exact for normal
    differences, by the noncentral t (Cohen, Statistical Power Analysis, 1988, chapter 2). ValueError: the deviation is
    not above 0. With fewer than two differences the power is 0.
    """
    if deviation <= 0.0:
        raise ValueError(f"the deviation must be above 0, not {deviation:g}")
    if n < 2:
        return 0.0
    bar, away = stats.t.isf(alpha / 2.0, n - 1), difference / deviation * math.sqrt(n)
    return float(stats.nct.sf(bar, n - 1, away) + stats.nct.cdf(-bar, n - 1, away))


def prompts_for_mean(difference: float, deviation: float, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Return how many paired differences show their mean with the given power; None beyond 200,000.

    Arguments and errors as `power_of_mean`; ValueError too where the difference is 0.
    """
    if difference == 0.0:
        raise ValueError("no number of prompts shows a difference of 0")
    return _first(lambda n: power_of_mean(n, difference, deviation, alpha) >= power)


def design_inflation(per_cluster: float, icc: float) -> float:
    """Return by how much to multiply prompts that come `per_cluster` to a cluster, with the correlation icc within it.

    1 + (per_cluster - 1) icc (Kish, Survey Sampling, 1965, section 5.4).
    """
    return 1.0 + (per_cluster - 1.0) * icc


def _first(enough: Callable[[int], bool]) -> int | None:
    high = 2
    while not enough(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
