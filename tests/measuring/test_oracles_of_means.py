"""Roots, clusters, means, resampling and equivalence, against implementations that share no code with them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import ttost_paired

from compiler.statistics import Paired, clopper_pearson, wilson
from compiler.statistics.bootstrap import bca, bca_mean
from compiler.statistics.clusters import design_effect
from compiler.statistics.distributions import solve, t_tail
from compiler.statistics.equivalence import tango, tango_score, tost_mean, tost_paired
from compiler.statistics.means import clustered_mean
from compiler.statistics.permutation import sign_flip, two_sample
from compiler.statistics.proportions import clustered_wilson, korn_graubard


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


@pytest.mark.parametrize("n", [25, 100])
def test_bca_agrees_with_scipy(n: int) -> None:
    """A skewed, biased figure, so that both corrections count; SciPy is asked for the z that ours widens to."""
    values = dice(1).gamma(1.0, size=n)
    wide = math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1)
    level = 2 * stats.norm.cdf(wide) - 1
    expected = stats.bootstrap(
        (values,), np.var, n_resamples=30_000, rng=dice(2), confidence_level=level, vectorized=True
    ).confidence_interval

    def variances(weights: np.ndarray) -> np.ndarray:
        total = weights.sum(axis=1)
        return (weights @ values**2) / total - ((weights @ values) / total) ** 2

    found = bca(n, variances, resamples=30_000)
    width = expected.high - expected.low
    assert found.interval == pytest.approx((expected.low, expected.high), abs=0.03 * width)
    plain = np.quantile(
        stats.bootstrap((values,), np.var, n_resamples=9_999, rng=dice(2), vectorized=True).bootstrap_distribution,
        [0.025, 0.975],
    )
    assert abs(plain[1] - expected.high) > 0.06 * width  # without the corrections it would be elsewhere


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
