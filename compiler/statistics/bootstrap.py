"""The bootstrap, for figures whose distribution nobody has a formula for.

In: units (prompts, or clusters of them) and a figure of them. Out: its BCa interval. Draws are seeded: the same input
gives the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from compiler.statistics.clusters import grouped
from compiler.statistics.distributions import t_quantile
from compiler.statistics.intervals import Estimate

Floats = NDArray[np.float64]
RESAMPLES = 4999
AT_ONCE = 500_000
"""Weights held at a time, so that thousands of units fit into memory."""


def bca(
    units: int,
    figure: Callable[[Floats], Floats],
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Return a figure of resampled units with its bias-corrected and accelerated interval.

    Efron (JASA 82, 1987), equations 2.3 and 6.6, the acceleration by the jackknife. Resampling alone is too narrow by
    sqrt((n - 1) / n) and takes a normal for a t, so its z is sqrt(n / (n - 1)) t with n - 1 degrees (Hesterberg, Am.
    Stat. 69, 2015, section 5.3). A unit is what was sampled: a cluster where prompts come in clusters. With fewer than
    some 30 units, or where a few of them decide the figure, it covers too little.

    Args:
        units: how many units there are.
        figure: takes weights, shape (sets, units), how often each unit counts in each set; returns one figure a set,
            shape (sets,), where NaN (a figure that this set does not have) leaves the set out.
        resamples: sets drawn; their own noise moves a limit by a few hundredths of the interval's width.

    Raises:
        ValueError: fewer than two units, or the figure is NaN with all of them.
    """
    if units < 2:
        raise ValueError(f"a bootstrap needs two units at least, not {units}")
    value = float(figure(np.ones((1, units)))[0])
    if math.isnan(value):
        raise ValueError("the figure has no value on these units")
    replicates = np.concatenate([figure(weights) for weights in _resampled(units, resamples, seed)])
    replicates = np.sort(replicates[~np.isnan(replicates)])
    spread = float(np.std(replicates, ddof=1)) if len(replicates) > 1 else math.nan
    if not spread > 0.0:
        return Estimate(value, value, value, 0.0)
    rows = max(1, AT_ONCE // units)
    without = np.concatenate([figure(1.0 - np.eye(min(rows, units - k), units, k)) for k in range(0, units, rows)])
    pull = float(np.mean(without)) - without
    cubes, squares = float(np.sum(pull**3)), float(np.sum(pull**2))
    acceleration = cubes / (6.0 * squares**1.5) if squares > 0.0 and math.isfinite(cubes) else 0.0
    # Half of the ties, so that a figure with few values is not called biased.
    below = float(np.searchsorted(replicates, value) + np.searchsorted(replicates, value, side="right")) / 2.0
    below = min(max(below, 0.5), len(replicates) - 0.5) / len(replicates)
    normal = NormalDist()
    bias = normal.inv_cdf(below)
    limits = []
    wide = math.sqrt(units / (units - 1.0)) * t_quantile(0.5 + confidence / 2.0, units - 1)
    for side in (-wide, wide):
        z = bias + side
        place = normal.cdf(bias + z / max(1e-9, 1.0 - acceleration * z))
        limits.append(float(np.quantile(replicates, place)))
    return Estimate(value, limits[0], limits[1], spread)


def _resampled(units: int, resamples: int, seed: int) -> Iterator[Floats]:
    sets = max(1, AT_ONCE // units)
    for part, start in enumerate(range(0, resamples, sets)):
        yield _drawn(units, min(sets, resamples - start), seed, part)


@lru_cache(maxsize=4)
def _drawn(units: int, sets: int, seed: int, part: int) -> Floats:
    """Weights of one part, shape (sets, units); drawing them takes most of a bootstrap's time, so the last are kept."""
    dice = np.random.default_rng((seed, part))
    drawn = dice.multinomial(units, np.full(units, 1.0 / units), size=sets).astype(np.float64)
    drawn.setflags(write=False)
    return drawn


def bca_mean(
    values: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Return the mean with its BCa interval, whole clusters resampled where there are any.

    The mean of a set is the sum of its clusters' sums over the sum of their sizes (Davison and Hinkley, Bootstrap
    Methods, 1997, section 3.8, strategy 1). Errors as `bca` and `grouped`.
    """
    groups = [[value] for value in values] if clusters is None else grouped(values, clusters)
    sums, sizes = np.array([math.fsum(g) for g in groups]), np.array([float(len(g)) for g in groups])
    return bca(len(groups), lambda weights: (weights @ sums) / (weights @ sizes), confidence, resamples, seed)
