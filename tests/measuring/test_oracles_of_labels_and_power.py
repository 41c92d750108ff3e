"""A judge put right by labels, and power, against implementations that share no code with them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from compiler.statistics import clopper_pearson
from compiler.statistics.distributions import t_quantile
from compiler.statistics.means import clustered_mean
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


def dice(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


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
