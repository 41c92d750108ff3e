"""How much prompts are worth that resemble each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

FEWEST_CLUSTERS = 8


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


def effective_n(outcomes: Sequence[float], clusters: Sequence[Hashable]) -> float:
    """Return how many independent prompts these are worth, given that those of one cluster resemble each other.

    n divided by the design effect, and never more than n. Where all outcomes agree, the data cannot say, and n is
    returned; so it is below `FEWEST_CLUSTERS`, where clusters are the topics that a spec names, all of them, and no
    sample of topics (and where the variance between them could hardly be estimated).
    """
    n = len(outcomes)
    groups = len(set(clusters))
    if groups < FEWEST_CLUSTERS or groups == n:
        return float(n)
    return n / max(1.0, design_effect(outcomes, clusters) or 1.0)
