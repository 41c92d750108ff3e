"""How many rows teach each clause: none, or so many that the others drown."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.lint.findings import Finding, Rows, finding

FEW = 8
MOST = 0.60


def look(rows: Rows) -> Iterator[Finding]:
    total = sum(map(len, rows.by_clause.values()))
    for clause_id, pairs in rows.by_clause.items():
        taught = [p for p in rows.pairs if clause_id in p.clause_ids]
        if len(taught) < FEW:
            message = f"{len(taught)} rows teach it" if taught else "no row teaches it"
            help = "give it examples or `asks`, or see generate.json for what was dropped and why"
            yield finding("L09", "warning", message, help, clause_id, [p.id for p in taught])
        if total and len(rows.by_clause) > 1 and len(pairs) / total > MOST:
            message = f"{len(pairs) / total:.0%} of all rows are made for it"
            yield finding("L10", "warning", message, "raise the others' rows, or lower its `rows`", clause_id)
