"""Which characters stand for which: `checks/phrases.py` and `checks/patterns.py`, read backwards.

In: a reading of texts. Out: for a text of one or more characters, the single characters that are read as it. This file
must not know phrases.

>>> "\\uff41" in Letters.folded().one("a"), "\\u0430" in Letters.folded().one("a"), "A" in Letters.folded().one("a")
(True, True, True)
>>> Letters.folded().starting("fit")   # the ligature
('fi',)
>>> "\\u2019" in Letters.plain().one("'")
True
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from compiler.checks import phrases
from compiler.corpus.folding import SCRIPTS, folded, is_plain


@dataclass(frozen=True)
class Letters:
    """read: text -> single characters that are read as it, where these are others than itself. longest: of the texts,
    in characters. firsts: what texts of more than one begin with."""

    read: dict[str, str]
    longest: int
    firsts: frozenset[str]

    @staticmethod
    @cache
    def folded() -> Letters:
        """Case, compatibility forms, unified punctuation and look-alikes: as the widest layer of `phrases` reads."""
        return _letters(folded)

    @staticmethod
    @cache
    def plain() -> Letters:
        """Compatibility forms and unified punctuation, case kept: as `patterns` reads a second time."""
        return _letters(lambda text: unicodedata.normalize("NFKC", text.translate(phrases.UNIFIED)))

    def one(self, character: str) -> str:
        """Return every character that is read as `character`, itself first."""
        found = character + self.read.get(character, "")
        # Between letters, a back tick stands for an apostrophe.
        return f"{found}`" if character == "'" else found

    def starting(self, text: str) -> tuple[str, ...]:
        """Return the beginnings of `text`, of two characters and more, that one character is read as."""
        if text[:2] not in self.firsts:
            return ()
        sizes = range(2, min(self.longest, len(text)) + 1)
        return tuple(text[:size] for size in sizes if text[:size] in self.read)


def _letters(reading: Callable[[str], str]) -> Letters:
    found: dict[str, str] = {}
    for character in map(chr, _points()):
        becomes = reading(character)
        if becomes and becomes != character:
            found[becomes] = found.get(becomes, "") + character
    return Letters(found, max(map(len, found)), frozenset(text[:2] for text in found if len(text) > 1))


@cache
def _points() -> tuple[int, ...]:
    """The characters that any reading may change; most characters are what they are."""
    changed = {*phrases.LOOK_ALIKE, *phrases.UNIFIED, *range(0x41, 0x5B)}
    for script in SCRIPTS:
        changed.update(point for point in script if not is_plain(chr(point)))
    return tuple(sorted(changed))
