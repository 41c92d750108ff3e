"""What became of the rows of a file: `OUT.filter.json`.

In: decided chunks. Out: how many rows were kept, dropped by which rule of which clause, and set aside, with examples.
This file must not know how a row is decided.
"""

from __future__ import annotations

from pydantic import Field

from compiler.corpus.decided import Decided
from compiler.records.filters import Filters
from compiler.records.record import Record

VERSION = 2
"""What another version has filtered is filtered again: it read fewer columns of a row."""
MOST_EXAMPLES = 3
MOST_FAULTS = 20
EXCERPT = 300


class Example(Record):
    """line: from 1, or the number of a table's row. answer: its beginning."""

    line: int
    answer: str


class RuleTally(Record):
    """dropped: rows for which this was the first broken rule. spans: where its clauses stand."""

    key: str
    clause_ids: tuple[str, ...]
    spans: tuple[str, ...] = ()
    reason: str
    dropped: int = 0
    examples: tuple[Example, ...] = ()


class Fault(Record):
    line: int
    reason: str


class FilterReport(Record):
    """lines: read so far, those without a row included. set_aside: rows that are no chat, by reason; faults: the first
    of them. source, size, modified: of the input. filters: digest of the rules."""

    version: int = VERSION
    source: str
    size: int
    modified: int
    filters: str
    lines: int = 0
    rows: int = 0
    kept: int = 0
    rules: tuple[RuleTally, ...] = ()
    set_aside: dict[str, int] = Field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def dropped(self) -> int:
        return sum(rule.dropped for rule in self.rules)

    def same_work(self, other: FilterReport) -> bool:
        """Whether both are of the same input, unchanged, and of the same rules."""
        return self.work == other.work

    @property
    def work(self) -> tuple[object, ...]:
        return (self.version, self.source, self.size, self.modified, self.filters)


def started(source: str, size: int, modified: int, digest: str, filters: Filters) -> FilterReport:
    rules = tuple(
        RuleTally(key=rule.key, clause_ids=rule.clause_ids, spans=rule.spans, reason=rule.reason)
        for rule in filters.rules
    )
    return FilterReport(source=source, size=size, modified=modified, filters=digest, rules=rules)


def added(report: FilterReport, decided: Decided) -> FilterReport:
    """Return the report with a chunk more."""
    by_rule: dict[str, list[Example]] = {}
    set_aside = dict(report.set_aside)
    faults = list(report.faults)
    for lost in decided.lost:
        line = report.lines + lost.line + 1
        if lost.rule is not None:
            by_rule.setdefault(lost.rule, []).append(Example(line=line, answer=lost.answer[:EXCERPT]))
            continue
        set_aside[lost.reason] = set_aside.get(lost.reason, 0) + 1
        if len(faults) < MOST_FAULTS:
            faults.append(Fault(line=line, reason=lost.reason))
    return report.model_copy(
        update={
            "lines": report.lines + decided.lines,
            "rows": report.rows + decided.rows,
            "kept": report.kept + decided.rows - len(decided.lost),
            "rules": tuple(_with(rule, by_rule.get(rule.key, [])) for rule in report.rules),
            "set_aside": set_aside,
            "faults": tuple(faults),
        }
    )


def _with(rule: RuleTally, examples: list[Example]) -> RuleTally:
    if not examples:
        return rule
    shown = (*rule.examples, *examples)[:MOST_EXAMPLES]
    return rule.model_copy(update={"dropped": rule.dropped + len(examples), "examples": shown})
