"""Likelihood ratios and labels -> verdicts: where to cut, learned without an answer judging itself.

In: for labelled answers, log p(answer | clause) - log p(answer | without it), and whether they keep the clause. Out: a
threshold, and cross-fitted verdicts. Zero is no threshold: a prompt that asks for any voice makes every voice likelier.
This file must not know models or clauses.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def threshold(ratios: Sequence[float], kept: Sequence[bool]) -> float | None:
    """Return the cut that tells kept from broken best: the highest sum of sensitivity and specificity (Youden, Cancer
    3, 1950), in the middle of its gap; None where one sort is missing, or no cut is better than none.

    >>> threshold([1.0, 2.0, 5.0, 9.0], [False, False, True, True])
    3.5
    """
    good, bad = sum(kept), len(kept) - sum(kept)
    if not good or not bad:
        return None
    ranked = sorted(zip(ratios, kept, strict=True))
    best, cut = 0.0, None
    above_good, above_bad = good, bad
    for (ratio, keeps), (following, _) in pairwise(ranked):
        above_good, above_bad = above_good - keeps, above_bad - (not keeps)
        index = above_good / good - above_bad / bad
        if following > ratio and index > best:
            best, cut = index, (ratio + following) / 2.0
    return cut


def cross_fitted(ratios: Sequence[float], kept: Sequence[bool]) -> list[bool | None]:
    """Decide each answer by the threshold of the other half of the answers, so that no label judges itself; None where
    that half gives no threshold. Halves are by turns within each sort.

    >>> cross_fitted([1.0, 2.0, 6.0, 9.0], [False, False, True, True])
    [False, False, True, True]
    """
    seen = {True: 0, False: 0}
    halves = []
    for keeps in kept:
        halves.append(seen[keeps] % 2)
        seen[keeps] += 1
    cuts: dict[int, float | None] = {}
    for half in (0, 1):
        own = [place for place, of in enumerate(halves) if of == half]
        cuts[1 - half] = threshold([ratios[p] for p in own], [kept[p] for p in own])
    return [None if (cut := cuts[half]) is None else ratio > cut for ratio, half in zip(ratios, halves, strict=True)]
