"""Figures of the page, and answers with what tells them apart.

In: lengths, counts, two texts. Out: markup. This file must not compute a figure.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from markupsafe import Markup, escape

from compiler.lint.figures import ClauseFigures
from compiler.report.marked import visible
from compiler.report.svg import Drawing, across, wide

NEAR = 0.5
"""Two answers with at least this share of words in common show what differs; others differ nearly everywhere."""
LONGEST = 4000
"""Characters of answers that are compared word by word."""
_PIECE = re.compile(r"\w+|\s+|[^\w\s]")


def lengths(found: ClauseFigures, width: int, height: float = 22.0, *, named: bool = False) -> Markup:
    """Draw how long the sides are: chosen above the line, rejected below, longer ones to the right."""
    count = len(found.chosen.bins)
    most = max(*found.chosen.bins, *found.rejected.bins, 1)
    label = 14.0 if named else 0.0
    says = (
        f"Words of an answer, {found.chosen.median:g} in the middle of the chosen ones "
        f"and {found.rejected.median:g} in the middle of the rejected ones"
    )
    drawing = Drawing("Lengths", says, "100%", 2 * height + 1 + label)
    for place in range(count):
        x, w = across(place / count), wide(0.86 / count)
        up, down = (height * bins[place] / most for bins in (found.chosen.bins, found.rejected.bins))
        if up:
            drawing.rect(x, height - up, w, up, "bar up")
        if down:
            drawing.rect(x, height + 1, w, down, "bar down")
    drawing.line(across(0), across(1), height + 0.5, height + 0.5, "axis")
    if named:
        for at in range(0, count, 6):
            drawing.text(across(at / count), 2 * height + label - 1, f"{at * width}", "start")
        drawing.text(across(1), 2 * height + label - 1, f"{(count - 1) * width}+ words", "end")
    return drawing.markup


def bar(share: float) -> Markup:
    """Draw a share of the largest as a bar."""
    drawing = Drawing("", "", "100%", 8)
    drawing.rect(across(0), 0, wide(share), 8, "bar kept")
    return drawing.markup


def sides(chosen: str, rejected: str) -> tuple[Markup, Markup]:
    """Return both answers; of near ones, what stands on one side alone is marked.

    >>> print(*sides("Aye, the sea is calm.", "The sea is calm."), sep="\\n")  # doctest: +ELLIPSIS
    <mark class="kept">Aye, the</mark> sea is calm.
    <mark class="broken">The</mark> sea is calm.
    """
    if len(chosen) + len(rejected) > LONGEST:
        return escape(visible(chosen)), escape(visible(rejected))
    one, other = _PIECE.findall(chosen), _PIECE.findall(rejected)
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < NEAR or matcher.quick_ratio() < NEAR or matcher.ratio() < NEAR:
        return escape(visible(chosen)), escape(visible(rejected))
    left, right = Markup(), Markup()
    for tag, a, b, c, d in matcher.get_opcodes():
        here, there = "".join(one[a:b]), "".join(other[c:d])
        left += escape(visible(here)) if tag == "equal" else _marked(here, "kept")
        right += escape(visible(there)) if tag == "equal" else _marked(there, "broken")
    return left, right


def _marked(text: str, kind: str) -> Markup:
    return Markup('<mark class="{}">{}</mark>').format(kind, visible(text)) if text.strip() else escape(visible(text))
