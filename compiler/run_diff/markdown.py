"""A comparison of two runs as Markdown for a pull request: the two by two, what moved, and the rest folded away.

In: a `RunDiff`. Out: text. Whatever an author wrote is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.markdown import plain
from compiler.run_diff import phrasing
from compiler.run_diff.records import FigureDiff, RunDiff

MOST_ROWS = 60


def render(found: RunDiff) -> str:
    return "\n".join(_lines(found)) + "\n"


def _lines(found: RunDiff) -> Iterator[str]:
    yield f"### {plain(found.old)} → {plain(found.new)}: {phrasing.verdict(found)}"
    yield ""
    yield "| | moved | stable | open |"
    yield "| --- | ---: | ---: | ---: |"
    for label, moved, stable, open_ in phrasing.two_by_two(found):
        yield f"| {label} | {moved} | {stable} | {open_} |"
    rows = phrasing.listed(found)
    if rows:
        yield ""
        yield f"| | figure | the spec | {found.subject} |"
        yield "| --- | --- | --- | --- |"
        yield from (_row(found, row) for row in rows[:MOST_ROWS])
    if len(rows) > MOST_ROWS:
        yield f"\nand {len(rows) - MOST_ROWS} more"
    if effects := phrasing.effects(found):
        yield ""
        yield from (f"- {plain(effect)}" for effect in effects)
    yield ""
    yield "<details><summary>How it was compared</summary>"
    yield ""
    yield from (f"- {plain(line)}" for line in phrasing.about(found))
    yield ""
    yield "</details>"


def _row(found: RunDiff, row: FigureDiff) -> str:
    own = phrasing.own(found, row)
    measured = phrasing.shares(own) if own else row.reason or ""
    said = "no change" if row.change == "equivalent" else "; ".join([row.change, *row.reasons[:2]])
    return f"| {phrasing.quadrant(row)} | {plain(phrasing.name(row))} | {plain(said)} | {plain(measured)} |"
