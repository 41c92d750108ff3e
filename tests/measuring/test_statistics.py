"""Formulas against SciPy and statsmodels, and the coverage that intervals promise."""

from __future__ import annotations

import math
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from compiler import statistics, tallies
from compiler.statistics import Interval, Paired

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
close = {"rel": 1e-7, "abs": 1e-10}


@given(st.floats(0.3, 2000), st.floats(0.3, 2000), st.floats(0, 1))
def test_incomplete_beta(a: float, b: float, x: float) -> None:
    assert statistics.incomplete_beta(a, b, x) == pytest.approx(float(special.betainc(a, b, x)), rel=1e-8, abs=1e-11)


@given(st.floats(0.001, 0.999), st.floats(1, 500))
@settings(max_examples=50)
def test_t_quantile(probability: float, degrees: float) -> None:
    assert statistics.t_quantile(probability, degrees) == pytest.approx(
        float(stats.t.ppf(probability, degrees)), rel=1e-6, abs=1e-7
    )


@given(counts, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson(count: tuple[int, int], confidence: float) -> None:
    kept, n = count
    expected = stats.binomtest(kept, n).proportion_ci(confidence, method="wilson")
    assert statistics.wilson(kept, n, confidence) == pytest.approx((expected.low, expected.high), **close)


@given(counts, st.sampled_from([0.9, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_clopper_pearson(count: tuple[int, int], confidence: float) -> None:
    kept, n = count
    expected = stats.binomtest(kept, n).proportion_ci(confidence, method="exact")
    assert statistics.clopper_pearson(kept, n, confidence) == pytest.approx((expected.low, expected.high), **close)
    upper = stats.binomtest(kept, n, alternative="less").proportion_ci(confidence, method="exact").high
    lower = stats.binomtest(kept, n, alternative="greater").proportion_ci(confidence, method="exact").low
    assert statistics.clopper_pearson(kept, n, confidence, "upper") == pytest.approx((0.0, upper), **close)
    assert statistics.clopper_pearson(kept, n, confidence, "lower") == pytest.approx((lower, 1.0), **close)
    assert statistics.clopper_pearson(kept, n, confidence, "each") == pytest.approx((lower, upper), **close)


def test_zero_leaks_allow_what_the_rule_of_three_says() -> None:
    assert statistics.clopper_pearson(0, 100, sides="upper").high == pytest.approx(0.0295, abs=1e-4)
    assert statistics.clopper_pearson(0, 300, sides="upper").high == pytest.approx(0.00994, abs=1e-5)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar(first: int, second: int) -> None:
    if not first + second:
        assert statistics.mcnemar_exact(first, second) == 1.0
        return
    expected = mcnemar([[0, first], [second, 0]], exact=True).pvalue
    assert statistics.mcnemar_exact(first, second) == pytest.approx(float(expected), rel=1e-7)


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_corrections(size: int) -> None:
    dice = random.Random(size)
    p_values = [dice.random() ** dice.choice((1, 4)) for _ in range(size)]
    p_values += p_values[: size // 2]  # ties
    assert statistics.holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))
    assert statistics.benjamini_hochberg(p_values) == pytest.approx(list(stats.false_discovery_control(p_values)))


@given(counts, st.floats(0.01, 0.99))
def test_binomial_tail(count: tuple[int, int], share: float) -> None:
    kept, n = count
    for side, alternative in ((">=", "greater"), ("<=", "less")):
        expected = stats.binomtest(kept, n, share, alternative=alternative).pvalue
        found = statistics.binomial_tail(kept, n, share, side)  # type: ignore[arg-type]  # the two literals above
        assert found == pytest.approx(float(expected), rel=1e-6, abs=1e-12)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=40))
def test_paired_mean(differences: list[float]) -> None:
    mean, interval = statistics.paired_mean(differences)
    if max(differences) - min(differences) < 1e-6:
        return
    expected = stats.ttest_1samp(differences, 0).confidence_interval()
    assert mean == pytest.approx(float(sum(differences) / len(differences)), abs=1e-9)
    assert interval == pytest.approx((float(expected.low), float(expected.high)), rel=1e-6, abs=1e-8)


def test_what_a_report_needs_loads_no_numeric_library() -> None:
    light = ["compiler.statistics", *(f"compiler.statistics.{name}" for name in ("equivalence", "survival", "ppi"))]
    code = f"import sys, {', '.join(light)}; print([m for m in ('numpy', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ------------------------------------------------------------------ what intervals promise


def binomial_chances(n: int, share: float) -> list[float]:
    return [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]


@pytest.mark.parametrize("n", [20, 60, 150])
def test_exact_intervals_never_cover_less_than_they_say(n: int) -> None:
    intervals = [statistics.clopper_pearson(k, n) for k in range(n + 1)]
    for share in (0.005, 0.02, 0.1, 0.5, 0.9, 0.95, 0.99):
        covered = sum(
            chance
            for chance, at in zip(binomial_chances(n, share), intervals, strict=True)
            if at.low <= share <= at.high
        )
        assert covered >= 0.95 - 1e-9


@pytest.mark.parametrize("n", [60, 150])
def test_wilson_covers_what_it_says_on_average(n: int) -> None:
    intervals = [statistics.wilson(k, n) for k in range(n + 1)]
    shares = [i / 200 for i in range(4, 197)]
    covered = [
        sum(c for c, at in zip(binomial_chances(n, share), intervals, strict=True) if at.low <= share <= at.high)
        for share in shares
    ]
    assert 0.94 < sum(covered) / len(covered) < 0.965
    assert min(covered) > 0.85


def draw_pairs(dice: random.Random, chances: tuple[float, float, float, float], n: int) -> Paired:
    tally = [0, 0, 0, 0]
    for index in dice.choices(range(4), chances, k=n):
        tally[index] += 1
    return Paired(*tally)


@pytest.mark.parametrize("chances", [(0.7, 0.2, 0.02, 0.08), (0.9, 0.03, 0.03, 0.04), (0.1, 0.85, 0.01, 0.04)])
def test_the_paired_interval_covers_the_true_difference(chances: tuple[float, float, float, float]) -> None:
    dice = random.Random(1)
    truth = chances[1] - chances[2]
    covered = 0
    for _ in range(1500):
        interval = statistics.newcombe_paired(draw_pairs(dice, chances, 100))
        covered += interval.low <= truth <= interval.high
    assert 0.93 < covered / 1500 <= 1.0


def test_the_paired_interval_is_narrower_than_the_unpaired_one() -> None:
    agreeing = Paired(70, 10, 2, 18)
    paired = statistics.newcombe_paired(agreeing)
    first, second = statistics.wilson(80, 100), statistics.wilson(72, 100)
    unpaired = math.hypot(0.80 - first.low, second.high - 0.72) + math.hypot(first.high - 0.80, 0.72 - second.low)
    assert paired.high - paired.low < 0.8 * unpaired
    assert paired.low < agreeing.difference < paired.high


@given(st.tuples(*[st.integers(0, 50)] * 4))
def test_swapping_the_arms_mirrors_the_interval(cells: tuple[int, int, int, int]) -> None:
    both, first, second, neither = cells
    there = statistics.newcombe_paired(Paired(both, first, second, neither))
    back = statistics.newcombe_paired(Paired(both, second, first, neither))
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-12)
    if both + first + second + neither:
        assert there.low - 1e-12 <= (first - second) / sum(cells) <= there.high + 1e-12


