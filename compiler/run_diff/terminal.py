"""A comparison of two runs as lines for a terminal, at most `width` columns wide.

In: a `RunDiff`. Out: text. A verdict is a sign and a word, so that nothing depends on colour.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

import click

from compiler.run_diff import phrasing
from compiler.run_diff.records import FigureDiff, Quadrant, RunDiff

COLOURS: dict[Quadrant, str | None] = {
    "unintended": "red",
    "missing": "yellow",
    "seen": "green",
    "unclear": None,
    "stable": None,
    "not compared": None,
}


def render(found: RunDiff, width: int = 80) -> str:
    return "\n".join(_lines(found, width))


def _lines(found: RunDiff, width: int) -> Iterator[str]:
    yield from _folded(f"{found.old} -> {found.new}: how behaviour moved", width)
    yield click.style(phrasing.verdict(found), bold=True)
    yield ""
    yield f"{'':<14}{'moved':>8}{'stable':>9}{'open':>7}"
    for label, moved, stable, open_ in phrasing.two_by_two(found):
        yield f"{label:<14}{moved:>8}{stable:>9}{open_:>7}"
    for row in phrasing.listed(found):
        yield ""
        yield from _figure(found, row, width)
    if effects := phrasing.effects(found):
        yield ""
        for effect in effects:
            yield from _folded(f"moved besides: {effect}", width, "", "    ")
    yield ""
    for line in phrasing.about(found):
        yield from (click.style(text, dim=True) for text in _folded(line, width))


def _figure(found: RunDiff, row: FigureDiff, width: int) -> Iterator[str]:
    sign = phrasing.quadrant(row)
    yield f"{click.style(sign, fg='red' if row.regression else COLOURS[row.quadrant], bold=True)}  {phrasing.name(row)}"
    if row.change != "equivalent":
        why = f": {'; '.join(row.reasons)}" if row.reasons else ""
        yield from _folded(f"the spec: {row.change}{why}", width, "    ", "      ")
    for move in row.moves:
        if move.arm == found.subject or move.outcome == "moved":
            mark = "" if move.arm == found.subject else " (not counted)"
            text = f"{move.arm}: {phrasing.shares(move)}, {move.outcome}{mark}"
            yield from _folded(text, width, "    ", "      ")
    if any(move.rejudged for move in row.moves):
        yield from _folded("old answers were held against the new checks", width, "    ")
    if row.reason:
        yield from _folded(row.reason, width, "    ")


def _folded(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    after = first if rest is None else rest
    return wrap(
        text, width, initial_indent=first, subsequent_indent=after, break_long_words=False, break_on_hyphens=False
    )
