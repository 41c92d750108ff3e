"""Whether the probes can fail: each clause changed in the prompt, or broken in answers, and what its probes say then.

In: a report. Out: rows with a small figure each, and how many clauses' probes noticed a change.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from compiler.records.mutants import Mutant
from compiler.records.report import DiffReport
from compiler.report.power import by_prompt
from compiler.report.svg import Drawing, across

HEIGHT = 22


@dataclass(frozen=True, slots=True)
class Row:
    mutant: Mutant
    drawing: Markup


def view(report: DiffReport) -> dict[str, object] | None:
    if not report.mutants:
        return None
    by_clause: dict[str, list[bool]] = {}
    for mutant in report.mutants:
        by_clause.setdefault(mutant.clause_id, []).append(mutant.noticed)
    prompted = by_prompt(report.mutants)
    seen = {clause_id for clause_id, found in by_clause.items() if any(found)}
    return {
        "rows": [Row(mutant, draw(mutant)) for mutant in report.mutants],
        "clauses": len(by_clause),
        "noticed": sum(any(found) for found in by_clause.values()),
        "blind": [clause_id for clause_id, found in by_clause.items() if not any(found)],
        "by_hand": [clause_id for clause_id in by_clause if clause_id in seen and clause_id not in prompted],
    }


def draw(mutant: Mutant) -> Markup:
    """Return the share before the change (hollow) and after it (filled), joined by a line."""
    drawing = Drawing("", "", "100%", HEIGHT)
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.line(across(tick), across(tick), 0, HEIGHT, "grid")
    middle = HEIGHT / 2
    drawing.line(across(mutant.before), across(mutant.after), middle, middle, "whisker subject")
    drawing.dot(across(mutant.before), middle, 3.8, "dot hollow subject")
    drawing.dot(across(mutant.after), middle, 4.5, f"dot filled subject {'none' if mutant.noticed else 'missed'}")
    return drawing.markup
