"""How much prompts are worth that resemble each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from compiler.statistics.distributions import t_quantile

FEWEST_CLUSTERS = 8
FEWEST_ODD = 5
"""Clusters with anything but the commonest outcome, below which the data cannot say how alike prompts of one are."""


def grouped(values: Sequence[float], clusters: Sequence[Hashable]) -> list[list[float]]:
    """Return the values of each cluster, clusters in the order in which they first appear.

    Raises:
        ValueError: not one cluster a value.
    """
    groups: dict[Hashable, list[float]] = defaultdict(list)
    for value, cluster in zip(values, clusters, strict=True):
        groups[cluster].append(value)
    return list(groups.values())


def design_effect(outcomes: Sequence[float], clusters: Sequence[Hashable]) -> float | None:
    """Return the variance of the mean with clusters over the variance without; None where the data cannot say.

    The variance with clusters is linearised, as in Korn and Graubard (Survey Methodology 24, 1998). The data cannot say
    where all outcomes agree, or with a single cluster.
    """
    n = len(outcomes)
    groups = grouped(outcomes, clusters)
    mean = sum(outcomes) / n if n else 0.0
    simple = sum((outcome - mean) ** 2 for outcome in outcomes) / n if n else 0.0
    if len(groups) < 2 or simple == 0.0:
        return None
    spread = sum(sum(outcome - mean for outcome in group) ** 2 for group in groups)
    clustered = len(groups) / (len(groups) - 1.0) * spread / (n * n)
    return clustered / (simple / (n - 1.0))


def effective_n(outcomes: Sequence[float], clusters: Sequence[Hashable], confidence: float = 0.95) -> float:
    """Return how many independent prompts these are worth, given that those of one cluster resemble each other.

    n over the design effect, times (t with n - 1 degrees / t with clusters - 1)^2, since the effect is itself an
    estimate (Korn and Graubard, Survey Methodology 24, 1998); never more than n. The estimate needs outcomes that
    differ:

    - Where all agree, clusters are counted: all prompts of a cluster are kept together at most as often as one is, so
      that an exact bound at the number of clusters holds however alike they are.
    - Where fewer than `FEWEST_ODD` clusters hold anything but the commonest outcome, the others may all lie in clusters
      that were not drawn, and the estimate is most often too low. Then prompts of a cluster count as wholly alike: n^2
      / sum of the squared cluster sizes (Kish, Survey Sampling, 1965, 5.4 at a correlation of 1), if that is less.

    Below `FEWEST_CLUSTERS`, clusters are the topics that a spec names, all of them, and no sample of topics (and the
    variance between them could hardly be estimated): n is returned.

    Args:
        outcomes: for each prompt, the mean over its repeats, or the difference between two arms.
        clusters: for each prompt, its cluster.
        confidence: of the interval that is taken of it, both sides together.

    Raises:
        ValueError: not one cluster a prompt.
    """
    n = len(outcomes)
    groups = grouped(outcomes, clusters)
    if len(groups) < FEWEST_CLUSTERS or len(groups) == n:
        return float(n)
    effect = design_effect(outcomes, clusters)
    if effect is None:
        return float(len(groups))
    place = 0.5 + confidence / 2.0
    worth = float(n)
    if effect > 0.0:
        worth = min(worth, n / effect * (t_quantile(place, n - 1) / t_quantile(place, len(groups) - 1)) ** 2)
    odd = min(sum(any(value != common for value in group) for group in groups) for common in set(outcomes))
    return worth if odd >= FEWEST_ODD else min(worth, n * n / sum(len(group) ** 2 for group in groups))
