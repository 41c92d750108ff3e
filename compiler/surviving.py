"""What must survive when an answer is written again: its numbers and its names.

In: an answer before and after. Out: what is missing after. A name is a word with a capital inside a sentence; one that
opens a sentence may be any word, and is left to what the caller knows. This file must not know why an answer is written
again.

>>> lost("Anna lives at 12 Port Road, near Lisbon.", "Arr, by Lisbon, at 12 Port Road!")
()
>>> lost("The train to Lisbon leaves at 9:15.", "The train leaves at 9.")
('9:15', 'Lisbon')
"""

from __future__ import annotations

import re

NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
OPENING = re.compile(r"(?:^|[.!?:…\n\"“*(])\s*$")
NO_NAMES = frozenset({"i", "ai", "ok"})


def lost(before: str, after: str) -> tuple[str, ...]:
    """Return the numbers and names of `before` that `after` does not have, sorted, each once."""
    there = {hit[0] for hit in NUMBER.finditer(after)}, {hit[0].casefold() for hit in WORD.finditer(after)}
    numbers = {hit[0] for hit in NUMBER.finditer(before)} - there[0]
    names = {name for name in _names(before) if name.casefold() not in there[1]}
    return tuple(sorted(numbers | names))


def _names(text: str) -> set[str]:
    return {
        hit[0].removesuffix("'s").removesuffix("’s")
        for hit in WORD.finditer(text)
        if hit[0][0].isupper()
        and not OPENING.search(text[: hit.start()])
        and hit[0].partition("'")[0].partition("’")[0].casefold() not in NO_NAMES
    }
