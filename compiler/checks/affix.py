"""`affix`: whether an answer starts and ends with given texts.

In: the texts and an answer. Out: whether they stand at its edges, compared without regard to letter case, typographic
punctuation, Markdown emphasis and white space at the edges; a word is never cut.

>>> holds(AffixCheck(starts="Ahoy", ends="Fair winds."), "**ahoy!** The tide is in. Fair winds.")
True
>>> holds(AffixCheck(starts="Aye"), "Ayes were counted.")
False
"""

from __future__ import annotations

import re

from compiler.checks import phrases
from compiler.records.checks import AffixCheck


def _stands(text: str, answer: str, at_end: bool) -> bool:
    wanted, said = phrases.fold(text), phrases.fold(answer)
    if not wanted:
        # The text is nothing but markup, so it is compared as written.
        wanted, said = text.strip(), answer.strip()
    body = phrases.bounded(wanted) if wanted else ""
    return re.search(rf"(?:{body})\Z" if at_end else rf"\A(?:{body})", said) is not None


def holds(check: AffixCheck, answer: str) -> bool:
    starts = check.starts is None or _stands(check.starts, answer, at_end=False)
    return starts and (check.ends is None or _stands(check.ends, answer, at_end=True))
