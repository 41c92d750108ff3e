"""`phrases`: whether one of some literal phrases occurs, however it is dressed up.

In: phrases and an answer. Out: the phrase found and the layer at which it came to light. Each layer reads both sides
through one more disguise, and the first that matches names it:

    exact        the characters themselves
    case         letter case folded
    nfkc         full-width, ligature and other compatibility forms
    invisible    zero-width, bidirectional and other format characters, variation selectors, soft hyphens
    punctuation  white space collapsed; apostrophes, quotation marks, dashes and dots unified
    markup       Markdown's emphasis and code marks
    look-alike   Cyrillic, Greek and other letters drawn like Latin ones
    spaced       letters set apart one by one: `C-e-r-t-a-i-n-l-y`

A phrase that begins or ends with a letter or digit matches whole words only: `art` is not in `start`. Scripts that
write no spaces between words (Han, kana, Thai and their like) have no such bound.

>>> found(["Certainly!"], "Well, cer\\u200btainly! Here it is.")
Match(phrase='Certainly!', layer='invisible')
>>> found(["art"], "A fresh start.") is None
True
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple, get_args

from compiler.records.checks import PhrasesCheck

Layer = Literal["exact", "case", "nfkc", "invisible", "punctuation", "markup", "look-alike", "spaced"]
LAYERS: tuple[Layer, ...] = get_args(Layer)


class Match(NamedTuple):
    phrase: str
    layer: Layer


# Drawn as nothing, though Unicode calls them letters or marks and not format characters.
BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u3164\uffa0"

UNIFIED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u02b9\u00b4\uff07\u055a", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u2043", "-"),
        "\u2026": "...",
    }
)

# A back tick inside a word stands for an apostrophe; anywhere else it is markup.
_TICK = re.compile(r"(?<=[^\W_])`(?=[^\W_])")
MARKUP = "*_`~\\"
_MARKUP = re.compile(f"[{re.escape(MARKUP)}]+")
LEAST_SPACED = 4
"""Letters of the shortest phrase that is looked for letter by letter: fewer cannot be told from ordinary text."""

# Case is folded already. Cyrillic, Greek, then letters of other blocks that fonts draw like Latin ones.
LOOK_ALIKE = str.maketrans(
    "авсԁеһіјкӏмпорԛѕтυѵԝху" + "αβεικνορτχγω" + "ıȷɑɡոօս",
    "abcdehijklmnopqstuvwxy" + "abeiknoptxyw" + "ijagnou",
)

# Scripts without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Han.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_APART = re.compile(r"[\W_]+")
_UNSPACED = re.compile(f"[{UNSPACED}]")


def strip_invisible(text: str) -> str:
    """Return `text` without the characters that are drawn as nothing."""
    if text.isascii():
        return text
    return _invisible().sub("", text)


@cache
def invisible() -> str:
    """Return the characters that are drawn as nothing; those of format (Cf) stand in the first two planes and the
    tags."""
    planes = (*range(0x80, 0x20000), *range(0xE0000, 0xE1000))
    formats = (chr(point) for point in planes if unicodedata.category(chr(point)) == "Cf")
    selectors = map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
    return "".join((BLANK, *formats, *selectors))


@cache
def _invisible() -> re.Pattern[str]:
    return re.compile(f"[{invisible()}]")


def nfkc(text: str) -> str:
    # Twice, since folding case can leave a form that is not normalised, and the other way round.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


# Several layers, and several checks, read the same answer one after the other.
@lru_cache(maxsize=2048)
def _punctuation(text: str) -> str:
    # Unified before NFKC (which turns an acute accent into a space and a mark) and after it (full-width forms).
    folded = nfkc(strip_invisible(text).translate(UNIFIED)).translate(UNIFIED)
    return " ".join(_TICK.sub("'", folded).split())


def fold(text: str) -> str:
    """Return `text` as other checks compare it: no case, no format characters, plain punctuation, no markup."""
    return " ".join(_MARKUP.sub("", _punctuation(text)).split())


FOLDS: dict[Layer, Callable[[str], str]] = {
    "exact": lambda text: text,
    "case": str.casefold,
    "nfkc": nfkc,
    "invisible": lambda text: nfkc(strip_invisible(text)),
    "punctuation": _punctuation,
    "markup": fold,
    "look-alike": lambda text: fold(text).translate(LOOK_ALIKE),
    "spaced": lambda text: fold(text).translate(LOOK_ALIKE),
}


def is_word(character: str) -> bool:
    """Whether a character belongs to a word that must not be cut."""
    return character.isalnum() and not _UNSPACED.match(character)


def bounded(literal: str, body: str | None = None) -> str:
    """Return a regular expression for `literal`, bounded by words; `body` replaces the escaped text between."""
    before = r"(?<![^\W_])" if is_word(literal[0]) else ""
    after = r"(?![^\W_])" if is_word(literal[-1]) else ""
    return before + (re.escape(literal) if body is None else body) + after


def _spaced(literal: str) -> str | None:
    """Every letter set apart from the next; None for phrases too short to tell from ordinary text."""
    letters = [c for c in literal if c.isalnum()]
    if len(letters) < LEAST_SPACED:
        return None
    return bounded("".join(letters), r"[\W_]{1,3}".join(map(re.escape, letters)))


class Matcher(NamedTuple):
    """pattern: one alternation for all phrases, a group each, longest first, so that the fullest phrase is named.
    named: the phrase of each group. needed: strings one of which stands in every text that the pattern finds."""

    pattern: re.Pattern[str]
    named: tuple[str, ...]
    needed: tuple[str, ...]


class Text(NamedTuple):
    """What is searched at a layer, and where `needed` is looked for first: a search takes 40 times as long."""

    searched: str
    looked_at: str


@lru_cache(maxsize=16384)
def _matchers(phrases: tuple[str, ...]) -> tuple[Matcher | None, ...]:
    """What is searched for at each layer; the same object where it is the same as at the layer before."""
    found: list[Matcher | None] = []
    for layer in LAYERS:
        matcher = _matcher(phrases, layer)
        found.append(found[-1] if found and found[-1] == matcher else matcher)
    return tuple(found)


def _matcher(phrases: tuple[str, ...], layer: Layer) -> Matcher | None:
    bodies: list[str] = []
    named: list[str] = []
    needed: list[str] = []
    for phrase in sorted(phrases, key=len, reverse=True):
        literal = FOLDS[layer](phrase)
        if layer != "exact":
            literal = literal.strip()
        body = (_spaced(literal) if layer == "spaced" else bounded(literal)) if literal else None
        if body:
            bodies.append(body)
            named.append(phrase)
            needed.append("".join(filter(str.isalnum, literal)) if layer == "spaced" else literal)
    if not bodies:
        return None
    return Matcher(re.compile("|".join(f"({body})" for body in bodies)), tuple(named), tuple(needed))


class Texts(list[Text]):
    """What is searched of an answer at each layer, as far as it was asked for: most phrases are found at a plain layer.
    The same object where it is the same as at the layer before."""

    __slots__ = ("_answer",)

    def __init__(self, answer: str) -> None:
        super().__init__()
        self._answer = answer

    def at(self, place: int) -> Text:
        """The text at layer `place`, which is made with those before it where it is not there."""
        while place >= len(self):
            layer = LAYERS[len(self)]
            searched = FOLDS[layer](self._answer)
            text = Text(searched, _APART.sub("", searched) if layer == "spaced" else searched)
            self.append(self[-1] if self and self[-1] == text else text)
        return self[place]


# Every rule of a spec reads the same answer.
_texts = lru_cache(maxsize=1024)(Texts)


def found(phrases: Sequence[str], answer: str) -> Match | None:
    """Return the phrase that occurs in `answer` at the plainest layer, or None."""
    before: tuple[Matcher | None, Text | None] = (None, None)
    texts = _texts(answer)
    for place, matcher in enumerate(_matchers(tuple(phrases))):
        if matcher is None:
            continue
        text = texts[place] if place < len(texts) else texts.at(place)
        if matcher is before[0] and text is before[1]:
            continue
        before = matcher, text
        for needed in matcher.needed:
            if needed in text.looked_at:
                break
        else:
            continue
        hit = matcher.pattern.search(text.searched)
        if hit and hit.lastindex:
            return Match(matcher.named[hit.lastindex - 1], LAYERS[place])
    return None


def layer(phrase: str, answer: str) -> Layer | None:
    """Return the layer at which `phrase` is caught in `answer`, or None.

    >>> layer("As an AI", "As an AI, I float."), layer("As an AI", "as an\\u00a0AI")
    ('exact', 'nfkc')
    """
    hit = found((phrase,), answer)
    return hit.layer if hit else None


def holds(check: PhrasesCheck, answer: str) -> bool:
    return (found(check.phrases, answer) is not None) == check.present
