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
    d = 1.0 / (d or tiny)
    fraction = d
    for m in range(1, 10_000):
        at = a + 2 * m
        # Two terms a step, written out: every interval of every look goes through here.
        term = m * (b - m) * x / ((at - 1.0) * at)
        d = 1.0 / ((1.0 + term * d) or tiny)
        c = (1.0 + term / c) or tiny
        fraction *= c * d
        term = -(a + m) * (a + b + m) * x / (at * (at + 1.0))
        d = 1.0 / ((1.0 + term * d) or tiny)
        c = (1.0 + term / c) or tiny
        step = c * d
        fraction *= step
        if -1e-15 < step - 1.0 < 1e-15:
            break
    return front * fraction


def solve(increasing: Callable[[float], float], value: float, low: float, high: float) -> float:
    """Return x between `low` and `high` with increasing(x) = value; the end where there is none.

    Chandrupatla's method (Adv. Eng. Softw. 28, 1997): inverse quadratic steps where the function is smooth enough,
    halving where it is not, or is infinite.
    """
    a, b = low, high
    at_a, at_b = increasing(a) - value, increasing(b) - value
    if at_a >= 0.0 or at_b <= 0.0:
        return low if at_a >= 0.0 else high
    share = 0.5
    for _ in range(200):
        x = a + share * (b - a)
        at_x = increasing(x) - value
        if at_x == 0.0 or x in (a, b):
            return x
        if (at_x > 0.0) == (at_a > 0.0):
            c, at_c = a, at_a
        else:
            c, b, at_c, at_b = b, a, at_b, at_a
        a, at_a = x, at_x
        nearest = a if abs(at_a) < abs(at_b) else b
        room = (4e-16 * abs(nearest) + 1e-300) / abs(b - a)
        if room > 0.5:
            return nearest
        share = 0.5
        if math.isfinite(at_a) and math.isfinite(at_b) and math.isfinite(at_c):
            xi, phi = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
            if phi * phi < xi and (1.0 - phi) ** 2 < 1.0 - xi:
                share = at_a / (at_b - at_a) * at_c / (at_b - at_c)
                share += (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
        share = min(1.0 - room, max(room, share))
    return a


@lru_cache(maxsize=65536)
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
