"""Whether those who judge the same answers agree, beyond what chance would give.

In: ratings, one row an answer, one column a rater (a person or a judge), None where a rater said nothing. Out: a
coefficient and its interval: 1 is full agreement, 0 what chance gives. This file must not know what is rated. (Whether
files on disk belong together is `compiler/agreement.py`.)

Cohen's kappa and Krippendorff's alpha fall where nearly all answers get one label, however well raters agree; Gwet's
coefficient does not. Report two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from compiler.statistics.bootstrap import RESAMPLES, bca
from compiler.statistics.distributions import t_quantile
from compiler.statistics.intervals import Estimate

Floats = NDArray[np.float64]
Rating = Hashable
Ratings = Sequence[Sequence[Rating | None]]
Weights = Literal["nominal", "linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval"]
NO_VARIETY = "every rating is the same, so that agreement by chance alone would be full: no coefficient can be told"


def _labels(ratings: Ratings, labels: Sequence[Rating] | None) -> list[Rating]:
    seen = {rating for row in ratings for rating in row if rating is not None}
    if labels is None:
        return sorted(seen, key=lambda label: (isinstance(label, str), label))
    missing = seen - set(labels)
    if missing:
        raise ValueError(f"ratings that are not among the labels: {sorted(map(str, missing))}")
    return list(labels)


def _counts(ratings: Ratings, labels: Sequence[Rating]) -> Floats:
    """How many raters gave each label to each answer, shape (answers, labels)."""
    place = {label: at for at, label in enumerate(labels)}
    counts = np.zeros((len(ratings), len(labels)))
    for at, row in enumerate(ratings):
        for rating in row:
            if rating is not None:
                counts[at, place[rating]] += 1.0
    return counts


def agreement_weights(labels: int, weights: Weights) -> Floats:
    """Return how much each pair of labels counts as agreement, shape (labels, labels): 1 on the diagonal, 0 furthest.

    Cohen (Psychol. Bull. 70, 1968): labels stand in their order, equally far apart.
    """
    if weights == "nominal" or labels == 1:
        return np.eye(labels)
    places = np.arange(labels)
    apart: Floats = np.abs(places[:, None] - places) / (labels - 1.0)
    return 1.0 - (apart if weights == "linear" else apart**2)


def cohen_kappa(
    first: Sequence[Rating | None],
    second: Sequence[Rating | None],
    weights: Weights = "nominal",
    labels: Sequence[Rating] | None = None,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return Cohen's kappa of two raters (Educ. Psychol. Meas. 20, 1960; weighted: Psychol. Bull. 70, 1968).

    The error is that of Fleiss, Cohen and Everitt (Psychol. Bull. 72, 1969), with a normal interval; with clusters, the
    BCa bootstrap over them. Below some 50 answers, or near 1, the normal interval covers too little.

    Args:
        first, second: what each said of each answer; answers that one of them left out are left out.
        labels: all labels in their order, which matters with weights; None: those seen, sorted.

    Raises:
        ValueError: no answer that both rated, one label throughout, or not as many ratings in both.
    """
    kept = [
        (one, other, None if clusters is None else clusters[at])
        for at, (one, other) in enumerate(zip(first, second, strict=True))
        if one is not None and other is not None
    ]
    pairs = [(one, other) for one, other, _ in kept]
    if not pairs:
        raise ValueError("no answer was rated by both")
    names = _labels(pairs, labels)
    size, place = len(names), {label: at for at, label in enumerate(names)}
    weight = agreement_weights(size, weights)
    cells = np.zeros((len(pairs), size * size))
    for at, (one, other) in enumerate(pairs):
        cells[at, place[one] * size + place[other]] = 1.0

    def kappas(counted: Floats) -> Floats:
        tables = (counted @ cells).reshape(-1, size, size)
        tables = tables / tables.sum(axis=(1, 2), keepdims=True)
        seen = (tables * weight).sum(axis=(1, 2))
        chance = np.einsum("si,ij,sj->s", tables.sum(axis=2), weight, tables.sum(axis=1))
        return _beyond_chance(seen, chance)

    if clusters is not None:
        return _by_cluster(kappas, [cluster for _, _, cluster in kept], confidence)
    table = cells.mean(axis=0).reshape(size, size)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    kappa = float(kappas(np.ones((1, len(pairs))))[0])
    if np.isnan(kappa):
        raise ValueError(NO_VARIETY)
    chance = float(rows @ weight @ columns)
    pull = (weight @ columns)[:, None] + (weight.T @ rows)[None, :]
    spread = float((table * (weight - pull * (1.0 - kappa)) ** 2).sum()) - (kappa - chance * (1.0 - kappa)) ** 2
    error = max(0.0, spread) ** 0.5 / (1.0 - chance) / len(pairs) ** 0.5
    half = NormalDist().inv_cdf(0.5 + confidence / 2.0) * error
    return Estimate(kappa, max(-1.0, kappa - half), min(1.0, kappa + half), error)


