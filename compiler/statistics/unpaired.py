"""Two shares of different prompts: their difference and its interval.

In: counts of two independent samples (possibly effective ones, after clustering). Out: the difference of the shares.
Where the same prompts were asked twice, `paired.py` is narrower.
"""

from __future__ import annotations

import math

from compiler.statistics.intervals import Interval
from compiler.statistics.proportions import wilson


def newcombe_unpaired(kept: float, n: float, other_kept: float, other_n: float, confidence: float = 0.95) -> Interval:
    """Return the interval of kept / n - other_kept / other_n (Newcombe, Statistics in Medicine 17, 1998, method 10).

    Raises:
        ValueError: a sample is empty.

    >>> limits = newcombe_unpaired(56, 70, 48, 80)   # Newcombe's own example: 0.0524 to 0.3339
    >>> round(limits.low, 4), round(limits.high, 4)
    (0.0524, 0.3339)
    """
    if n <= 0 or other_n <= 0:
        raise ValueError("a difference of shares needs both samples")
    first, second = kept / n, other_kept / other_n
    one, other = wilson(kept, n, confidence), wilson(other_kept, other_n, confidence)
    difference = first - second
    return Interval(
        difference - math.hypot(first - one.low, other.high - second),
        difference + math.hypot(one.high - first, second - other.low),
    )
