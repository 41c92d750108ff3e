"""Letters of a text, whatever they are dressed in; and which characters may stand for an ASCII letter or digit.

In: texts. Out: their letters and digits in a row, in two readings that can only err on one side.

    letters(text)    of every script, undressed: a phrase that `phrases` finds in a text, at any layer, has its letters
                     in a row among the text's letters
    hiding()         the characters beyond ASCII that `phrases` may read as an ASCII letter or digit: in a text without
                     one, the ASCII letters of a phrase stand in a row among the text's ASCII letters (`squeezed`)

Both hold since every layer of `phrases` changes case, form or look of letters, or takes away what is no letter; each
character by itself. Tests hold them against every code point. This file must not know rules.

>>> letters("As an A.I., I fl\\u200boat: cafe\\u0301, ｆｕｌｌ, с-о-р-у.")
'asanaiifloatcafefullcopy'
>>> may_hide("plain café"), may_hide("ｆull width"), may_hide("сору")
(False, True, True)
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from compiler.checks import phrases

KEPT = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
DELETED = bytes(sorted(set(range(256)) - KEPT))
LOWER = bytes(range(256)).lower()
_ALNUM = re.compile("[a-z0-9]")
_NO_LETTERS = re.compile(r"[\W_]+")
_BLANK = dict.fromkeys(map(ord, phrases.BLANK))
SCRIPTS = (range(0x80, 0x3400), range(0xA000, 0xAC00), range(0xE000, 0x20000))
"""Where characters may become others: not ideographs, Hangul and surrogates between them, nor anything beyond, which
is ideographs, empty planes, tags and variation selectors."""


def squeezed(text: str) -> str:
    """Return the ASCII letters and digits of `text`, in lower case."""
    return text.encode("utf-8", "replace").translate(LOWER, DELETED).decode("ascii")


def letters(text: str) -> str:
    """Return the letters and digits of `text` in a row: no case, no marks, no compatibility forms, no look-alikes."""
    if text.isascii():
        return squeezed(text)
    bare = _decomposed(_decomposed(text).casefold()).translate(phrases.UNIFIED).translate(phrases.LOOK_ALIKE)
    return _NO_LETTERS.sub("", bare.translate(_BLANK))


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFKD", text)


def folded(text: str) -> str:
    """Return `text` as the widest layer of `phrases` reads it."""
    return phrases.fold(text).translate(phrases.LOOK_ALIKE)


@cache
def hiding() -> str:
    """Return the characters beyond ASCII that may become ASCII letters or digits, as ranges of a class."""
    points = [point for points in SCRIPTS for point in points if becomes_ascii(chr(point))]
    ranges: list[tuple[int, int]] = []
    for point in points:
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1] = (ranges[-1][0], point)
        else:
            ranges.append((point, point))
    return "".join(f"{chr(a)}-{chr(b)}" if a < b else chr(a) for a, b in ranges)


def is_plain(character: str) -> bool:
    """Whether neither case nor a compatibility form makes another one of it, as of most characters."""
    return not unicodedata.decomposition(character) and character.casefold() == character


def becomes_ascii(character: str) -> bool:
    if is_plain(character):
        # Most characters, at a glance: they are what they are, or drawn like another one.
        return ord(character) in phrases.LOOK_ALIKE
    return any(_ALNUM.search(layer) for layer in (folded(character), phrases.nfkc(character), character.casefold()))


@cache
def _hides() -> re.Pattern[str]:
    return re.compile(f"[{hiding()}]")


def may_hide(text: str) -> bool:
    """Whether a character of `text` may stand for an ASCII letter or digit."""
    return not text.isascii() and _hides().search(text) is not None
