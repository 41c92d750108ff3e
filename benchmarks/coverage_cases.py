"""The regimes of `benchmarks.coverage`: what is drawn, the method, and what it promises there."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

import numpy as np

from compiler.statistics import agreement, bootstrap, equivalence, permutation, ppi, preference, sequential, survival
from compiler.statistics.clusters import effective_n
from compiler.statistics.intervals import Interval
from compiler.statistics.means import clustered_mean, paired_mean
from compiler.statistics.paired import Paired, mcnemar_exact, newcombe_paired
from compiler.statistics.proportions import clopper_pearson, clustered_wilson, korn_graubard, wilson

Dice = np.random.Generator


class Clustered(NamedTuple):
    pairs: Paired
    worth: float


Promise = Literal["nominal", "at least", "short"]


@dataclass(frozen=True)
class Case:
    """trial: draws data once; returns whether the truth was held, and the interval's width (NaN for a test)."""

    method: str
    regime: str
    nominal: float
    promise: Promise
    trial: Callable[[Dice], tuple[bool, float]]


def held(interval: tuple[float, float], truth: float) -> tuple[bool, float]:
    return interval[0] <= truth <= interval[1], interval[1] - interval[0]


# ------------------------------------------------------------------ data


def in_clusters(dice: Dice, sizes: tuple[int, ...], share: float, icc: float) -> tuple[list[float], list[int]]:
    """Yes and no in clusters: each cluster's share is drawn from a beta, so that two of one correlate by `icc`."""
    scale = 1.0 / icc - 1.0
    shares = dice.beta(share * scale, (1.0 - share) * scale, size=len(sizes))
    names = np.repeat(np.arange(len(sizes)), sizes)
    return list((dice.random(len(names)) < shares[names]).astype(float)), names.tolist()


def scores_in_clusters(dice: Dice, sizes: tuple[int, ...], icc: float) -> tuple[list[float], list[int]]:
    names = np.repeat(np.arange(len(sizes)), sizes)
    ours = dice.normal(size=len(sizes)) * math.sqrt(icc)
    return list(ours[names] + dice.normal(size=len(names)) * math.sqrt(1.0 - icc)), names.tolist()


def pairs(dice: Dice, n: int, shares: tuple[float, float, float, float]) -> Paired:
    return Paired(*map(int, dice.multinomial(n, shares)))


def pairs_in_clusters(dice: Dice, sizes: tuple[int, ...], shares: tuple[float, float], icc: float) -> Clustered:
    """Two arms on the same prompts, each alike within a cluster; counts, and what they are worth."""
    (first, names), (second, _) = (in_clusters(dice, sizes, share, icc) for share in shares)
    counts = Counter(zip(first, second, strict=True))
    found = Paired(*(counts[cell] for cell in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0))))
    return Clustered(found, effective_n([a - b for a, b in zip(first, second, strict=True)], names))


def judged(dice: Dice, truth: np.ndarray, right: float) -> list[float]:
    return list(np.where(dice.random(len(truth)) < right, truth, 1.0 - truth))


