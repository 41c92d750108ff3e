"""The incomplete beta function, and quantiles that follow from it.

Without a numeric library, since every report is read through these.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b).

    The continued fraction of DLMF 8.17.22, evaluated by Lentz's method (Thompson and Barnett, J. Comput. Phys. 64,
    1986); the symmetry I_x(a, b) = 1 - I_{1-x}(b, a) keeps x where the fraction converges fast.
    """
    if x <= 0.0 or x >= 1.0:
        return float(x > 0.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    tiny = 1e-300
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x) - math.log(a)
    )
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    fraction = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + term / c
            c = c if abs(c) > tiny else tiny
            fraction *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return front * fraction


def solve(increasing: Callable[[float], float], value: float, low: float, high: float) -> float:
    """Return x between `low` and `high` with increasing(x) = value, by bisection to the last bit."""
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if increasing(middle) < value:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return x with I_x(a, b) = probability."""
    return solve(lambda x: incomplete_beta(a, b, x), probability, 0.0, 1.0)


def t_tail(t: float, degrees: float) -> float:
    """Return P(T >= t) for Student's t (A&S 26.7.1); infinite degrees make it the normal."""
    if math.isinf(degrees):
        return math.erfc(t / math.sqrt(2.0)) / 2.0
    tail = incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + t * t)) / 2.0
    return tail if t >= 0.0 else 1.0 - tail


@lru_cache(maxsize=4096)
def t_quantile(probability: float, degrees: float) -> float:
    """Return the quantile of Student's t; its distribution function is an incomplete beta (DLMF 8.17, A&S 26.7.1).

    Infinite degrees make it the normal.
    """
    if math.isinf(degrees):
        return NormalDist().inv_cdf(probability)
    if probability < 0.5:
        return -t_quantile(1.0 - probability, degrees)
    tail = 2.0 * (1.0 - probability)
    x = beta_quantile(tail, degrees / 2.0, 0.5)
    return math.inf if x <= 0.0 else math.sqrt(degrees * (1.0 - x) / x)
