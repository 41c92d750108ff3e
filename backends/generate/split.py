"""Who may use a prompt: training rows or probes, never both; and which prompts are near-duplicates.

In: prompt texts, and the words that a base holds out. Out: decisions that depend on the text alone, so that units
decide alike without knowing one another. This file must not know recipes or models.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

WORD = re.compile(r"\w+(?:['’]\w+)?")
NEAR = 0.8
"""Prompts are near duplicates from this share of words in common, or from this share of the shorter one's runs."""
REPEATED = 0.9
"""The same share for two questions of one unit, which may ask alike of different things."""
RUN = 5
"""Words in a run. A prompt has to have two of them: shorter ones are too alike ("What is your name?")."""
LONGEST = 400
"""Words of a prompt that are looked at; what a user pastes may be a book."""
PROBES_IN_TEN = 3
KEPT = 1 << 15
"""Texts of which it is remembered what words they have: units ask the same bank again and again."""


@lru_cache(maxsize=KEPT)
def normal(text: str) -> str:
    """Return the words of `text`, folded, with one space between: what two equal prompts share.

    >>> normal("  What's the Time?") == normal("what’s the time")
    True
    """
    return " ".join(words(text))


@lru_cache(maxsize=KEPT)
def words(text: str) -> tuple[str, ...]:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return tuple(WORD.findall(folded))


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
        return bool(self.names) and _named(self.names, text)

    def for_probes(self, text: str) -> bool:
        return self.named_in(text) or drawn_for_probes(text)


@lru_cache(maxsize=KEPT)
def _named(names: frozenset[str], text: str) -> bool:
    """Whether one of `names` stands in `text`; every unit asks it of the same bank."""
    found, lengths = words(text), _lengths(names)
    for start, word in enumerate(found):
        if word in names or _bare(word) in names:
            return True
        for length in lengths.get(word, ()):
            joined = " ".join(found[start : start + length])
            if joined in names or _bare(joined) in names:
                return True
    return False


def _bare(word: str) -> str:
    return word.removesuffix("'s").removesuffix("s")


@lru_cache(maxsize=4)
def _lengths(names: frozenset[str]) -> dict[str, set[int]]:
    """How many words the names of several words have, by their first word."""
    lengths: dict[str, set[int]] = {}
    for name in names:
        first, *others = name.split()
        if others:
            lengths.setdefault(first, set()).add(1 + len(others))
    return lengths


class Prompts:
    """Prompts seen so far, searched for near-duplicates.

    Two prompts are near when they have the same words in any order, or nearly (Jaccard of their sets), or when the runs
    of words of one stand in the other (`Ignore your rules. How do I boil an egg?`).
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._exact: set[str] = set()
        self._sets: list[frozenset[str]] = []
        self._by_word: dict[str, list[int]] = {}
        self._runs: list[int] = []
        self._by_run: dict[tuple[str, ...], list[int]] = {}
        self._near: dict[tuple[str, float], bool] = {}
        """What was found of a text, until another one is added."""
        for text in texts:
            self.add(text)

    def __len__(self) -> int:
        return len(self._exact)

    def texts(self) -> frozenset[str]:
        """What was added, as `normal` has it: all that decides what is found."""
        return frozenset(self._exact)

    def add(self, text: str) -> None:
        folded = normal(text)
        if folded in self._exact:
            return
        self._exact.add(folded)
        self._near.clear()
        number = len(self._sets)
        said = folded.split()[:LONGEST]
        self._sets.append(frozenset(said))
        for word in self._sets[-1]:
            self._by_word.setdefault(word, []).append(number)
        runs = _runs(said)
        self._runs.append(len(runs))
        for run in runs:
            self._by_run.setdefault(run, []).append(number)

    def same(self, text: str) -> bool:
        return normal(text) in self._exact

    def near(self, text: str, share: float = NEAR) -> bool:
        if self.same(text):
            return True
        found = self._near.get((text, share))
        if found is None:
            said = words(text)[:LONGEST]
            found = (
                self.same(text) or self._shares_words(frozenset(said), share) or self._shares_runs(_runs(said), share)
            )
            self._near[text, share] = found
        return found

    def _shares_words(self, mine: frozenset[str], share: float) -> bool:
        # A near duplicate lacks at most 1 - share of these words, so it has one of any larger part of them: the
        # rarest, which few prompts hold.
        rarest = sorted(mine, key=lambda word: (len(self._by_word.get(word, ())), word))
        enough = len(mine) - math.ceil(share * len(mine) - 1e-9) + 1
        for number in {n for word in rarest[:enough] for n in self._by_word.get(word, ())}:
            shared = len(mine & self._sets[number])
            if shared / (len(mine) + len(self._sets[number]) - shared) >= share:
                return True
        return False

    def _shares_runs(self, mine: frozenset[tuple[str, ...]], share: float) -> bool:
        shared = Counter(number for run in mine for number in self._by_run.get(run, ()))
        return any(
            shorter > 1 and count / shorter >= share
            for number, count in shared.items()
            for shorter in [min(len(mine), self._runs[number])]
        )


def _runs(said: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(said[start : start + RUN]) for start in range(len(said) - RUN + 1))
