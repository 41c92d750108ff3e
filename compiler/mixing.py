"""Shares of a mixture, and shares as whole rows by the method of the largest remainder (Hamilton).

In: a mixture; weights and a total. Out: what is named in it; whole numbers that add up to the total. This file must not
know units or rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from spec.document import Mixture

CHATS = ("dialogue", "reflection", "interaction")
"""Shares of chats, which only a job that reads chats trains on."""


def asked_shares(mixture: Mixture) -> dict[str, float]:
    """The shares that a spec names, in the order of the record."""
    return {f.name: share for f in fields(mixture) if (share := getattr(mixture, f.name)) is not None}


def apportioned(weights: Sequence[float], total: int) -> list[int]:
    """Return whole numbers in proportion to `weights`, which add up to `total`: each quota rounded down, and what is
    left given to the largest remainders, the first of equal ones first. Zeros where no weight is above zero.

    >>> apportioned([0.5, 0.3, 0.2], 101)
    [51, 30, 20]
    """
    whole = sum(weights)
    if whole <= 0:
        return [0] * len(weights)
    quotas = [weight / whole * total for weight in weights]
    # 0.3 of 10 is 3, whatever its last bit says.
    counts = [int(quota + 1e-9) for quota in quotas]
    order = sorted(range(len(quotas)), key=lambda i: (round(counts[i] - quotas[i], 9), i))
    for place in order[: total - sum(counts)]:
        counts[place] += 1
    return counts


def within(weights: Sequence[float], total: int, room: Sequence[int | None]) -> list[int]:
    """As `apportioned`, where no count passes its `room` (None: there is no end); what does not fit goes to the
    others. The counts add up to less than `total` where all rooms are full.

    >>> within([1, 1, 1], 30, [4, None, None])
    [4, 13, 13]
    """
    counts = [0] * len(weights)
    left = total
    while left:
        free = [w if r is None or c < r else 0.0 for w, c, r in zip(weights, counts, room, strict=True)]
        more = apportioned(free, left)
        if not any(more):
            break
        for place, extra in enumerate(more):
            end = room[place]
            counts[place] += extra if end is None else min(extra, end - counts[place])
        left = total - sum(counts)
    return counts


def named(shares: Mapping[str, float], total: int) -> dict[str, int]:
    """`apportioned` by name.

    >>> named({"written": 0.6, "bank": 0.4}, 10)
    {'written': 6, 'bank': 4}
    """
    return dict(zip(shares, apportioned(list(shares.values()), total), strict=True))
