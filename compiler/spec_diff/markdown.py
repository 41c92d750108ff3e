"""A comparison of two versions as Markdown for a pull request: a table, and what is behind it folded away.

In: a `SpecDiff`. Out: text. Whatever an author wrote is escaped: it can neither break a table nor become markup.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.markdown import fence_of, plain
from compiler.spec_diff import phrasing
from compiler.spec_diff.records import Change, ClauseDiff, SpecDiff

LONGEST_CELL = 140
MOST_ROWS = 60
"""Clauses in the table and in the details: what GitHub takes in one comment, 65,536 characters, has room for them."""


def render(diff: SpecDiff) -> str:
    return "\n".join(_lines(diff)) + "\n"


def _lines(diff: SpecDiff) -> Iterator[str]:
    counts = ", ".join(text for _, text in phrasing.tally(diff)) or "no clauses"
    yield f"### {plain(diff.old)} → {plain(diff.new)}: {counts}"
    clauses = phrasing.listed(diff)
    if clauses:
        yield ""
        yield "| | clause | what changed | rows | probes |"
        yield "| --- | --- | --- | ---: | ---: |"
        for clause in clauses[:MOST_ROWS]:
            yield _row(clause)
    if len(clauses) > MOST_ROWS:
        yield f"\nand {len(clauses) - MOST_ROWS} more clauses"
    if diff.statements:
        yield ""
        for statement in diff.statements:
            details = "; ".join(statement.details)
            said = f"**{plain(statement.subject)}** {plain(statement.what)}"
            yield f"- {said}{': ' + plain(details) if details else ''}"
    yield ""
    for line in phrasing.cost(diff):
        head, colon, rest = line.partition(": ")
        yield f"- **{head}**: {plain(rest)}" if colon else f"- {plain(line)}"
    explained = [c for c in clauses[:MOST_ROWS] if c.changes or c.summary]
    if explained:
        yield ""
        yield f"<details><summary>Reasons and examples, clause by clause ({len(explained)})</summary>"
        for clause in explained:
            yield ""
            yield from _detail(clause)
        yield ""
        yield "</details>"
    dragged = phrasing.dragged(diff)
    if dragged:
        yield ""
        yield f"<details><summary>Unchanged, and made anew ({len(dragged)}): their rows show a changed clause</summary>"
        yield ""
        for clause in dragged[:MOST_ROWS]:
            yield f"- `{clause.id}`: {phrasing.effort(clause.effort)}"
        if len(dragged) > MOST_ROWS:
            yield f"- and {len(dragged) - MOST_ROWS} more"
        yield ""
        yield "</details>"


def _row(clause: ClauseDiff) -> str:
    name = f"`{clause.id}`" + (f" (was `{clause.was}`)" if clause.was else "")
    verdict = f"{phrasing.SIGNS[clause.verdict]} {clause.verdict}"
    shown = [c for c in clause.changes if c.direction != "equivalent"] or list(clause.changes)
    what = "; ".join(f"{change.field}: {change.reason}" for change in shown) or clause.summary
    what = what if len(what) <= LONGEST_CELL else what[: LONGEST_CELL - 1] + "…"
    spent = clause.effort
    return f"| {verdict} | {name} | {plain(what)} | {spent.rows or ''} | {spent.probes or ''} |"


def _detail(clause: ClauseDiff) -> Iterator[str]:
    place = f", {plain(clause.place or clause.old_place or '')}"
    yield f"**`{clause.id}`** {clause.verdict}{place}"
    if clause.was:
        yield f"\n{plain(phrasing.told(clause))}"
    if clause.verdict in ("added", "removed"):
        yield f"\n> {plain(clause.summary)}"
    for change in clause.changes:
        yield ""
        yield f"- {phrasing.SIGNS[change.direction]} {plain(change.field)}: {plain(phrasing.line(change))}"
        yield from _both(change)


def _both(change: Change) -> Iterator[str]:
    """What stood there and what stands there, in a fence longer than any inside."""
    if change.old is None and change.new is None:
        return
    texts = [text for text in (change.old, change.new) if text is not None]
    fence = fence_of(texts)
    yield f"  {fence}diff"
    for sign, text in (("-", change.old), ("+", change.new)):
        if text is not None:
            yield from (f"  {sign} {row}" for row in text.split("\n"))
    yield f"  {fence}"
