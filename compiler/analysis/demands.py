"""What a clause asks of the text of an answer: parts that it holds, and what it may not hold.

In: clauses. Out: `Said` (an answer holds one of these), `Barred` (an answer holds none of these) and `Limit` (an answer
is no longer). What only a judge could read in an answer asks for no text. This file must not compare clauses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, assert_never

from compiler.ir import Clause
from compiler.offers import offered
from spec.constructs import (
    Forbid,
    Format,
    Outcomes,
    Persona,
    Prefer,
    Refuse,
    Require,
    Rule,
    Secret,
    Stance,
    Trait,
)
from spec.document import Pattern
from spec.frozen import dataclass

Item = str | Pattern
Unit = Literal["words", "sentences", "words in a sentence"]

SHORT_SENTENCE = 20
"""Words: what `sentences: short` means where a number is needed, as in `compiler/deciding.py`."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer holds one of `items`. always: every answer in scope, and not only those to some requests."""

    clause: Clause
    field: str
    items: tuple[Item, ...]
    where: Literal["start", "end", "anywhere"] = "anywhere"
    always: bool = False


@dataclass(frozen=True, slots=True)
class Barred:
    """No answer holds `item`."""

    clause: Clause
    field: str
    item: Item


@dataclass(frozen=True, slots=True)
class Limit:
    """No answer has more than `most` words or sentences, or a longer sentence."""

    clause: Clause
    field: str
    unit: Unit
    most: int


FEATURES = {
    "questions": r"\?",
    "markdown": r"^#{1,6} |\*\*[^*\n]+\*\*|__[^_\n]+__|\[[^\]\n]+\]\([^)\n]+\)",
    "lists": r"^[ \t]*(?:[-*+\u2022]|[0-9]{1,3}[.)]) ",
    "code": r"^[ \t]*(?:```|~~~)",
}
"""What a format can rule out, as `compiler/deciding.py` looks for it."""


def said(clause: Clause) -> Iterator[Said]:
    body = clause.body
    match body:
        case Require():
            if body.starts:
                yield Said(clause, "starts", (body.starts,), "start", True)
            if body.ends:
                yield Said(clause, "ends", (body.ends,), "end", True)
            for item in body.includes:
                yield Said(clause, "includes", (item,), always=True)
        case Trait(signs=signs) | Stance(signs=signs):
            if signs:
                yield Said(clause, "signs", signs)
        case Refuse(offer=offer):
            if offer and (things := offered(body)):
                yield Said(clause, "offer", things)
        case Persona():
            yield Said(clause, "called", (body.called or clause.name,))
        case Forbid() | Secret() | Format() | Prefer() | Rule() | Outcomes():
            return
        case _:
            assert_never(body)


def barred(clause: Clause) -> Iterator[Barred]:
    match clause.body:
        case Forbid(phrases=phrases, patterns=patterns):
            yield from (Barred(clause, "phrases", phrase) for phrase in phrases)
            yield from (Barred(clause, "patterns", pattern) for pattern in patterns)
        case Secret(keep=keep):
            yield from (Barred(clause, "keep", text) for text in keep)
        case _:
            return


def limits(clause: Clause) -> Iterator[Limit]:
    match clause.body:
        case Format(max_words=words, max_sentences=sentences) | Prefer(max_words=words, max_sentences=sentences):
            if words:
                yield Limit(clause, "max_words", "words", words)
            if sentences:
                yield Limit(clause, "max_sentences", "sentences", sentences)
        case Persona(voice=voice):
            if voice.sentences == "short":
                yield Limit(clause, "voice", "words in a sentence", SHORT_SENTENCE)
        case _:
            return


def without(clause: Clause) -> Iterator[str]:
    """Yield what the clause rules out of every answer: names of `FEATURES`, and `emoji`."""
    match clause.body:
        case Format() as body:
            yield from (name for name in FEATURES if getattr(body, name) == "never")
        case Persona(voice=voice):
            if voice.emoji == "never":
                yield "emoji"
        case _:
            return


def has(feature: str, text: str) -> bool:
    """Say whether `text` has what a format or a voice can rule out."""
    if feature == "emoji":
        if text.isascii():
            return False
        from compiler.checks import emoji  # its folder loads pydantic

        return bool(emoji.find(text))
    return re.search(FEATURES[feature], text, re.MULTILINE) is not None


def exceeds(limit: Limit, text: str) -> int:
    """Return how many words or sentences `text` has, where that is more than the limit; else 0."""
    # A word has a letter and a gap; in scripts without spaces, a letter.
    if len(text) <= limit.most * (2 if text.isascii() else 1):
        return 0
    count = _count(limit.unit, text)
    return count if count > limit.most else 0


@lru_cache(maxsize=1024)
def _count(unit: Unit, text: str) -> int:
    from compiler.checks import length  # its folder loads pydantic

    match unit:
        case "words":
            return length.count_words(text)
        case "sentences":
            return len(length.sentences(text))
        case "words in a sentence":
            return max((length.count_words(sentence) for sentence in length.sentences(text)), default=0)
