"""The spec, line by line, with what was measured beside it.

In: a report. Out: the lines of each file, each with the clause that stands there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compiler.records.clauses import ClauseRow
from compiler.records.figures import Rate
from compiler.records.report import DiffReport, SourceFile
from compiler.report import arms


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the spec: `row` is the clause it belongs to, `first` whether the clause begins here."""

    number: int
    text: str
    row: ClauseRow | None
    first: bool
    rate: Rate | None = None


def view(report: DiffReport) -> dict[str, object]:
    return {"listings": [(source, list(annotate(source, report))) for source in report.sources]}


def annotate(source: SourceFile, report: DiffReport) -> Iterator[SourceLine]:
    """Yield the file's lines, each with the clause that stands there."""
    owners, starts = _owners(source, report.clauses)
    for number, text in enumerate(source.text.rstrip("\n").split("\n"), 1):
        row = owners.get(number)
        yield SourceLine(
            number, text, row, number in starts, arms.rate_of(row.rates, report.subject) if row is not None else None
        )


def _owners(source: SourceFile, rows: Sequence[ClauseRow]) -> tuple[dict[int, ClauseRow], set[int]]:
    owners: dict[int, ClauseRow] = {}
    starts: set[int] = set()
    for row in rows:
        if row.place is None or row.place.path != source.path:
            continue
        starts.add(row.place.line)
        for number in range(row.place.line, row.place.last_line + 1):
            owners.setdefault(number, row)
    return owners, starts
