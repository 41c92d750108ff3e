"""Means, resampling, equivalence, survival, PPI++ and power against implementations that share no code with ours."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import ttost_paired

from compiler.statistics import Paired, clopper_pearson, wilson
from compiler.statistics.bootstrap import bca, bca_mean
from compiler.statistics.clusters import design_effect
from compiler.statistics.distributions import solve, t_quantile, t_tail
from compiler.statistics.equivalence import tango, tango_score, tost_mean, tost_paired
from compiler.statistics.means import clustered_mean
from compiler.statistics.permutation import sign_flip, two_sample
from compiler.statistics.power import (
    design_inflation,
    power_of_mean,
    power_of_pairs,
    power_of_share,
    prompts_for_mean,
    prompts_for_pairs,
    prompts_for_share,
)
from compiler.statistics.ppi import Labelled, Unlabelled, prediction_powered_mean
from compiler.statistics.proportions import clustered_wilson, korn_graubard
from compiler.statistics.survival import Lasted, half_life, kaplan_meier, log_rank, restricted_mean


def dice(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


# ------------------------------------------------------------------ roots, clusters and means


@given(st.floats(-3, 3), st.sampled_from([math.exp, math.atan, lambda x: x**3, lambda x: -1 / (x + 5.0)]))
def test_a_root_is_found(at: float, function: object) -> None:
    assert callable(function)
    assert solve(function, function(at), -4.0, 4.0) == pytest.approx(at, abs=1e-5)
    assert solve(function, -math.inf, -4.0, 4.0) == -4.0
    assert solve(function, math.inf, -4.0, 4.0) == 4.0


@given(st.floats(-8, 8), st.floats(1, 300))
def test_t_tail(t: float, degrees: float) -> None:
    assert t_tail(t, degrees) == pytest.approx(float(stats.t.sf(t, degrees)), rel=1e-6, abs=1e-12)
    assert t_tail(t, math.inf) == pytest.approx(float(stats.norm.sf(t)), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_clusters_of_one_size_agree_with_cluster_robust_regression(seed: int) -> None:
    values, names = dice(seed).normal(size=60) + np.repeat(dice(seed + 9).normal(size=12), 5), np.repeat(range(12), 5)
    expected = sm.OLS(values, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": names}, use_t=True)
    found = clustered_mean(values.tolist(), names.tolist())
    assert found.error == pytest.approx(float(expected.bse[0]))
    assert found.degrees == pytest.approx(11)
    assert found.interval == pytest.approx(tuple(expected.conf_int()[0]))


@pytest.mark.parametrize("sizes", [(1, 2, 9), (3, 3, 4, 20), (1,) * 9, (2, 30)])
def test_uneven_clusters_agree_with_the_matrices(sizes: tuple[int, ...]) -> None:
    """CR2 and its degrees from whole matrices, as Pustejovsky and Tipton (2018) write them for any regression."""
    names = np.repeat(range(len(sizes)), sizes)
    n, values = len(names), dice(len(names)).normal(size=len(names))
    x = np.ones((n, 1))
    rest = np.eye(n) - x @ x.T / n
    meat, columns = 0.0, []
    for name in range(len(sizes)):
        here = names == name
        roots, vectors = np.linalg.eigh(rest[np.ix_(here, here)])
        adjust = vectors @ np.diag(roots**-0.5) @ vectors.T
        meat += (x[here].T @ adjust @ (rest @ values)[here]).item() ** 2
        columns.append(rest[:, here] @ adjust @ x[here] / n)
    gram = np.hstack(columns).T @ np.hstack(columns)
    found = clustered_mean(values.tolist(), names.tolist())
    assert found.error == pytest.approx(math.sqrt(meat) / n)
    assert found.degrees == pytest.approx(np.trace(gram) ** 2 / np.sum(gram**2))


def test_one_cluster_says_nothing_and_none_is_an_error() -> None:
    assert clustered_mean([1.0, 2.0], ["a", "a"]).interval == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="at least one value"):
        clustered_mean([])


def test_clustered_proportions_follow_from_the_design_effect() -> None:
    draw = dice(3)
    names = np.repeat(range(20), 6)
    outcomes = (draw.random(120) < np.repeat(draw.beta(4, 1, 20), 6)).astype(float)
    robust = sm.OLS(outcomes, np.ones(120)).fit(cov_type="cluster", cov_kwds={"groups": names}).bse[0] ** 2
    effect = robust / (outcomes.var(ddof=1) / 120)
    assert design_effect(outcomes.tolist(), names.tolist()) == pytest.approx(float(effect))
    n = 120 / effect * (stats.t.ppf(0.975, 119) / stats.t.ppf(0.975, 19)) ** 2
    share = outcomes.mean()
    assert clustered_wilson(outcomes.tolist(), names.tolist()) == pytest.approx(
        proportion_confint(share * n, n, method="wilson")
    )
    assert korn_graubard(outcomes.tolist(), names.tolist()) == pytest.approx(
        proportion_confint(share * n, n, method="beta")
    )


def test_where_all_agree_the_assumed_correlation_decides() -> None:
    outcomes, names = [1.0] * 100, [place // 5 for place in range(100)]
    assert korn_graubard(outcomes, names) == clopper_pearson(100, 100)
    assert korn_graubard(outcomes, names, icc=1.0) == pytest.approx(clopper_pearson(20, 20))
    assert clustered_wilson(outcomes, names, icc=0.5) == pytest.approx(wilson(100 / 3, 100 / 3))
    assert clustered_wilson([1.0, 1.0], ["a", "a"]) == wilson(1, 1)


# ------------------------------------------------------------------ resampling


def test_bca_agrees_with_scipy() -> None:
    values = dice(1).gamma(1.5, size=400)
    expected = stats.bootstrap((values,), np.mean, n_resamples=20_000, rng=dice(2)).confidence_interval
    found = bca_mean(values.tolist(), resamples=20_000)
    width = expected.high - expected.low
    assert found.interval == pytest.approx((expected.low, expected.high), abs=0.03 * width)
    median = bca(400, lambda weights: np.array([np.median(np.repeat(values, row.astype(int))) for row in weights]))
    expected = stats.bootstrap((values,), np.median, n_resamples=5_000, rng=dice(3)).confidence_interval
    assert median.interval == pytest.approx((expected.low, expected.high), abs=0.15 * (expected.high - expected.low))


def test_bca_draws_whole_clusters_and_the_same_ones_each_time() -> None:
    draw = dice(4)
    values, names = np.repeat(draw.normal(size=40), 5), np.repeat(range(40), 5)  # five copies add nothing
    found, alone = bca_mean(values.tolist(), names.tolist()), bca_mean(values[::5].tolist())
    assert found == pytest.approx(alone)
    assert bca_mean(values.tolist()).error < found.error / 2
    assert found == bca_mean(values.tolist(), names.tolist())
    assert bca_mean([2.0] * 10).interval == (2.0, 2.0)
    with pytest.raises(ValueError, match="two units"):
        bca_mean([1.0])


@pytest.mark.parametrize("n", [5, 12])
def test_sign_flips_agree_with_scipy(n: int) -> None:
    differences = dice(n).normal(0.5, 1, n)
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert sign_flip(differences.tolist()) == pytest.approx(float(expected.pvalue))
    twice = np.repeat(differences, 2)
    assert sign_flip(twice.tolist(), np.repeat(range(n), 2).tolist()) == pytest.approx(float(expected.pvalue))


def test_two_samples_agree_with_scipy() -> None:
    first, second = dice(1).normal(0.8, 1, 6).tolist(), dice(2).normal(size=7).tolist()
    far = stats.permutation_test(
        (first, second), lambda a, b: abs(np.mean(a) - np.mean(b)), alternative="greater", n_resamples=np.inf
    )
    assert two_sample(first, second) == pytest.approx(float(far.pvalue))


def test_many_scores_are_drawn_and_come_near_the_t_test() -> None:
    draw = dice(5)
    first, second = draw.normal(0.25, 1, 150), draw.normal(size=150)
    t_test = stats.ttest_ind(first, second).pvalue
    assert two_sample(first.tolist(), second.tolist()) == pytest.approx(float(t_test), abs=0.01)
    assert sign_flip((first - second).tolist()) == pytest.approx(float(stats.ttest_rel(first, second).pvalue), abs=0.01)
    assert sign_flip([1.0] * 40) == pytest.approx(1e-4)  # drawn, and never 0


# ------------------------------------------------------------------ equivalence


@pytest.mark.parametrize("counts", [(40, 3, 7, 10), (90, 0, 4, 6), (12, 9, 1, 3)])
@pytest.mark.parametrize("at", [-0.2, -0.03, 0.0, 0.1])
def test_tango_maximises_the_constrained_likelihood(counts: tuple[int, int, int, int], at: float) -> None:
    pairs = Paired(*counts)
    b, c, n = pairs.first, pairs.second, pairs.n

    def against(second: float) -> float:
        first, rest = second + at, 1.0 - 2.0 * second - at
        return -sum(k * math.log(p) for k, p in ((b, first), (c, second), (n - b - c, rest)) if k)

    edge = 1e-12
    low, high = max(0.0, -at) + edge, (1.0 - at) / 2.0 - edge
    second = optimize.minimize_scalar(against, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    variance = 2.0 * second + at - at * at
    assert tango_score(pairs, at) == pytest.approx((b - c - n * at) / math.sqrt(n * variance), abs=2e-3)


@given(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda counts: sum(counts) > 0))
@settings(max_examples=60)
def test_the_score_interval_ends_where_the_score_is_the_normals(counts: tuple[int, int, int, int]) -> None:
    pairs = Paired(*counts)
    low, high = tango(pairs)
    assert -1.0 <= low <= pairs.difference <= high <= 1.0
    for end, z in ((low, 1.959964), (high, -1.959964)):
        if abs(end) < 0.999:
            assert tango_score(pairs, end) == pytest.approx(z, abs=1e-4)
    if pairs.first + pairs.second:  # at 0 it is McNemar's
        mcnemar = (pairs.first - pairs.second) / math.sqrt(pairs.first + pairs.second)
        assert tango_score(pairs, 0.0) == pytest.approx(mcnemar)


@pytest.mark.parametrize("margin", [0.02, 0.05, 0.2])
def test_stable_is_an_interval_inside_the_margin(margin: float) -> None:
    for counts in itertools.product((50, 150), (0, 3, 9), (0, 4), (0, 20)):
        found = tost_paired(Paired(*counts), margin)
        assert found.stable == (-margin <= found.low and found.high <= margin)
        assert found.stable == (found.p <= 0.05)
    assert not tost_paired(Paired(0, 0, 0, 0), margin).stable


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.4])
def test_equal_means_agree_with_statsmodels(shift: float) -> None:
    differences = dice(6).normal(shift, 0.5, 40)
    expected = ttost_paired(differences, np.zeros(40), -0.3, 0.3)[0]
    found = tost_mean(differences.tolist(), 0.3)
    assert found.p == pytest.approx(float(expected))
    assert found.stable == (expected <= 0.05)
    assert found.stable == (found.low >= -0.3 and found.high <= 0.3)
    assert tost_mean([0.1, 0.1], 0.3).stable
    assert not tost_mean([0.1, 0.1], 0.3, ["a", "a"]).stable
    with pytest.raises(ValueError, match="margin"):
        tost_mean([0.1], 0.0)


# ------------------------------------------------------------------ survival


def lives(seed: int, n: int = 60, most: int = 12) -> list[Lasted]:
    draw = dice(seed)
    breaks, ends = draw.geometric(0.1, n), draw.integers(3, most + 1, n)
    return [Lasted(int(min(b, e)), bool(b <= e)) for b, e in zip(breaks, ends, strict=True)]


@pytest.mark.parametrize("seed", range(4))
def test_kaplan_meier_agrees_with_statsmodels_and_scipy(seed: int) -> None:
    rows = lives(seed)
    times, broke = [row.time for row in rows], [row.broke for row in rows]
    curve = SurvfuncRight(times, broke)
    steps = kaplan_meier(rows)
    assert [step.time for step in steps] == list(curve.surv_times)
    assert [step.share for step in steps] == pytest.approx(list(curve.surv_prob))
    assert [step.at_risk for step in steps] == list(curve.n_risk)
    sample = stats.CensoredData.right_censored(times, [not b for b in broke])
    curve = stats.ecdf(sample).sf
    limits = curve.confidence_interval(method="log-log")
    at = [list(curve.quantiles).index(step.time) for step in steps]
    assert [step.low for step in steps] == pytest.approx([limits.low.probabilities[i] for i in at])
    assert [step.high for step in steps] == pytest.approx([limits.high.probabilities[i] for i in at])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # statsmodels takes the log of 0 where all have broken
@pytest.mark.parametrize("seed", range(4))
def test_half_life_agrees_with_statsmodels(seed: int) -> None:
    times = dice(seed).exponential(5.0, 41)
    curve = SurvfuncRight(times, np.ones(41))
    found = half_life([Lasted(t, True) for t in times])
    assert found.value == pytest.approx(float(curve.quantile(0.5)))
    low, high = curve.quantile_ci(0.5, method="cloglog")
    assert found.low == pytest.approx(float(low))
    assert found.high == pytest.approx(float(high))
    assert half_life([Lasted(9, False)] * 5) == (None, None, None)


def test_a_restricted_mean_without_censoring_is_a_mean() -> None:
    times = dice(1).exponential(5.0, 50)
    cut = np.minimum(times, 6.0)
    found = restricted_mean([Lasted(t, True) for t in times], 6.0)
    events = int((times < 6.0).sum())
    assert found.value == pytest.approx(float(cut.mean()))
    assert found.error == pytest.approx(float(cut.std() / math.sqrt(50) * math.sqrt(events / (events - 1))))


def test_a_restricted_mean_is_the_area_under_the_curve() -> None:
    rows = lives(7)
    curve = SurvfuncRight([row.time for row in rows], [row.broke for row in rows])
    area = sum(float(curve.surv_prob[curve.surv_times <= t][-1:].sum() or (t < curve.surv_times[0])) for t in range(10))
    assert restricted_mean(rows, 10).value == pytest.approx(area)
    with pytest.raises(ValueError, match="watched up to 10"):
        restricted_mean([Lasted(4, False), Lasted(3, True)], 10)
    assert restricted_mean([Lasted(3, True), Lasted(9, False)], 5).interval == (0.0, 5.0)


@pytest.mark.parametrize("seed", range(4))
def test_log_rank_agrees_with_scipy_and_statsmodels(seed: int) -> None:
    first, second = (
        lives(seed),
        [replaced for row in lives(seed + 50) if (replaced := Lasted(row.time / 1.5, row.broke))],
    )
    both = [*first, *second]
    _, expected = survdiff([r.time for r in both], [r.broke for r in both], [0] * len(first) + [1] * len(second))
    assert log_rank(first, second) == pytest.approx(float(expected))
    samples = [
        stats.CensoredData.right_censored([r.time for r in rows], [not r.broke for r in rows])
        for rows in (first, second)
    ]
    assert log_rank(first, second) == pytest.approx(float(stats.logrank(*samples).pvalue))


# ------------------------------------------------------------------ labels and a judge

ANSWERS = [1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0] * 6
SCORES = [round(0.15 + 0.6 * y + 0.05 * (place % 5), 3) for place, y in enumerate(ANSWERS)]
OTHERS = [round(0.1 + 0.02 * (place * 7 % 41), 3) for place in range(400)]


@pytest.mark.parametrize(
    ("trust", "value", "error"), [(0.0, 0.7, 0.0591607978), (0.5, 0.61425, 0.0441132852), (1.0, 0.5285, 0.0313676220)]
)
def test_ppi_agrees_with_its_authors_code(trust: float, value: float, error: float) -> None:
    """ppi-python 0.2.3, `ppi_mean_pointestimate` and `ppi_mean_ci`, whose errors divide by n and not by n - 1."""
    found = prediction_powered_mean(Labelled(ANSWERS, SCORES), Unlabelled(OTHERS), trust=trust).estimate
    assert found.value == pytest.approx(value)
    assert found.error == pytest.approx(error * math.sqrt(60 / 59))


def test_tuned_trust_has_the_least_error_and_follows_the_paper() -> None:
    labelled, rest = Labelled(ANSWERS, SCORES), Unlabelled(OTHERS)
    found = prediction_powered_mean(labelled, rest)
    n, others = len(ANSWERS), len(OTHERS)
    spread = np.cov(ANSWERS, SCORES, bias=True)
    assert found.trust == pytest.approx(spread[0, 1] / n / (spread[1, 1] / n + np.var(OTHERS) / others))
    errors = [
        prediction_powered_mean(labelled, rest, trust=found.trust + step).estimate.error for step in (-0.1, 0.0, 0.1)
    ]
    assert errors[1] < min(errors[0], errors[2])
    alone = prediction_powered_mean(labelled, rest, trust=0.0)
    assert alone.estimate.error == pytest.approx(clustered_mean(ANSWERS).error)
    assert alone.worth == pytest.approx(n)
    assert found.worth > 2 * n


def test_copies_in_clusters_add_nothing() -> None:
    one = prediction_powered_mean(Labelled(ANSWERS, SCORES), Unlabelled(OTHERS)).estimate
    ours, theirs = [f"a{i}" for i in range(60)] * 3, [f"b{i}" for i in range(400)] * 3
    thrice = prediction_powered_mean(Labelled(ANSWERS * 3, SCORES * 3, ours), Unlabelled(OTHERS * 3, theirs)).estimate
    assert thrice == pytest.approx(one)
    shared = replace(Unlabelled(OTHERS), clusters=[f"a{i % 60}" for i in range(400)])
    with pytest.raises(ValueError, match="three clusters"):
        prediction_powered_mean(Labelled([1.0, 0.0], [0.9, 0.1]), shared)
    with pytest.raises(ValueError, match="each labelled prompt"):
        prediction_powered_mean(Labelled([1.0], []), shared)


# ------------------------------------------------------------------ power


@pytest.mark.parametrize(("share", "truth", "side"), [(0.9, 0.96, ">="), (0.05, 0.01, "<="), (0.5, 0.7, ">=")])
def test_prompts_for_a_share_by_listing_every_count(share: float, truth: float, side: str) -> None:
    def listed(n: int) -> float:
        met = []
        for kept in range(n + 1):
            low, high = clopper_pearson(kept, n, 0.95, "each")
            met.append(low >= share if side == ">=" else high <= share)
        return sum(float(stats.binom.pmf(kept, n, truth)) for kept, yes in enumerate(met) if yes)

    n = prompts_for_share(share, truth, side)  # type: ignore[arg-type]  # the two literals above
    assert n is not None
    assert listed(n) >= 0.8 > listed(n - 1)
    assert power_of_share(n, share, truth, side) == pytest.approx(listed(n))  # type: ignore[arg-type]  # as above
    with pytest.raises(ValueError, match="no number of prompts"):
        prompts_for_share(share, share, side)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(("n", "difference", "discordance"), [(30, 0.2, 0.3), (60, 0.1, 0.15), (25, 0.3, 0.3)])
def test_power_of_pairs_by_listing_every_table(n: int, difference: float, discordance: float) -> None:
    first, second = (discordance + difference) / 2, (discordance - difference) / 2
    expected = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            if b + c and stats.binomtest(b, b + c).pvalue <= 0.05:
                expected += float(stats.multinomial.pmf([b, c, n - b - c], n, [first, second, 1 - discordance]))
    assert power_of_pairs(n, difference, discordance) == pytest.approx(expected)


def test_prompts_for_pairs_and_means() -> None:
    n = prompts_for_pairs(0.05, 0.10)
    assert n is not None
    assert power_of_pairs(n, 0.05, 0.10) >= 0.8 > power_of_pairs(n - 1, 0.05, 0.10)
    m = prompts_for_mean(0.2, 1.0)
    assert m == math.ceil(TTestPower().solve_power(effect_size=0.2, power=0.8, alpha=0.05))
    assert power_of_mean(30, 0.4, 1.1) == pytest.approx(float(TTestPower().power(0.4 / 1.1, 30, 0.05)))
    assert prompts_for_mean(1e-4, 1.0) is None
    assert design_inflation(5, 0.25) == 2.0
    with pytest.raises(ValueError, match="cannot be"):
        power_of_pairs(10, 0.2, 0.1)


def test_the_quantile_of_the_normal_is_the_limit_of_t() -> None:
    assert t_quantile(0.975, math.inf) == pytest.approx(1.959964, abs=1e-6)