@given(st.tuples(*[st.integers(0, 50)] * 4), st.integers(1, 5))
def test_pairs_weighed_at_a_part_of_their_number_are_that_many_fewer(
    cells: tuple[int, int, int, int], copies: int
) -> None:
    pairs, more = Paired(*cells), Paired(*(count * copies for count in cells))
    weighed = statistics.newcombe_paired(more, worth=float(pairs.n))
    assert weighed == pytest.approx(statistics.newcombe_paired(pairs), abs=1e-9)
    assert more.weighed(float(pairs.n)) == pytest.approx(pairs)


# ------------------------------------------------------------------ clusters


def test_differences_that_agree_within_a_form_are_worth_one_each() -> None:
    keys = [(None, (("user", str(i)),)) for i in range(120)]
    column = {key: tallies.Cell(float(i // 6 % 2), i // 6) for i, key in enumerate(keys)}
    base = {key: tallies.Cell(0.0, i // 6) for i, key in enumerate(keys)}
    pairs, worth = tallies.paired(column, base), tallies.worth(column, base)
    assert pairs == Paired(0, 60, 0, 60)
    assert 15 < worth < 23, "twenty forms of six prompts, all alike"
    found = tallies.difference("adapter", "base", column, base, ">=")
    assert found is not None
    assert found.p == pytest.approx(statistics.mcnemar_exact(worth / 2, 0.0))
    low, high = statistics.newcombe_paired(pairs)
    assert found.high - found.low > 1.8 * (high - low)


def test_clusters_that_agree_are_worth_one_prompt_each() -> None:
    outcomes = [float(i // 30 % 2) for i in range(360)]
    clusters = [i // 30 for i in range(360)]
    assert 8 < statistics.effective_n(outcomes, clusters) < 13


def test_where_the_data_cannot_say_prompts_of_a_cluster_count_as_alike() -> None:
    clusters = [i // 3 for i in range(36)]
    assert statistics.effective_n([1.0] * 36, clusters) == 12
    assert statistics.effective_n([0.0] + [1.0] * 35, clusters) == 12
    # Five clusters of twelve with a broken prompt each: enough to tell.
    assert statistics.effective_n([float(i % 3 != 0 or i >= 15) for i in range(36)], clusters) > 25


def test_independent_prompts_keep_their_worth() -> None:
    dice = random.Random(3)
    worth = [
        statistics.effective_n([float(dice.random() < 0.8) for _ in range(200)], [i % 40 for i in range(200)])
        for _ in range(50)
    ]
    assert sum(worth) / len(worth) > 160
    assert statistics.effective_n([1.0] * 50, [0] * 50) == 50
    assert statistics.effective_n([1.0, 0.0], ["a", "b"]) == 2
    assert (
        statistics.effective_n([1.0] * 30 + [0.0] * 30, [i // 30 for i in range(60)]) == 60
    )  # two topics, all there are


def test_clustering_mends_coverage() -> None:
    """Templates that differ: the plain interval is far too sure, the clustered one nearly honest."""
    dice = random.Random(5)
    plain = clustered = 0
    rounds = 400
    for _ in range(rounds):
        outcomes, clusters = [], []
        for cluster in range(24):
            kept = 0.95 if dice.random() < 0.5 else 0.35
            outcomes += [float(dice.random() < kept) for _ in range(8)]
            clusters += [cluster] * 8
        share, n = sum(outcomes) / len(outcomes), len(outcomes)
        worth = statistics.effective_n(outcomes, clusters)
        narrow, wide = statistics.wilson(share * n, n), statistics.wilson(share * worth, worth)
        plain += narrow.low <= 0.65 <= narrow.high
        clustered += wide.low <= 0.65 <= wide.high
    assert plain / rounds < 0.85
    assert clustered / rounds > 0.91


# ------------------------------------------------------------------ the verdict


@pytest.mark.parametrize(
    ("interval", "comparison", "share", "verdict"),
    [
        (Interval(0.90, 1.0), ">=", 0.90, "met"),
        (Interval(0.89, 1.0), ">=", 0.90, "unclear"),
        (Interval(0.10, 0.89), ">=", 0.90, "missed"),
        (Interval(0.10, 0.90), ">=", 0.90, "unclear"),
        (Interval(0.0, 0.02), "<=", 0.02, "met"),
        (Interval(0.0, 0.021), "<=", 0.02, "unclear"),
        (Interval(0.02, 0.5), "<=", 0.02, "unclear"),
        (Interval(0.03, 0.5), "<=", 0.02, "missed"),
    ],
)
def test_verdicts(interval: Interval, comparison: statistics.Comparison, share: float, verdict: str) -> None:
    assert statistics.outcome(interval, comparison, share) == verdict


@given(
    st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.9, 0.95])
)
@settings(max_examples=60, deadline=None)
def test_as_many_more_as_it_says_settle_it_and_one_fewer_does_not(count: tuple[int, int], share: float) -> None:
    kept, n = count
    more = statistics.more_to_settle(kept, n, ">=", share, statistics.wilson, most=20_000)
    if more is None:
        assert abs(kept / n - share) < 0.02
        return

    def verdict(total: int) -> str:
        return statistics.outcome(statistics.wilson(kept / n * total, total), ">=", share)

    assert verdict(n + more) != "unclear"
    if more:
        assert verdict(n + more - 1) == "unclear"
