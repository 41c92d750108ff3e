"""A judge's reply in words -> its verdict: which of two words it says, and where.

In: a reply, and the words that may be its verdict. Out: the word and its place, or None where the reply decides
nothing. Whoever asks treats None as missing data. This file must not know engines or tokens.

>>> verdict("It sounds pirate, no doubt. Yes.", YES_NO)
('yes', 28)
>>> verdict("It is short, so yes, and no facts are there.", YES_NO) is None
True
"""

from __future__ import annotations

import re

Words = tuple[str, str]

YES_NO: Words = ("yes", "no")
SIDES: Words = ("first", "second")

SENTENCE_ENDS = ".!?:…\n"
"""What stands before the first word of a sentence; a colon, since `Verdict: yes` begins one."""


def verdict(reply: str, words: Words) -> tuple[str, int] | None:
    """Return the last of `words` that is said as a verdict, in lower case, and where it starts in `reply`.

    It is said as one where it is capitalised or first in its sentence. A `no` within a sentence is part of the reason.
    """
    found = list(re.finditer(rf"(?<![^\W_])(?:{'|'.join(words)})(?![^\W_])", reply, re.IGNORECASE))
    for match in reversed(found):
        opening = reply[: match.start()].rstrip(" *_\"'(")
        if match[0][0].isupper() or not opening or opening[-1] in SENTENCE_ENDS:
            return match[0].lower(), match.start()
    return None
