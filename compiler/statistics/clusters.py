"""How much prompts are worth that resemble each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

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
