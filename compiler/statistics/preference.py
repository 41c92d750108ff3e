"""Which arm is preferred, from pairs of answers: Bradley-Terry strengths, with ties and a favour for the first place.

In: comparisons of two arms on one prompt, and who won. Out: strengths on the log scale with their intervals. Arms need
not all have met; each must be linked to each by wins both ways. This file must not know what arms are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compiler.statistics.distributions import t_quantile
from compiler.statistics.intervals import Estimate

Floats = NDArray[np.float64]


class Comparison(NamedTuple):
    """Two arms' answers, in the order shown, and which was preferred; cluster: the prompt, or what it came from."""

    first: str
    second: str
    preferred: Literal["first", "second", "tie"]
    cluster: Hashable = None


@dataclass(frozen=True, slots=True)
class Strengths:
    """Log strengths that add up to 0, with what belongs to them.

    arms: names, sorted. log: shape (arms,). covariance: of `log`, shape (arms, arms). ties: Davidson's nu, 0 where
    nobody tied. first: log odds that being shown first adds; None where it was not fitted. degrees: of freedom of the t
    intervals; infinite where comparisons count one by one.
    """

    arms: tuple[str, ...]
    log: Floats
    covariance: Floats
    ties: float
    first: Estimate | None
    confidence: float
    degrees: float

    def strength(self, arm: str) -> Estimate:
        """Return the arm's log strength against the mean arm's."""
        return self._contrast({arm: 1.0})

    def difference(self, one: str, other: str) -> Estimate:
        """Return the log odds that `one` is preferred to `other` where there is no tie."""
        return self._contrast({one: 1.0, other: -1.0})

    def _contrast(self, parts: dict[str, float]) -> Estimate:
        row = np.array([parts.get(arm, 0.0) for arm in self.arms])
        if len(set(parts) & set(self.arms)) < len(parts):
            raise ValueError(f"no comparison with {sorted(set(parts) - set(self.arms))}; arms: {list(self.arms)}")
        return _wald(float(row @ self.log), float(row @ self.covariance @ row), self.confidence, self.degrees)


def bradley_terry(
    comparisons: Sequence[Comparison], order_matters: bool = False, clustered: bool = False, confidence: float = 0.95
) -> Strengths:
    """Return the maximum-likelihood strengths of Davidson's model (JASA 65, 1970), not Rao and Kupper's.

    With strengths p_i = exp(log_i), i is preferred to j with the chance p_i / (p_i + p_j + nu sqrt(p_i p_j)), and both
    tie with nu sqrt(p_i p_j) over the same; without ties it is Bradley and Terry's (Biometrika 39, 1952). With
    `order_matters`, what is shown first has its strength multiplied (Davidson and Beaver, Biometrics 33, 1977).
    Intervals are Wald's. With `clustered`, comparisons of one cluster (one prompt judged by several people, or in both
    orders) err together: the sandwich variance summed by cluster, with G / (G - 1), and t with G - 1 degrees.

    Raises:
        ValueError: no comparison; an arm against itself; or a group of arms that never lost to or tied with the others,
            so that its strength has no bound (show its share of wins with an exact interval, or compare more); or with
            `order_matters`, the first place always or never won; or fewer than two clusters.
    """
    if not comparisons:
        raise ValueError("strengths need at least one comparison")
    same = next((row.first for row in comparisons if row.first == row.second), None)
    if same is not None:
        raise ValueError(f"`{same}` was compared with itself")
    arms = sorted({name for row in comparisons for name in (row.first, row.second)})
    _bounded(comparisons, arms)
    tied = any(row.preferred == "tie" for row in comparisons)
    kinds = ("first", "second", "tie") if tied else ("first", "second")
    if order_matters and len({row.preferred for row in comparisons} - {"tie"}) < 2:
        raise ValueError("the first place always won, or never did: how much it is favoured has no bound")
    place = {arm: at for at, arm in enumerate(arms)}
    size = len(arms) + tied + order_matters
    # Comparisons that came out alike count together: a few kinds, however many comparisons.
    seen = Counter((row.first, row.second, row.preferred) for row in comparisons)
    design = np.zeros((len(seen), len(kinds), size))
    for number, (first, second, _) in enumerate(seen):
        i, j = place[first], place[second]
        design[number, 0, i], design[number, 1, j] = 1.0, 1.0
        if tied:
            design[number, 2, [i, j]] = 0.5
            design[number, 2, len(arms)] = 1.0
        if order_matters:
            design[number, 0, -1] = 1.0
            design[number, 2:, -1] = 0.5
    chosen = np.array([kinds.index(preferred) for _, _, preferred in seen])
    counts = np.array([float(count) for count in seen.values()])
    # Strengths add up to 0: the rest are free.
    free = np.zeros((size, size - 1))
    free[: len(arms) - 1, : len(arms) - 1] = np.eye(len(arms) - 1)
    free[len(arms) - 1, : len(arms) - 1] = -1.0
    free[len(arms) :, len(arms) - 1 :] = np.eye(size - len(arms))
    best, information, scores = _fit(design @ free, chosen, counts)
    covariance, degrees = np.linalg.inv(information), float("inf")
    if clustered:
        names = {cluster: number for number, cluster in enumerate({row.cluster: None for row in comparisons})}
        if len(names) < 2:
            raise ValueError("a clustered variance needs two clusters at least")
        sums = np.zeros((len(names), size - 1))
        kind = {key: number for number, key in enumerate(seen)}
        alike = [kind[row.first, row.second, row.preferred] for row in comparisons]
        np.add.at(sums, [names[row.cluster] for row in comparisons], scores[alike])
        covariance = covariance @ (sums.T @ sums) @ covariance * (len(names) / (len(names) - 1.0))
        degrees = len(names) - 1.0
    found, spread = free @ best, free @ covariance @ free.T
    return Strengths(
        arms=tuple(arms),
        log=found[: len(arms)],
        covariance=spread[: len(arms), : len(arms)],
        ties=float(np.exp(found[len(arms)])) if tied else 0.0,
        first=_wald(float(found[-1]), float(spread[-1, -1]), confidence, degrees) if order_matters else None,
        confidence=confidence,
        degrees=degrees,
    )


