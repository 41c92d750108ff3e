"""A judge's figures on all prompts, put right by people's labels on some.

In: on labelled prompts what people said and what the judge said, on the rest what the judge said. Out: the mean of what
people would have said on all, with an interval that holds however bad the judge is: a bad one makes it wide, never
wrong. The labelled prompts must be a uniform draw: labels that went first to where judges disagree do not belong here.
This file must not know what is judged.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from compiler.statistics.distributions import t_quantile
from compiler.statistics.intervals import Estimate
from compiler.statistics.means import clustered_mean


@dataclass(frozen=True, slots=True)
class Labelled:
    """Prompts that people labelled: their labels, what the judge said of the same, and each one's cluster."""

    labels: Sequence[float]
    judged: Sequence[float]
    clusters: Sequence[Hashable] | None = None


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Prompts, none of them labelled, that the judge alone has seen, and each one's cluster."""

    judged: Sequence[float]
    clusters: Sequence[Hashable] | None = None


@dataclass(frozen=True, slots=True)
class Powered:
    """The estimate; how far the judge was trusted (0: labels alone); as how many labels alone it is worth."""

    estimate: Estimate
    trust: float
    worth: float


def prediction_powered_mean(
    labelled: Labelled, rest: Unlabelled, confidence: float = 0.95, trust: float | None = None
) -> Powered:
    """Return the mean label over all prompts by PPI++ with power tuning (Angelopoulos, Duchi and Zrnic 2023, arXiv
    2311.01453, equation 3 and section 6), in the labels' unit.

        mean = mean label + trust x (mean judged of the rest - mean judged of the labelled)

    Prompts of one cluster err together, so errors are summed within each cluster, over labelled prompts and the rest,
    before they are squared: with a_g what cluster g adds to the mean label's error and b_g what it adds to that of the
    two judged means' difference, trust is sum a_g b_g / sum b_g^2, which for clusters of one prompt is the paper's
    lambda, and the variance is sum (a_g - trust b_g)^2 times G / (G - 2), with G clusters that have labels: one degree
    goes to the mean, one to trust. The interval is t with G - 2 degrees.

    The interval is a large-sample one: with fewer than about five labels of the rarer sort expected it covers too
    little (83% where it says 95%, at 40 labels and a share of 95%).

    Args:
        trust: a fixed trust instead of the tuned one; 1 is plain prediction-powered inference, 0 leaves the judge out.

    Raises:
        ValueError: labels and judged differ in number, fewer than three labelled clusters, or no prompt without label.
    """
    n, others = len(labelled.labels), len(rest.judged)
    if n != len(labelled.judged):
        raise ValueError(f"{n} labels, but {len(labelled.judged)} judged: each labelled prompt needs both")
    if not others:
        raise ValueError("without unlabelled prompts there is nothing to power: take the labels' own mean")
    mean, judged, judged_rest = (math.fsum(v) / max(1, len(v)) for v in (labelled.labels, labelled.judged, rest.judged))
    # Without clusters each prompt is its own, and one place among the labelled and the rest is not the same prompt.
    ours = labelled.clusters or range(n)
    theirs = rest.clusters or range(-others, 0)
    label: dict[Hashable, float] = defaultdict(float)
    judge: dict[Hashable, float] = defaultdict(float)
    for true, said, cluster in zip(labelled.labels, labelled.judged, ours, strict=True):
        label[cluster] += (true - mean) / n
        judge[cluster] += (said - judged) / n
    for said, cluster in zip(rest.judged, theirs, strict=True):
        judge[cluster] -= (said - judged_rest) / others
    groups = len(set(ours))
    if groups < 3:
        raise ValueError(f"labels in three clusters at least are needed, not in {groups}")
    squares = math.fsum(b * b for b in judge.values())
    tuned = trust is None
    if trust is None:
        trust = math.fsum(a * judge[cluster] for cluster, a in label.items()) / squares if squares else 0.0
    degrees = groups - (2.0 if tuned else 1.0)
    error = math.sqrt(
        math.fsum((label.get(cluster, 0.0) - trust * b) ** 2 for cluster, b in judge.items()) * groups / degrees
    )
    value = mean + trust * (judged_rest - judged)
    half = t_quantile(0.5 + confidence / 2.0, degrees) * error
    alone = clustered_mean(labelled.labels, ours, confidence).error
    worth = n * (alone / error) ** 2 if error else math.inf
    return Powered(Estimate(value, value - half, value + half, error, degrees), trust, worth)
