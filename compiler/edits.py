"""Minimal edits: a phrase taken out of an answer, the sentence mended, and a proof that nothing else differs.

In: an answer, the places of what has to go, an edited answer. Out: the answer without it, and whether two answers
differ there alone. This file must not know how the places were found, nor what is forbidden.

>>> without("Certainly! the sea is deep.", [(0, 10)])
'The sea is deep.'
>>> without("It is, as an AI model, hard to say.", [(7, 21)])
'It is hard to say.'
>>> without("What an AI model can say is this.", [(5, 16)]) is None
True
>>> differ_only_there("Certainly! The sea is deep.", "The sea is deep.", [(0, 10)])
True
>>> differ_only_there("Certainly! The sea is deep.", "The sea is blue.", [(0, 10)])
False
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

Place = tuple[int, int]

OPENS = re.compile(r"(?:^|[.!?:…\n][\"'”’)*_]*)\s*$")
"""What stands before the first word of a sentence."""
PAUSES = ",;–—-"
TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
LONGER = 3
"""Words by which what is put in a phrase's place may be longer than the phrase."""


def without(text: str, places: Sequence[Place]) -> str | None:
    """Return `text` with `places` taken out, the sentence around each mended; None where no rule mends it: the phrase
    stands inside a sentence, and no pause sets it off."""
    for start, end in sorted(places, reverse=True):
        mended = _without(text[:start], text[end:])
        if mended is None:
            return None
        text = mended
    return text.strip() or None


def _without(before: str, after: str) -> str | None:
    if OPENS.search(before):
        rest = after.lstrip(" \t.!?…:" + PAUSES)
        return before + rest[:1].upper() + rest[1:]
    paused = before.rstrip()[-1:] in PAUSES
    rest = after.lstrip()
    if paused and rest[:1] in {*PAUSES}:
        return f"{before.rstrip()[:-1].rstrip()} {rest[1:].lstrip()}"
    if paused and (not rest or rest[0] in ".!?…"):
        return before.rstrip()[:-1].rstrip() + rest
    if paused:
        return f"{before.rstrip()} {rest}"
    return None


def differ_only_there(before: str, after: str, places: Sequence[Place]) -> bool:
    """Whether `after` is `before` but for `places`: what stands there is gone, or something about as long is in its
    stead. A mark beside a place, and the capital of the word behind it, belong to the place."""
    old, new = list(TOKEN.finditer(before)), list(TOKEN.finditer(after))
    free = {n for n, token in enumerate(old) for start, end in places if token.start() < end and token.end() > start}
    marks = {n for m in free for n in (m - 1, m + 1) if 0 <= n < len(old) and not old[n][0][0].isalnum()}
    seams = {n for m in free | marks for n in (m, m + 1)}
    matcher = SequenceMatcher(
        None, [token[0].casefold() for token in old], [token[0].casefold() for token in new], autojunk=False
    )
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            pairs = zip(range(i1, i2), range(j1, j2), strict=True)
            if any(old[i][0] != new[j][0] and i not in seams for i, j in pairs):
                return False
        elif not set(range(i1, i2)) <= free | marks or (i1 == i2 and i1 not in seams) or j2 - j1 > i2 - i1 + LONGER:
            return False
    return bool(free)