def _wald(value: float, variance: float, confidence: float, degrees: float) -> Estimate:
    place, error = 0.5 + confidence / 2.0, max(0.0, variance) ** 0.5
    half = (NormalDist().inv_cdf(place) if np.isinf(degrees) else t_quantile(place, degrees)) * error
    return Estimate(value, value - half, value + half, error, degrees)


def _fit(design: Floats, chosen: NDArray[np.int64], counts: Floats) -> tuple[Floats, Floats, Floats]:
    """Newton's method on a concave likelihood: the maximum, the information there, the score of one of each kind."""
    at, kinds = np.zeros(design.shape[2]), np.arange(len(chosen))

    def likelihood(where: Floats) -> float:
        values = design @ where
        top = values.max(axis=1)
        return float(counts @ (values[kinds, chosen] - top - np.log(np.exp(values.T - top).sum(axis=0))))

    for _ in range(100):
        values = design @ at
        chances = np.exp(values - values.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        expected = np.einsum("nk,nkp->np", chances, design)
        scores = design[kinds, chosen] - expected
        weighted = (counts[:, None] * chances)[:, :, None] * design
        squares = np.tensordot(weighted, design, axes=([0, 1], [0, 1]))
        information = squares - (counts * expected.T) @ expected
        step = np.linalg.solve(information, counts @ scores)
        if float(np.abs(step).max()) < 1e-10:
            return at, information, scores
        length, here = 1.0, likelihood(at)
        while likelihood(at + length * step) < here - 1e-9 and length > 1e-8:
            length /= 2.0
        at = at + length * step
    raise ValueError("strengths have no bound: too few comparisons go against the stronger arms")


def _bounded(comparisons: Sequence[Comparison], arms: Sequence[str]) -> None:
    """Ford (Am. Math. Mon. 64, 1957): the maximum is finite where each arm reaches each by wins; a tie is both."""
    beaten: dict[str, set[str]] = {arm: set() for arm in arms}
    beats: dict[str, set[str]] = {arm: set() for arm in arms}
    for row in comparisons:
        for winner, loser, won in ((row.first, row.second, "first"), (row.second, row.first, "second")):
            if row.preferred in (won, "tie"):
                beats[winner].add(loser)
                beaten[loser].add(winner)
    for links, what in ((beats, "beat or tied with"), (beaten, "lost to or tied with")):
        reached, waiting = {arms[0]}, [arms[0]]
        while waiting:
            new = links[waiting.pop()] - reached
            reached |= new
            waiting.extend(new)
        if len(reached) < len(arms):
            rest = sorted(set(arms) - reached)
            raise ValueError(
                f"strengths have no bound: of {sorted(reached)}, none ever {what} one of {rest}; "
                "compare more, or show shares of wins with their exact intervals"
            )
