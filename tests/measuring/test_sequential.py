"""Anytime-valid bounds against integrals, whole grids of bets, and what they promise at every look."""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from compiler.statistics import ConfidenceSequence, beta_binomial, betting, clopper_pearson, evidence

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
PRIORS = [(1.0, 1.0), (0.5, 0.5), (18.0, 2.0)]


def mixed(kept: float, n: float, p: float, a: float, b: float, low: float, high: float) -> float:
    """The likelihood ratio to p, averaged over Beta(a, b) between two shares, by quadrature."""
    prior = stats.beta(a, b)

    def ratio(t: float) -> float:
        return float(prior.pdf(t)) * math.exp(kept * math.log(t / p) + (n - kept) * math.log((1 - t) / (1 - p)))

    points = [low, min(max(kept / n, low + 1e-3), high - 1e-3), high]
    area = sum(integrate.quad(ratio, start, end, limit=200)[0] for start, end in itertools.pairwise(points))
    return area / float(prior.cdf(high) - prior.cdf(low))


@pytest.mark.parametrize(("a", "b"), PRIORS)
@pytest.mark.parametrize(("kept", "n"), [(45, 50), (37.5, 50), (3, 40), (150, 200)])
def test_bounds_lie_where_the_integral_reaches_the_bar(kept: float, n: float, a: float, b: float) -> None:
    low, high = beta_binomial(kept, n, 0.95, a, b)
    assert mixed(kept, n, low, a, b, 0, 1) == pytest.approx(20, rel=1e-4)
    assert mixed(kept, n, high, a, b, 0, 1) == pytest.approx(20, rel=1e-4)
    low, high = beta_binomial(kept, n, 0.95, a, b, sides="each")
    assert mixed(kept, n, low, a, b, low, 1) == pytest.approx(20, rel=1e-4)
    assert mixed(kept, n, high, a, b, 0, high) == pytest.approx(20, rel=1e-4)
    assert evidence(kept, n, ">=", 0.6, a, b) == pytest.approx(mixed(kept, n, 0.6, a, b, 0.6, 1), rel=1e-4)
    assert evidence(kept, n, "<=", 0.9, a, b) == pytest.approx(mixed(kept, n, 0.9, a, b, 0, 0.9), rel=1e-4)


@given(counts, st.sampled_from(PRIORS))
def test_bounds_hold_the_rate_and_mirror_each_other(count: tuple[int, int], prior: tuple[float, float]) -> None:
    kept, n = count
    a, b = prior
    low, high = beta_binomial(kept, n, a=a, b=b)
    assert 0.0 <= low <= kept / n <= high <= 1.0
    assert beta_binomial(n - kept, n, a=b, b=a) == pytest.approx((1 - high, 1 - low), abs=1e-9)
    each = beta_binomial(kept, n, a=a, b=b, sides="each")
    assert beta_binomial(kept, n, a=a, b=b, sides="lower") == (each.low, 1.0)
    assert beta_binomial(kept, n, a=a, b=b, sides="upper") == (0.0, each.high)
    exact = clopper_pearson(kept, n, sides="each")  # looking again and again costs something
    assert each.low <= exact.low + 1e-9
    assert each.high >= exact.high - 1e-9


@given(counts, st.floats(0.05, 0.95))
def test_an_interval_and_an_e_value_say_the_same(count: tuple[int, int], share: float) -> None:
    kept, n = count
    low, high = beta_binomial(kept, n, sides="each")
    if abs(low - share) > 1e-6:
        assert (low > share) == (evidence(kept, n, ">=", share) > 20)
    if abs(high - share) > 1e-6:
        assert (high < share) == (evidence(kept, n, "<=", share) > 20)


@pytest.mark.parametrize("share", [0.85, 0.9, 0.5])
def test_an_e_value_is_fair_wherever_the_truth_is_not_better(share: float) -> None:
    """Its mean is 1 at the target and less below it, exactly, by all counts of 30 answers."""
    for truth in (share, share - 0.1, share - 0.3):
        mean = sum(float(stats.binom.pmf(k, 30, truth)) * evidence(k, 30, ">=", share) for k in range(31))
        assert mean == pytest.approx(1.0) if truth == share else mean < 1.0


def test_fractions_never_make_evidence_unfair() -> None:
    """Scores in [0, 1] of mean 0.8 against the target 0.8: no more than 1 on average, as for yes and no."""
    dice = np.random.default_rng(0)
    sums = dice.beta(8, 2, size=(4_000, 25)).sum(axis=1)
    assert np.mean([evidence(float(kept), 25, ">=", 0.8) for kept in sums]) < 1.0


def test_the_running_intersection_never_widens_and_goes_on_from_its_fields() -> None:
    dice = np.random.default_rng(3)
    looks = ConfidenceSequence()
    kept = 0.0
    before = looks.interval
    for n in range(1, 120):
        kept += (outcome := float(dice.random() < 0.8))
        now = looks.observe(outcome)
        alone = beta_binomial(kept, n)
        assert now.low == max(before.low, alone.low)
        assert now.high == min(before.high, alone.high)
        if n == 60:
            looks = ConfidenceSequence(**asdict(looks))
        before = now
    assert looks.n == 119
    assert not looks.contradictory


def test_a_share_that_moves_is_noticed() -> None:
    looks = ConfidenceSequence()
    looks.add(95, 100)
    assert not looks.contradictory
    moved = looks.add(10, 200)
    assert looks.contradictory
    assert moved == beta_binomial(105, 300)


# ------------------------------------------------------------------ bets


def capital(outcomes: list[float], means: np.ndarray, alpha: float) -> np.ndarray:
    """Who bets against each mean, from below and from above, on a grid; Waudby-Smith and Ramdas, section 4.4."""
    up, down, sums, squares = np.ones_like(means), np.ones_like(means), 0.5, 0.25
    most = np.zeros_like(means)
    for t, x in enumerate(outcomes, start=1):
        bet = math.sqrt(2 * math.log(2 / alpha) / (squares / t * t * math.log(1 + t)))
        up *= 1 + np.minimum(bet, 0.5 / means) * (x - means)
        down *= 1 - np.minimum(bet, 0.5 / (1 - means)) * (x - means)
        most = np.maximum(up, down) / 2
        sums += x
        squares += (x - sums / (t + 1)) ** 2
    return most


@pytest.mark.parametrize("shape", [(8, 2), (1, 1), (0.3, 3)])
@pytest.mark.parametrize("n", [5, 60])
def test_bets_agree_with_a_grid(shape: tuple[float, float], n: int) -> None:
    outcomes = np.random.default_rng(n).beta(*shape, n).tolist()
    means = np.linspace(0.0005, 0.9995, 1000)
    left = means[capital(outcomes, means, 0.05) < 20]
    assert betting(outcomes) == pytest.approx((left.min(), left.max()), abs=1.1e-3)


def test_bets_learn_the_variance() -> None:
    outcomes = np.random.default_rng(1).beta(80, 20, 200).tolist()
    low, high = betting(outcomes)
    wide = beta_binomial(math.fsum(outcomes), 200)
    assert high - low < (wide.high - wide.low) / 3
    assert betting(outcomes, sides="lower").low > low
    assert betting([]) == (0.0, 1.0)


def test_what_is_no_outcome_is_an_error() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        betting([1.2])
    with pytest.raises(ValueError, match="between 0 and n"):
        beta_binomial(3, 2)
    with pytest.raises(ValueError, match="above 0"):
        beta_binomial(1, 2, a=0.0)
