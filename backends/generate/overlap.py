"""Questions that say the same in nearly the same words: ROUGE-L, as Self-Instruct filters by it.

In: questions, one by one. Out: whether one is too near to what was taken before. ROUGE-L (Lin 2004) is the F1 of the
longest common subsequence of words: `2 * LCS(a, b) / (len(a) + len(b))`. Self-Instruct (Wang et al. 2023, section 2.2)
takes an instruction only where it is below 0.7 with every one that was taken. Comparing each with all is quadratic;
here an index leaves the few that can reach the threshold. This file must not know models or units.

>>> taken = Taken()
>>> taken.add("How much salt goes into the soup?")
>>> taken.near("How much salt goes in the soup?"), taken.near("Who cooks the soup?")
(True, False)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from backends.generate.split import LONGEST, words

THRESHOLD = 0.7


class Taken:
    """Questions that were taken, searched for one that is at least `threshold` near.

    A prefix filter (Chaudhuri et al. 2006) with positions (Xiao et al. 2008): a common subsequence is a common set of
    words. Words stand in one order, rare ones first; two questions that share `needed` of their m and n words share one
    of the first m - needed + 1 and n - needed + 1. How rare a word is, is counted whenever twice as many were taken.
    """

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self.threshold = threshold
        self.compared = 0
        """Pairs whose common subsequence was computed."""
        self._said: list[Sequence[str]] = []
        self._count: Counter[str] = Counter()
        self._rank: dict[str, int] = {}
        self._counted_at = 8
        self._first: dict[str, list[tuple[int, int, int]]] = {}
        """By a word among a question's first ones: the question's number and length, and the word's place."""

    def __len__(self) -> int:
        return len(self._said)

    def add(self, text: str) -> None:
        said = words(text)[:LONGEST]
        self._said.append(said)
        self._count.update(_told_apart(said))
        if len(self._said) >= self._counted_at:
            self._counted_at *= 2
            self._rank = dict(self._count)
            self._first = {}
            for number in range(len(self._said)):
                self._index(number)
        else:
            self._index(len(self._said) - 1)

    def near(self, text: str) -> bool:
        mine = words(text)[:LONGEST]
        if not mine:
            return False
        length = len(mine)
        half = self.threshold / 2
        found: set[int] = set()
        for place, word in enumerate(self._ordered(mine)[: length - self._shortest(length) + 1]):
            for number, other, its_place in self._first.get(word, ()):
                if min(length - place, other - its_place) >= half * (length + other) - 1e-9:
                    found.add(number)
        places = _places(mine)
        for number in sorted(found):
            other_words = self._said[number]
            self.compared += 1
            if _common(places, length, other_words) >= half * (length + len(other_words)) - 1e-9:
                return True
        return False

    def _index(self, number: int) -> None:
        said = self._said[number]
        for place, word in enumerate(self._ordered(said)[: len(said) - self._shortest(len(said)) + 1]):
            self._first.setdefault(word, []).append((number, len(said), place))

    def _ordered(self, said: Sequence[str]) -> Sequence[str]:
        return sorted(_told_apart(said), key=lambda word: (self._rank.get(word, 0), word))

    def _shortest(self, length: int) -> int:
        """The fewest words that a near question has in common with one of `length`: F1 of t needs LCS >= t / 2 *
        (m + n), and LCS <= n, so that n >= t * m / (2 - t), and LCS is at least that too."""
        half = self.threshold / 2
        return math.ceil(half * length / (1 - half) - 1e-9)


def _told_apart(said: Sequence[str]) -> Sequence[str]:
    """The words, each further time a word of its own."""
    seen: Counter[str] = Counter()
    found = []
    for word in said:
        found.append(f"{word} {seen[word]}" if word in seen else word)
        seen[word] += 1
    return found


def _places(said: Sequence[str]) -> dict[str, int]:
    """Each word's places, a bit for each."""
    found: dict[str, int] = {}
    for place, word in enumerate(said):
        found[word] = found.get(word, 0) | 1 << place
    return found


def _common(places: dict[str, int], length: int, other: Sequence[str]) -> int:
    """The length of the longest common subsequence, a row of the table at once as bits (Hyyro 2004)."""
    everything = (1 << length) - 1
    row = everything
    for word in other:
        held = row & places.get(word, 0)
        row = (row + held | row - held) & everything
    return length - row.bit_count()
