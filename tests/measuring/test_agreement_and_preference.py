"""Agreement and strengths against published examples and against implementations that share no code with ours."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.inter_rater import cohens_kappa

from compiler.statistics.agreement import cohen_kappa, gwet, krippendorff_alpha
from compiler.statistics.preference import Comparison, bradley_terry

N = None
# Four observers, twelve units: Krippendorff's own example, which Gwet (2014) uses too.
FOUR = list(
    zip(
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
        strict=True,
    )
)


def ratings(seed: int, answers: int = 80, people: int = 3, holes: float = 0.15) -> list[list[int | None]]:
    dice = np.random.default_rng(seed)
    label = dice.integers(0, 4, answers)
    given = np.where(dice.random((answers, people)) < 0.7, label[:, None], dice.integers(0, 4, (answers, people)))
    return [[None if dice.random() < holes else int(g) for g in row] for row in given]


# ------------------------------------------------------------------ agreement


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_krippendorffs_example(level: str, alpha: float) -> None:
    assert krippendorff_alpha(FOUR, level).value == pytest.approx(alpha, abs=5e-4)  # type: ignore[arg-type]  # as listed


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("seed", range(3))
def test_alpha_agrees_with_its_package(level: str, seed: int) -> None:
    krippendorff = pytest.importorskip("krippendorff")
    rows = ratings(seed)
    table = np.array([[np.nan if r is None else r for r in row] for row in rows]).T
    expected = krippendorff.alpha(table, level_of_measurement=level)
    assert krippendorff_alpha(rows, level).value == pytest.approx(expected)  # type: ignore[arg-type]  # as listed


def test_gwet_of_the_books_example() -> None:
    found = gwet(FOUR)
    assert (found.value, found.error) == pytest.approx((0.77544, 0.14295), abs=5e-6)
    assert found.low == pytest.approx(0.46081, abs=5e-6)
    assert gwet(FOUR, "quadratic").value == pytest.approx(0.914001, abs=5e-7)  # irrCAC 0.4.4


@pytest.mark.parametrize(
    ("weights", "named"), [("nominal", "identity"), ("linear", "linear"), ("quadratic", "quadratic")]
)
@pytest.mark.parametrize("seed", range(2))
def test_gwet_agrees_with_its_package(weights: str, named: str, seed: int) -> None:
    raw = pytest.importorskip("irrCAC.raw", reason="irrCAC asks for an old SciPy: pip install --no-deps")
    rows = ratings(seed)
    table = pd.DataFrame(rows, dtype=float)
    expected = raw.CAC(table, weights=named, digits=12, categories=[0.0, 1.0, 2.0, 3.0]).gwet()["est"]
    found = gwet(rows, weights)  # type: ignore[arg-type]  # as listed
    assert found.value == pytest.approx(float(expected["coefficient_value"]))
    assert found.error == pytest.approx(float(expected["se"]))


@pytest.mark.parametrize("weights", ["nominal", "linear", "quadratic"])
@pytest.mark.parametrize("seed", range(2))
def test_kappa_agrees_with_statsmodels(weights: str, seed: int) -> None:
    rows = ratings(seed, people=2)
    table = np.zeros((4, 4))
    for one, other in rows:
        if one is not None and other is not None:
            table[one, other] += 1
    expected = cohens_kappa(table, wt=None if weights == "nominal" else weights)
    first, second = zip(*rows, strict=True)
    found = cohen_kappa(first, second, weights)  # type: ignore[arg-type]  # as listed
    assert found.value == pytest.approx(float(expected.kappa))
    assert found.error == pytest.approx(float(expected.std_kappa))
    assert found.interval == pytest.approx((float(expected.kappa_low), float(expected.kappa_upp)))


def test_copies_in_clusters_add_nothing() -> None:
    rows = ratings(5, holes=0.0)
    thrice, names = rows * 3, list(range(80)) * 3
    first, second = [row[0] for row in thrice], [row[1] for row in thrice]
    once, alone = cohen_kappa(first, second, clusters=names), cohen_kappa(first[:80], second[:80])
    assert once.value == pytest.approx(alone.value)
    assert once.error == pytest.approx(alone.error, rel=0.1)  # a bootstrap beside a formula
    assert gwet(thrice, clusters=names).error == pytest.approx(gwet(rows).error, rel=0.1)
    assert gwet(thrice).error < 0.7 * gwet(rows).error
    # Three copies of an answer are more ratings, so that alpha's small-sample term moves; its error does not.
    assert krippendorff_alpha(thrice, clusters=names).error == pytest.approx(krippendorff_alpha(rows).error, rel=0.1)


def test_agreement_that_cannot_be_told_is_an_error() -> None:
    same: list[list[int | None]] = [[1, 1]] * 10
    with pytest.raises(ValueError, match="every rating is the same"):
        krippendorff_alpha(same)
    with pytest.raises(ValueError, match="every rating is the same"):
        cohen_kappa([1] * 10, [1] * 10)
    with pytest.raises(ValueError, match="two labels"):
        gwet(same)
    assert gwet(same, labels=[0, 1]).value == 1.0  # agreement on one of two labels is not by chance
    with pytest.raises(ValueError, match="not among the labels"):
        gwet(same, labels=[0, 2])
    with pytest.raises(ValueError, match="rated by both"):
        cohen_kappa([1, None], [None, 2])
    with pytest.raises(ValueError, match="numbers"):
        krippendorff_alpha([["a", "b"], ["a", "a"]], "interval")


# ------------------------------------------------------------------ strengths


def compared(seed: int, each: int = 40, ties: bool = True, favour: float = 0.0) -> list[Comparison]:
    dice = np.random.default_rng(seed)
    log = {"adapter": 0.6, "base": -0.5, "prompt": 0.1}
    rows = []
    for one in log:
        for other in log:
            if one == other:
                continue
            parts = np.exp([log[one] + favour, log[other], (log[one] + log[other] + favour) / 2 - 0.3])
            parts[2] *= ties
            for number in range(each):
                preferred = ("first", "second", "tie")[dice.choice(3, p=parts / parts.sum())]
                rows.append(Comparison(one, other, preferred, number))  # type: ignore[arg-type]  # one of the three
    return rows


def loglinear(rows: list[Comparison], order: bool) -> tuple[dict[str, float], np.ndarray, float, float]:
    """Davidson's model as a Poisson regression on the counts of each outcome (Fienberg and Larntz, 1976)."""
    arms = sorted({row.first for row in rows})
    pairs = sorted({(row.first, row.second) for row in rows})
    design, counts = [], []
    for pair_at, (one, other) in enumerate(pairs):
        for outcome in ("first", "second", "tie"):
            line = np.zeros(len(pairs) + len(arms) + 1)
            line[pair_at] = 1.0
            share = {"first": (1.0, 0.0), "second": (0.0, 1.0), "tie": (0.5, 0.5)}[outcome]
            for arm, part in zip((one, other), share, strict=True):
                if arm != arms[-1]:
                    line[len(pairs) + arms.index(arm)] += part
            line[-2], line[-1] = outcome == "tie", order * share[0]
            design.append(line if order else line[:-1])
            counts.append(sum((r.first, r.second, r.preferred) == (one, other, outcome) for r in rows))
    fit = sm.GLM(counts, np.array(design), family=sm.families.Poisson()).fit(tol=1e-12)
    at = len(pairs)
    covariance = fit.cov_params()[at : at + len(arms) - 1, at : at + len(arms) - 1]
    log = dict(zip(arms, [*fit.params[at : at + len(arms) - 1], 0.0], strict=True))
    return log, covariance, math.exp(fit.params[at + len(arms) - 1]), float(fit.params[-1])