def lives(dice: Dice, n: int, chance: float, watched: int) -> list[survival.Lasted]:
    """Turns until the first break, with the same chance at each; conversations end anywhere from a third on."""
    breaks, ends = dice.geometric(chance, size=n), dice.integers(watched // 3, watched + 1, size=n)
    return [survival.Lasted(int(min(b, e)), bool(b <= e)) for b, e in zip(breaks, ends, strict=True)]


def raters(dice: Dice, n: int, right: float, people: int, shares: tuple[float, ...]) -> list[list[int]]:
    """Everybody sees the true label with the chance `right`, and else one drawn from the labels' shares."""
    label = dice.choice(len(shares), size=n, p=shares)
    sure = dice.random((n, people)) < right
    return np.where(sure, label[:, None], dice.choice(len(shares), size=(n, people), p=shares)).tolist()


# ------------------------------------------------------------------ cases

EVEN, UNEVEN, FEW = (5,) * 30, (2, 2, 3, 3, 4, 4, 5, 6, 8, 9, 12, 14), (5,) * 8
ALIKE = (8, 12) * 10
AGREE = (0.5, 0.3, 0.2)
RIGHT = 0.8
RUN = 200


@cache
def _wilson(kept: int, n: int) -> Interval:
    return wilson(kept, n)


@cache
def _exact(kept: int, n: int) -> Interval:
    return clopper_pearson(kept, n)


@cache
def _mixture(kept: int, n: int) -> Interval:
    return sequential.beta_binomial(kept, n)


@cache
def _evidence(kept: int, n: int) -> float:
    return sequential.evidence(kept, n, ">=", 0.9)


def proportions() -> Iterator[Case]:
    def anywhere(dice: Dice) -> tuple[bool, float]:
        share = dice.uniform(0.05, 0.95)
        return held(_wilson(int(dice.binomial(60, share)), 60), share)

    def clustered(
        sizes: tuple[int, ...], share: float, method: Callable[..., Interval], icc: float = 0.2
    ) -> Callable[[Dice], tuple[bool, float]]:
        return lambda dice: held(method(*in_clusters(dice, sizes, share, icc)), share)

    def ignoring(outcomes: list[float], clusters: list[int]) -> Interval:
        return wilson(sum(outcomes), len(outcomes))

    def of_100(method: Callable[[int, int], Interval]) -> Callable[[Dice], tuple[bool, float]]:
        return lambda dice: held(method(int(dice.binomial(100, 0.98)), 100), 0.98)

    def warned(outcomes: list[float], clusters: list[int]) -> Interval:
        return korn_graubard(outcomes, clusters, icc=1.0)

    even, few, alike = (
        "30 clusters of 5, ICC 0.2, share 80%",
        "8 clusters of 5, ICC 0.2, share 80%",
        "20 clusters of 8 or 12, ICC 0.8, share 95%",
    )
    yield Case("Wilson", "60 prompts, share 5% to 95%", 0.95, "nominal", anywhere)
    yield Case("Wilson", "100 prompts, share 98%", 0.95, "nominal", of_100(_wilson))
    yield Case("Clopper-Pearson", "100 prompts, share 98%", 0.95, "at least", of_100(_exact))
    yield Case("Wilson, clusters ignored", even, 0.95, "short", clustered(EVEN, 0.8, ignoring))
    yield Case("Wilson, clustered", even, 0.95, "nominal", clustered(EVEN, 0.8, clustered_wilson))
    yield Case("Wilson, clustered", few, 0.95, "nominal", clustered(FEW, 0.8, clustered_wilson))
    yield Case("Wilson, clustered", alike, 0.95, "short", clustered(ALIKE, 0.95, clustered_wilson, 0.8))
    yield Case("Korn-Graubard", even, 0.95, "at least", clustered(EVEN, 0.8, korn_graubard))
    yield Case("Korn-Graubard", alike, 0.95, "short", clustered(ALIKE, 0.95, korn_graubard, 0.8))
    yield Case("Korn-Graubard, icc=1", alike, 0.95, "short", clustered(ALIKE, 0.95, warned, 0.8))


def means() -> Iterator[Case]:
    def t_ignoring(dice: Dice) -> tuple[bool, float]:
        return held(paired_mean(scores_in_clusters(dice, UNEVEN, 0.3)[0])[1], 0.0)

    def t(dice: Dice) -> tuple[bool, float]:
        return held(clustered_mean(*scores_in_clusters(dice, UNEVEN, 0.3)).interval, 0.0)

    def skewed(n: int) -> Callable[[Dice], tuple[bool, float]]:
        return lambda dice: held(
            bootstrap.bca_mean(list(dice.gamma(2.0, 0.5, n)), resamples=1999, seed=int(dice.integers(4))).interval, 1.0
        )

    def resampled(dice: Dice) -> tuple[bool, float]:
        return held(
            bootstrap.bca_mean(
                *scores_in_clusters(dice, (3, 5, 7) * 20, 0.3), resamples=1999, seed=int(dice.integers(4))
            ).interval,
            0.0,
        )

    yield Case(
        "t, paired",
        "20 normal differences",
        0.95,
        "nominal",
        lambda d: held(paired_mean(list(d.normal(size=20)))[1], 0.0),
    )
    yield Case("t, clusters ignored", "12 clusters of 2 to 14, ICC 0.3", 0.95, "short", t_ignoring)
    yield Case("t, CR2 and Satterthwaite", "12 clusters of 2 to 14, ICC 0.3", 0.95, "nominal", t)
    yield Case("BCa", "80 gamma scores (skewness 1.4)", 0.95, "nominal", skewed(80))
    yield Case("BCa", "15 gamma scores (skewness 1.4)", 0.95, "nominal", skewed(15))
    yield Case("BCa, clustered", "60 clusters of 3, 5 or 7, ICC 0.3", 0.95, "nominal", resampled)
    yield Case(
        "sign flip (test)",
        "12 Laplace differences, mean 0",
        0.95,
        "nominal",
        lambda d: (permutation.sign_flip(list(d.laplace(size=12))) > 0.05, math.nan),
    )


def paired() -> Iterator[Case]:
    close, moved = (0.80, 0.05, 0.05, 0.10), (0.75, 0.15, 0.05, 0.05)

    def stable(dice: Dice) -> tuple[bool, float]:
        return not equivalence.tost_paired(pairs(dice, 200, (0.80, 0.10, 0.05, 0.05)), 0.05).stable, math.nan

    def stable_mean(dice: Dice) -> tuple[bool, float]:
        return not equivalence.tost_mean(list(dice.normal(0.3, 1.0, 60)), 0.3).stable, math.nan

    yield Case(
        "Newcombe, paired",
        "100 prompts, 90% and 80%",
        0.95,
        "at least",
        lambda d: held(newcombe_paired(pairs(d, 100, moved)), 0.1),
    )
    yield Case(
        "Tango, paired",
        "100 prompts, 90% and 80%",
        0.95,
        "nominal",
        lambda d: held(equivalence.tango(pairs(d, 100, moved)), 0.1),
    )
    yield Case(
        "McNemar, exact (test)",
        "100 prompts, no difference",
        0.95,
        "at least",
        lambda d: (mcnemar_exact(*pairs(d, 100, close)[1:3]) > 0.05, math.nan),
    )

    def ignored(dice: Dice) -> tuple[bool, float]:
        return held(newcombe_paired(pairs_in_clusters(dice, EVEN, (0.8, 0.7), 0.3).pairs), 0.1)

    def weighed(
        sizes: tuple[int, ...], shares: tuple[float, float], icc: float
    ) -> Callable[[Dice], tuple[bool, float]]:
        def trial(dice: Dice) -> tuple[bool, float]:
            found, worth = pairs_in_clusters(dice, sizes, shares, icc)
            return held(newcombe_paired(found, worth=worth), shares[0] - shares[1])

        return trial

    def score(dice: Dice) -> tuple[bool, float]:
        found, worth = pairs_in_clusters(dice, EVEN, (0.8, 0.7), 0.3)
        return held(equivalence.tango(found, worth=worth), 0.1)

    def no_difference(dice: Dice) -> tuple[bool, float]:
        found, worth = pairs_in_clusters(dice, EVEN, (0.8, 0.8), 0.3)
        return mcnemar_exact(*found.weighed(worth)[1:3]) > 0.05, math.nan

    of_five = "30 clusters of 5, ICC 0.3"
    yield Case("Newcombe, clusters ignored", f"{of_five}, 80% and 70%", 0.95, "short", ignored)
    yield Case("Newcombe, weighed", f"{of_five}, 80% and 70%", 0.95, "at least", weighed(EVEN, (0.8, 0.7), 0.3))
    uneven = "20 clusters of 8 or 12, ICC 0.8, 95% and 50%"
    yield Case("Newcombe, weighed", uneven, 0.95, "at least", weighed(ALIKE, (0.95, 0.5), 0.8))
    yield Case("Tango, weighed", f"{of_five}, 80% and 70%", 0.95, "nominal", score)
    yield Case("McNemar, weighed (test)", f"{of_five}, no difference", 0.95, "at least", no_difference)
    yield Case("TOST, paired rates (test)", "200 prompts, truth at the margin", 0.95, "at least", stable)
    yield Case("TOST, means (test)", "60 prompts, truth at the margin", 0.95, "nominal", stable_mean)


def powered() -> Iterator[Case]:
    def simple(n: int, right: float, share: float) -> Callable[[Dice], tuple[bool, float]]:
        def trial(dice: Dice) -> tuple[bool, float]:
            truth = (dice.random(n + 150) < share).astype(float)
            said = judged(dice, truth, right)
            labelled = ppi.Labelled(list(truth[:n]), said[:n])
            return held(ppi.prediction_powered_mean(labelled, ppi.Unlabelled(said[n:])).estimate.interval, share)

        return trial

    def clustered(dice: Dice) -> tuple[bool, float]:
        # Labels fall anywhere, so that the labelled and the rest share clusters.
        truth, clusters = in_clusters(dice, (6,) * 60, 0.7, 0.3)
        drift = dice.random(60) < 0.1  # a judge that errs on whole clusters
        said = [1.0 - y if drift[c] or dice.random() < 0.1 else y for y, c in zip(truth, clusters, strict=True)]
        chosen = set(dice.permutation(len(truth))[:120].tolist())
        ours, theirs = [i for i in range(len(truth)) if i in chosen], [i for i in range(len(truth)) if i not in chosen]
        labelled = ppi.Labelled([truth[i] for i in ours], [said[i] for i in ours], [clusters[i] for i in ours])
        rest = ppi.Unlabelled([said[i] for i in theirs], [clusters[i] for i in theirs])
        return held(ppi.prediction_powered_mean(labelled, rest).estimate.interval, 0.7)

    yield Case("PPI++", "100 labels, 150 judged, judge right 90%, share 70%", 0.95, "nominal", simple(100, 0.9, 0.7))
    yield Case("PPI++", "100 labels, 150 judged, judge guesses, share 70%", 0.95, "nominal", simple(100, 0.5, 0.7))
    yield Case("PPI++", "40 labels, 150 judged, judge right 90%, share 95%", 0.95, "short", simple(40, 0.9, 0.95))
    yield Case("PPI++, clustered", "120 labels, 240 judged, 60 clusters, ICC 0.3", 0.95, "nominal", clustered)


def agreeing() -> Iterator[Case]:
    # Two ratings agree by sight with the chance RIGHT^2, and else by the shares: every coefficient's truth follows.
    by_chance = sum(share * share for share in AGREE)
    seen = RIGHT**2 + (1.0 - RIGHT**2) * by_chance
    gwet_chance = sum(share * (1.0 - share) for share in AGREE) / (len(AGREE) - 1)
    gwet_truth, kappa_truth = (seen - gwet_chance) / (1.0 - gwet_chance), RIGHT**2

    def kappa(n: int) -> Callable[[Dice], tuple[bool, float]]:
        return lambda d: held(
            agreement.cohen_kappa(*zip(*raters(d, n, RIGHT, 2, AGREE), strict=True)).interval, kappa_truth
        )

    yield Case("Cohen's kappa", "150 answers, 3 labels, kappa 0.64", 0.95, "nominal", kappa(150))
    yield Case("Cohen's kappa", "25 answers, 3 labels, kappa 0.64", 0.95, "short", kappa(25))
    yield Case(
        "Gwet's AC1",
        "60 answers, 3 raters, AC1 0.67",
        0.95,
        "nominal",
        lambda d: held(agreement.gwet(raters(d, 60, RIGHT, 3, AGREE)).interval, gwet_truth),
    )
    yield Case(
        "Krippendorff's alpha, BCa",
        "80 answers, 3 raters, alpha 0.64",
        0.95,
        "nominal",
        lambda d: held(
            agreement.krippendorff_alpha(raters(d, 80, RIGHT, 3, AGREE), resamples=999).interval, kappa_truth
        ),
    )


def preferred() -> Iterator[Case]:
    log, nu = {"a": 0.5, "b": 0.0, "c": -0.5}, 0.5
    met = [("a", "b"), ("b", "c"), ("a", "c")]
    outcomes: tuple[Literal["first", "second", "tie"], ...] = ("first", "second", "tie")
    bounds = []
    for one, other in met:
        parts = np.array([math.exp((log[one] - log[other]) / 2), math.exp((log[other] - log[one]) / 2), nu])
        bounds.append(np.cumsum(parts / parts.sum())[:2])

    def draw(dice: Dice, prompts: int, people: int) -> list[preference.Comparison]:
        """Of the people who judge a pair, each of the later ones copies the first with a chance of one half."""
        rows = []
        for (one, other), bound in zip(met, bounds, strict=True):
            said = np.searchsorted(bound, dice.random((prompts, people)))
            said = np.where(dice.random((prompts, people)) < 0.5, said[:, :1], said)
            rows += [
                preference.Comparison(one, other, outcomes[preferred], prompt)
                for prompt, row in enumerate(said.tolist())
                for preferred in row
            ]
        return rows

    def trial(dice: Dice) -> tuple[bool, float]:
        return held(preference.bradley_terry(draw(dice, 25, 1)).difference("a", "c").interval, 1.0)

    def ignoring(dice: Dice) -> tuple[bool, float]:
        return held(preference.bradley_terry(draw(dice, 25, 2)).difference("a", "c").interval, 1.0)

    def clustered(dice: Dice) -> tuple[bool, float]:
        return held(preference.bradley_terry(draw(dice, 25, 2), clustered=True).difference("a", "c").interval, 1.0)

    yield Case("Bradley-Terry, Davidson's ties", "3 arms, 25 comparisons a pair", 0.95, "nominal", trial)
    yield Case("Bradley-Terry, clusters ignored", "3 arms, 25 prompts, 2 people", 0.95, "short", ignoring)
    yield Case("Bradley-Terry, clustered", "3 arms, 25 prompts, 2 people", 0.95, "nominal", clustered)


def lasting() -> Iterator[Case]:
    chance, watched, at = 0.08, 12, 6

    def curve(dice: Dice) -> tuple[bool, float]:
        steps = [step for step in survival.kaplan_meier(lives(dice, 60, chance, watched)) if step.time <= at]
        return held((steps[-1].low, steps[-1].high), (1.0 - chance) ** at)

    def area(dice: Dice) -> tuple[bool, float]:
        truth = sum((1.0 - chance) ** turn for turn in range(at + 2))
        return held(survival.restricted_mean(lives(dice, 60, chance, watched), at + 2).interval, truth)

    def median(dice: Dice) -> tuple[bool, float]:
        half = survival.half_life([survival.Lasted(t, True) for t in dice.exponential(1.0, 50)])
        return held((half.low or 0.0, half.high or math.inf), math.log(2.0))

    def rank(dice: Dice) -> tuple[bool, float]:
        return survival.log_rank(lives(dice, 40, chance, watched), lives(dice, 40, chance, watched)) > 0.05, math.nan

    yield Case("Kaplan-Meier, log-log", "60 conversations, 12 turns, at turn 6", 0.95, "nominal", curve)
    yield Case("half-life", "50 conversations, all broke", 0.95, "nominal", median)
    yield Case("restricted mean", "60 conversations, up to turn 8", 0.95, "nominal", area)
    yield Case("log-rank (test)", "40 conversations an arm, no difference", 0.95, "nominal", rank)


def looking() -> Iterator[Case]:
    """Here covered means: at no look did the interval leave the truth out."""

    def looks(dice: Dice, share: float) -> Iterator[tuple[int, int]]:
        counts = np.cumsum(dice.random(RUN) < share).tolist()
        return zip(counts, range(1, RUN + 1), strict=True)

    def peeking(dice: Dice) -> tuple[bool, float]:
        seen = [_wilson(k, n) for k, n in looks(dice, 0.9) if n % 5 == 0]
        return all(i.low <= 0.9 <= i.high for i in seen), seen[-1].high - seen[-1].low

    def mixture(dice: Dice) -> tuple[bool, float]:
        seen = [_mixture(k, n) for k, n in looks(dice, 0.9)]
        return all(i.low <= 0.9 <= i.high for i in seen), min(i.high for i in seen) - max(i.low for i in seen)

    def proven(dice: Dice) -> tuple[bool, float]:
        return max(_evidence(k, n) for k, n in looks(dice, 0.9)) < 20.0, math.nan

    def bets(dice: Dice) -> tuple[bool, float]:
        scores = dice.beta(9.0, 3.0, 60).tolist()
        seen = [sequential.betting(scores[:n]) for n in (10, 60)]
        return all(i.low <= 0.75 <= i.high for i in seen), seen[-1].high - seen[-1].low

    yield Case("Wilson, looked at every 5 answers", "up to 200 prompts, share 90%", 0.95, "short", peeking)
    yield Case("beta-binomial sequence", "looked at after each of 200, share 90%", 0.95, "at least", mixture)
    yield Case("e-value (test)", "looked at after each of 200, share at target", 0.95, "at least", proven)
    yield Case("betting sequence", "60 scores (mean 0.75), looked at after 10 and 60", 0.95, "at least", bets)


def cases() -> list[Case]:
    return [
        case
        for group in (proportions, means, paired, powered, agreeing, preferred, lasting, looking)
        for case in group()
    ]
