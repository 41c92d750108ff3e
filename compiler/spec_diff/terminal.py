"""A comparison of two versions as lines for a terminal, at most `width` columns wide.

In: a `SpecDiff`. Out: text. A verdict is a sign and a word, so that nothing depends on colour.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

import click

from compiler.spec_diff import phrasing
from compiler.spec_diff.records import ClauseDiff, SpecDiff, Verdict

INDENT = " " * 4
DRAGGED = 8
"""Clauses named one by one whose rows are made anew for another's sake."""

COLOURS: dict[Verdict | None, str | None] = {
    "added": "green",
    "removed": "red",
    "stricter": "cyan",
    "looser": "yellow",
    "incomparable": "magenta",
    "equivalent": None,
    None: None,
}


def render(diff: SpecDiff, width: int = 80) -> str:
    return "\n".join(_lines(diff, width))


def _lines(diff: SpecDiff, width: int) -> Iterator[str]:
    yield from _folded(f"{diff.old} -> {diff.new}: what the two versions ask for", width)
    if not diff.clauses:
        yield "Neither has a clause."
    else:
        yield "  ".join(click.style(text, fg=COLOURS[verdict]) for verdict, text in phrasing.tally(diff))
    for clause in phrasing.listed(diff):
        yield ""
        yield from _clause(clause, width)
    for statement in diff.statements:
        yield ""
        yield from _folded(f"{click.style('~', bold=True)} {statement.subject} {statement.what}", width)
        for detail in statement.details:
            yield from _folded(detail, width, INDENT)
    yield ""
    yield from _cost(diff, width)


def _clause(clause: ClauseDiff, width: int) -> Iterator[str]:
    sign = click.style(f"{phrasing.SIGNS[clause.verdict]} {clause.verdict}", fg=COLOURS[clause.verdict], bold=True)
    place = clause.place or clause.old_place
    yield f"{sign}  {clause.id}" + click.style(f"  {place}", dim=True)
    if clause.was:
        yield from _folded(phrasing.told(clause), width, INDENT)
    if clause.verdict in ("added", "removed") and clause.summary:
        yield from _folded(clause.summary, width, INDENT)
    several = len({change.direction for change in clause.changes if change.direction != "equivalent"}) > 1
    for change in clause.changes:
        mark = f"{phrasing.SIGNS[change.direction]} " if several else ""
        yield from _folded(f"{mark}{change.field}: {phrasing.line(change)}", width, INDENT, INDENT + "  ")
        if change.concern in ("wording", "scope", "demand"):
            yield from _folded(change.old or "", width, INDENT + "  - ", INDENT + "    ")
            yield from _folded(change.new or "", width, INDENT + "  + ", INDENT + "    ")
    spent = phrasing.effort(clause.effort)
    if spent:
        yield from (click.style(text, dim=True) for text in _folded(spent, width, INDENT))


def _cost(diff: SpecDiff, width: int) -> Iterator[str]:
    dragged = phrasing.dragged(diff)
    if dragged:
        names = ", ".join(f"{c.id} ({c.effort.rows + c.effort.probes})" for c in dragged[:DRAGGED])
        more = f" and {len(dragged) - DRAGGED} more" if len(dragged) > DRAGGED else ""
        text = f"Unchanged, and made anew since their rows show a changed clause: {names}{more}"
        yield from _folded(text, width)
    for line in phrasing.cost(diff):
        yield from _folded(line[:1].upper() + line[1:], width, "", INDENT)


def _folded(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """Fold a text; ids, paths and phrases stay whole, so that they can be copied."""
    return wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
