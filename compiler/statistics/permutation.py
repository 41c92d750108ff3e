"""Permutation tests: whether two arms differ, without a word about how their scores are distributed.

In: scores. Out: a two-sided p-value. Exact where all arrangements can be looked at; else from seeded draws, with the
arrangement seen counted among them (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010), so that it is never 0.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from compiler.statistics.clusters import grouped

ALL = 1 << 15
"""Arrangements up to which all are looked at."""
DRAWS = 9999
SLACK = 1e-12
"""Sums that differ by less than this share of the largest count as equal."""


def sign_flip(differences: Sequence[float], clusters: Sequence[Hashable] | None = None, seed: int = 0) -> float:
    """Return the p-value of paired differences having mean 0: each could as well have had the other sign.

    Fisher's test (The Design of Experiments, 1935, section 21). The differences of one cluster turn together. Holds
    where the arms are exchangeable within each cluster. ValueError: no difference, or not one cluster a difference.
    """
    if not differences:
        raise ValueError("a test needs at least one difference")
    groups = [[value] for value in differences] if clusters is None else grouped(differences, clusters)
    sums = np.array([math.fsum(group) for group in groups])
    seen = abs(float(sums.sum()))
    units = len(sums)
    if 1 << units <= ALL:
        signs = 1.0 - 2.0 * ((np.arange(1 << units)[:, None] >> np.arange(units)) & 1)
        return _share_as_far(signs @ sums, seen, sums)
    signs = 1.0 - 2.0 * np.random.default_rng(seed).integers(0, 2, size=(DRAWS, units))
    return (_share_as_far(signs @ sums, seen, sums) * DRAWS + 1.0) / (DRAWS + 1.0)


def two_sample(first: Sequence[float], second: Sequence[float], seed: int = 0) -> float:
    """Return the p-value of the means of two independent samples: each score could have been in the other.

    Pitman's test (Suppl. JRSS 4, 1937) on the difference of means; the p-value counts arrangements at least as far from
    0 on either side. Scores are independent prompts: give one mean a cluster. ValueError: a sample is empty.
    """
    if not first or not second:
        raise ValueError("both samples need at least one score")
    scores = np.array([*first, *second], dtype=np.float64)
    scores -= scores.mean()
    n, here = len(scores), len(first)
    seen = abs(float(scores[:here].sum()))
    if math.comb(n, here) <= ALL:
        chosen = np.array(list(combinations(range(n), here)))
        return _share_as_far(scores[chosen].sum(axis=1), seen, scores)
    places = np.random.default_rng(seed).permuted(np.tile(np.arange(n), (DRAWS, 1)), axis=1)[:, :here]
    return (_share_as_far(scores[places].sum(axis=1), seen, scores) * DRAWS + 1.0) / (DRAWS + 1.0)


def _share_as_far(sums: NDArray[np.float64], seen: float, parts: NDArray[np.float64]) -> float:
    return float(np.mean(np.abs(sums) >= seen - SLACK * float(np.abs(parts).sum())))
