"""Who may use a prompt: training rows or probes, never both; and which prompts are near-duplicates.

In: prompt texts, and the words that a base holds out. Out: decisions that depend on the text alone, so that units
decide alike without knowing one another. This file must not know recipes or models.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

WORD = re.compile(r"\w+(?:['’]\w+)?")
NEAR = 0.8
PROBES_IN_TEN = 3


def normal(text: str) -> str:
    """Return the words of `text`, folded, with one space between: what two equal prompts share.

    >>> normal("  What's the Time?") == normal("what’s the time")
    True
    """
    return " ".join(words(text))


def words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return WORD.findall(folded)


def drawn_for_probes(text: str) -> bool:
    """Draw three in ten prompts for probes, by a hash of their words."""
    return hashlib.sha256(normal(text).encode()).digest()[0] % 10 < PROBES_IN_TEN


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Words (or names of several words) that a base knows and that no training row may contain."""

    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> HeldOut:
        return cls(frozenset(normal(name) for name in names) - {""})

    def named_in(self, text: str) -> bool:
        """Whether a held-out name stands in `text`, also in a plural or a genitive."""
        if not self.names:
            return False
        found = words(text)
        longest = max(name.count(" ") + 1 for name in self.names)
        for start in range(len(found)):
            for length in range(1, longest + 1):
                joined = " ".join(found[start : start + length])
                if joined in self.names or joined.removesuffix("'s").removesuffix("s") in self.names:
                    return True
        return False

    def for_probes(self, text: str) -> bool:
        return self.named_in(text) or drawn_for_probes(text)


class Prompts:
    """Prompts seen so far, searched for near-duplicates: equal words in any order, or nearly (Jaccard 0.8 of their
    sets)."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._exact: set[str] = set()
        self._sets: list[frozenset[str]] = []
        self._by_word: dict[str, list[int]] = {}
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        folded = normal(text)
        if folded in self._exact:
            return
        self._exact.add(folded)
        number = len(self._sets)
        self._sets.append(frozenset(folded.split()))
        for word in self._sets[-1]:
            self._by_word.setdefault(word, []).append(number)

    def same(self, text: str) -> bool:
        return normal(text) in self._exact

    def near(self, text: str) -> bool:
        if self.same(text):
            return True
        mine = frozenset(words(text))
        shared: dict[int, int] = {}
        for word in mine:
            for number in self._by_word.get(word, ()):
                shared[number] = shared.get(number, 0) + 1
        return any(n / (len(mine) + len(self._sets[i]) - n) >= NEAR for i, n in shared.items())
