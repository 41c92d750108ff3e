"""An answer as HTML, with the marks of what decided it.

In: text of an answer and marks, as offsets. Out: escaped markup. A mark says in words, for who cannot see it, which
clause it breaks. This file must not find anything itself.

>>> str(marked("Certainly! <b>", [Mark(clause_id="forbid.canned", start=0, end=10, kept=False)]))[:77]
'<mark class="broken" title="breaks forbid.canned">Certainly!<span class="vh">'
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup, escape

from compiler.records.report import Mark

# Control characters have no shape, and a NUL is no HTML; Unicode has a picture for each.
_PICTURES = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n"} | {0x7F: "\u2421"}


def visible(text: str) -> str:
    """Return `text` with control characters replaced by their pictures, and lone surrogates by a question mark.

    >>> visible("a\\x00b\\x1b[31m")
    'a␀b␛[31m'
    """
    return text.replace("\r\n", "\n").translate(_PICTURES).encode("utf-8", "replace").decode("utf-8")


def marked(text: str, marks: Sequence[Mark]) -> Markup:
    """Return `text` with a `mark` element for each stretch that some of `marks` cover; where one offends and another is
    why something holds, the stretch offends."""
    edges = sorted({0, len(text), *(min(edge, len(text)) for mark in marks for edge in (mark.start, mark.end))})
    out: list[Markup] = []
    for start, end in pairwise(edges):
        piece = escape(visible(text[start:end]))
        over = [mark for mark in marks if mark.start <= start and end <= mark.end]
        broken = [mark for mark in over if not mark.kept]
        if not over:
            out.append(piece)
            continue
        says = f"{'breaks' if broken else 'keeps'} {', '.join(dict.fromkeys(m.clause_id for m in broken or over))}"
        out.append(
            Markup('<mark class="{}" title="{}">{}<span class="vh"> ({})</span></mark>').format(
                "broken" if broken else "kept", visible(says), piece, visible(says)
            )
        )
    return Markup("").join(out)
