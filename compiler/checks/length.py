"""`length`: how long an answer and its sentences are.

In: limits and an answer. Out: whether it stays within them. A word is a run between white space that holds a letter or
digit; in scripts without spaces each character counts. A sentence ends at an end mark before white space, or at a line
end; abbreviations and numbered list marks end none.

>>> count_words("Well - it's 3.5 metres, e.g. here."), len(sentences("It is 3.5 m, e.g. here. Dr. Hale agrees!"))
(6, 2)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.checks.phrases import UNSPACED
from compiler.records.checks import LengthCheck

_ABBREVIATIONS = {
    *(
        "e.g.",
        "i.e.",
        "etc.",
        "cf.",
        "vs.",
        "approx.",
        "dr.",
        "mr.",
        "mrs.",
        "ms.",
        "prof.",
        "st.",
        "no.",
        "fig.",
        "vol.",
    ),
    *("a.m.", "p.m.", "u.s.", "u.k.", "inc.", "ltd."),
}
_WORD = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
_END = re.compile(r"[.!?\u2026]+[\"'\u2019\u201d)\]*_]*(?=\s|$)|[\u3002\uff01\uff1f]+|\n+")
_LIST_MARK = re.compile(r"(?:\d+|[A-Za-z])[.)]$")


def count_words(text: str) -> int:
    return sum(any(c.isalnum() for c in word) for word in _WORD.findall(text))


def words(text: str) -> Iterator[re.Match[str]]:
    """Yield the runs between white space; those without a letter or digit count as no word."""
    return _WORD.finditer(text)


def sentences(text: str) -> list[str]:
    """Return the sentences of `text`, each with its end mark, without those that hold no word."""
    out: list[str] = []
    start = 0
    for end in _END.finditer(text):
        piece = text[start : end.end()]
        if end.group().startswith("."):
            words = piece.split()
            last = words[-1].lower().lstrip("(\"'") if words else ""
            if last in _ABBREVIATIONS or (len(words) == 1 and _LIST_MARK.match(last)):
                continue
        out.append(piece)
        start = end.end()
    out.append(text[start:])
    return [piece.strip() for piece in out if count_words(piece)]


def holds(check: LengthCheck, answer: str) -> bool:
    if check.max_words is not None and count_words(answer) > check.max_words:
        return False
    if check.max_sentences is None and check.max_sentence_words is None:
        return True
    said = sentences(answer)
    if check.max_sentences is not None and len(said) > check.max_sentences:
        return False
    limit = check.max_sentence_words
    return limit is None or all(count_words(sentence) <= limit for sentence in said)