def gwet(
    ratings: Ratings,
    weights: Weights = "nominal",
    labels: Sequence[Rating] | None = None,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return Gwet's AC1, or with weights AC2, of two or more raters, some of whose ratings may be missing.

    Gwet (Br. J. Math. Stat. Psychol. 61, 2008); with weights and missing ratings, Handbook of Inter-Rater Reliability
    (4th edition, 2014), equations 5.3.2 to 5.3.7. The error is over answers with the raters as they are, the interval t
    with answers - 1 degrees; with clusters, the BCa bootstrap over them.

    Args:
        labels: all labels that could be given, in their order; None: those seen. More labels mean less by chance.

    Raises:
        ValueError: fewer than two answers, no answer with two ratings, or fewer than two labels.
    """
    names = _labels(ratings, labels)
    if len(names) < 2:
        raise ValueError(f"two labels at least are needed, not {names}: pass all that could be given as `labels`")
    counts = _counts(ratings, names)
    raters = counts.sum(axis=1)
    rated = np.flatnonzero(raters > 0)
    counts, raters = counts[rated], raters[rated]
    n, size = len(counts), len(names)
    several = raters >= 2
    if n < 2 or not several.any():
        raise ValueError("two rated answers at least are needed, one of them with two ratings")
    weight = agreement_weights(size, weights)
    pairs = np.where(several, raters * (raters - 1.0), 1.0)
    seen = np.where(several, (counts * (counts @ weight.T - 1.0)).sum(axis=1) / pairs, 0.0)
    shares, scale = counts / raters[:, None], float(weight.sum()) / (size * (size - 1.0))

    def coefficients(counted: Floats) -> Floats:
        label = counted @ shares / counted.sum(axis=1, keepdims=True)
        decided = counted @ several.astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            return _beyond_chance(counted @ seen / decided, scale * (label * (1.0 - label)).sum(axis=1))

    if clusters is not None:
        return _by_cluster(coefficients, [clusters[int(at)] for at in rated], confidence)
    value = float(coefficients(np.ones((1, n)))[0])
    label = shares.mean(axis=0)
    chance = scale * float((label * (1.0 - label)).sum())
    each = np.where(several, n / several.sum() * (seen - chance) / (1.0 - chance), 0.0)
    each = each - 2.0 * (1.0 - value) * (scale * shares @ (1.0 - label) - chance) / (1.0 - chance)
    error = float(((each - value) ** 2).sum() / (n * (n - 1.0))) ** 0.5
    half = t_quantile(0.5 + confidence / 2.0, n - 1) * error
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half), error, n - 1)


def krippendorff_alpha(
    ratings: Ratings,
    level: Level = "nominal",
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Return Krippendorff's alpha of any number of raters, some of whose ratings may be missing.

    Krippendorff (Content Analysis, 4th edition, 2018, section 12.3): 1 less disagreement seen over disagreement
    expected. level: what two ratings' distance is: 0 or 1; how many ratings lie between; or the square of their
    difference (numbers). The interval is the BCa bootstrap over answers, or over clusters where given: seeded. Below
    some 40 answers it covers too little.

    Raises:
        ValueError: no two answers with two ratings, one label throughout, or ratings at level interval that are not
            numbers.
    """
    names = _labels(ratings, None)
    if level == "interval" and not all(isinstance(name, int | float) for name in names):
        raise ValueError("at the level interval, ratings have to be numbers")
    counts = _counts(ratings, names)
    several = np.flatnonzero(counts.sum(axis=1) >= 2)
    counts = counts[several]
    size = len(names)
    if len(counts) < 2:
        raise ValueError("two answers at least need two ratings")
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(size)
    pairs = (pairs / (counts.sum(axis=1) - 1.0)[:, None, None]).reshape(len(counts), size * size)
    apart = np.ones((size, size)) - np.eye(size)
    if level == "interval":
        at = np.array([float(name) for name in names])  # type: ignore[arg-type]  # numbers, as looked at above
        apart = (at[:, None] - at) ** 2

    def alphas(counted: Floats) -> Floats:
        tables = (counted @ pairs).reshape(-1, size, size)
        labels = tables.sum(axis=2)
        total = labels.sum(axis=1)
        distance = np.broadcast_to(apart, tables.shape)
        if level == "ordinal":
            middle = np.cumsum(labels, axis=1) - labels / 2.0
            distance = (middle[:, :, None] - middle[:, None, :]) ** 2
        seen = (tables * distance).sum(axis=(1, 2))
        expected = np.einsum("si,sij,sj->s", labels, distance, labels)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(expected > 0.0, 1.0 - (total - 1.0) * seen / expected, np.nan)

    kept = list(range(len(counts))) if clusters is None else [clusters[int(at)] for at in several]
    return _by_cluster(alphas, kept, confidence, resamples)


def _beyond_chance(seen: Floats, chance: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(chance < 1.0 - 1e-12, (seen - chance) / (1.0 - chance), np.nan)


def _by_cluster(
    figure: Callable[[Floats], Floats], clusters: Sequence[Hashable], confidence: float, resamples: int = RESAMPLES
) -> Estimate:
    """The figure takes weights of answers; whole clusters are drawn."""
    order = {cluster: at for at, cluster in enumerate(dict.fromkeys(clusters))}
    if np.isnan(figure(np.ones((1, len(clusters))))[0]):
        raise ValueError(NO_VARIETY)
    if len(order) == len(clusters):
        return bca(len(order), figure, confidence, resamples)
    member = np.array([order[cluster] for cluster in clusters])
    return bca(len(order), lambda drawn: figure(drawn[:, member]), confidence, resamples)