@pytest.mark.parametrize("order", [False, True])
def test_strengths_agree_with_a_log_linear_model(order: bool) -> None:
    rows = compared(1, favour=0.4 if order else 0.0)
    log, covariance, ties, first = loglinear(rows, order)
    found = bradley_terry(rows, order_matters=order)
    assert found.arms == ("adapter", "base", "prompt")
    assert found.log.sum() == pytest.approx(0.0, abs=1e-9)
    assert found.difference("adapter", "prompt").value == pytest.approx(log["adapter"], abs=1e-6)
    assert found.difference("base", "prompt").error == pytest.approx(math.sqrt(covariance[1, 1]), rel=1e-5)
    apart = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert found.difference("adapter", "base").error == pytest.approx(math.sqrt(apart), rel=1e-5)
    assert found.ties == pytest.approx(ties, rel=1e-5)
    if order:
        assert found.first is not None
        assert found.first.value == pytest.approx(first, abs=1e-6)
    else:
        assert found.first is None


def test_without_ties_it_is_a_logistic_regression() -> None:
    rows = compared(2, ties=False)
    arms = ("adapter", "base", "prompt")
    design = np.array([[(r.first == arm) - (r.second == arm) for arm in arms[:2]] for r in rows], dtype=float)
    fit = sm.Logit([r.preferred == "first" for r in rows], design).fit(disp=0)
    found = bradley_terry(rows)
    assert found.ties == 0.0
    assert found.difference("adapter", "prompt").value == pytest.approx(fit.params[0], abs=1e-6)
    assert found.difference("adapter", "prompt").error == pytest.approx(fit.bse[0], rel=1e-6)
    names = [r.cluster for r in rows]
    robust = sm.Logit([r.preferred == "first" for r in rows], design).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": names, "df_correction": False}
    )
    clustered = bradley_terry(rows, clustered=True)
    scale = math.sqrt((len(rows) - 2) / (len(rows) - 1))  # statsmodels' other small-sample factor
    assert clustered.difference("base", "prompt").error == pytest.approx(robust.bse[1] * scale, rel=1e-6)
    assert clustered.degrees == 39


def test_two_arms_with_ties_have_a_closed_form() -> None:
    rows = (
        [Comparison("a", "b", "first")] * 30 + [Comparison("a", "b", "second")] * 12 + [Comparison("b", "a", "tie")] * 8
    )
    found = bradley_terry(rows)
    assert found.difference("a", "b").value == pytest.approx(math.log(30 / 12))
    assert found.ties == pytest.approx(8 / math.sqrt(30 * 12))
    assert found.strength("a").value == pytest.approx(math.log(30 / 12) / 2)


def test_strengths_without_a_bound_are_an_error_that_says_so() -> None:
    won = [Comparison("a", "b", "first")] * 10
    with pytest.raises(ValueError, match="exact intervals"):
        bradley_terry(won)
    with pytest.raises(ValueError, match="exact intervals"):
        bradley_terry([*won, Comparison("b", "c", "tie")])
    bradley_terry([*won, Comparison("b", "c", "tie"), Comparison("c", "a", "first")])
    with pytest.raises(ValueError, match="itself"):
        bradley_terry([Comparison("a", "a", "tie")])
    with pytest.raises(ValueError, match="at least one"):
        bradley_terry([])
    with pytest.raises(ValueError, match="first place"):
        bradley_terry([*won, Comparison("b", "a", "first")], order_matters=True)
    with pytest.raises(ValueError, match="no comparison with"):
        bradley_terry([*won, Comparison("b", "a", "first")]).strength("c")
