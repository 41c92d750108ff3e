"""Survival against implementations that share no code with them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from compiler.statistics.survival import Lasted, half_life, kaplan_meier, log_rank, restricted_mean


def dice(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


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
