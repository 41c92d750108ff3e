"""Exceptions that no situation reaches (T0526): `unless` holds nowhere where the clause would apply without it.

What a section gives to its clauses is no slip of theirs, so only a clause's own `unless` is looked at.
"""

from __future__ import annotations

from dataclasses import replace

from compiler.analysis.clashes import Findings
from compiler.analysis.survey import Survey, request
from compiler.codes import diagnose
from compiler.conditions import Scope
from compiler.ir import Clause
from compiler.regions import TooManyBoxes, meets
from spec.diagnostics import Note
from spec.source import Span


def unreachable(survey: Survey) -> Findings:
    for clause in survey.program.clauses:
        own = _own(clause, "unless")
        if clause.unless is None or clause.when is None or own is None:
            continue
        bare = Scope(clause.when, None, survey.program.dimensions, clause.restricts)
        try:
            where = survey.space.inside(bare)
            exempt = survey.space.outside(replace(bare, when=None, unless=clause.unless))
        except TooManyBoxes:
            continue  # reported as a doubt
        if not where or meets(where, exempt):
            continue  # T0504 tells of a clause that never applies
        when = _own(clause, "when")
        shows = "The exception does not hold here, and nowhere else where `when` does."
        region = where
        if exempt:
            shows = "The exception holds here, where the clause does not apply anyway."
            region = exempt
        yield diagnose(
            "T0526",
            f"the exception of {clause.id} cannot be reached",
            own,
            label="holds nowhere where `when` does",
            secondary=(Note(when, "where the clause applies"),) if when else (),
            witness=survey.witness(clause, region, shows, request(clause)),
        )


def _own(clause: Clause, field: str) -> Span | None:
    """Return where the clause itself has the field; a section's stands around the clause."""
    head = clause.span
    spans = [span for name, span in clause.field_spans if name == field and span.path == head.path]
    return next((span for span in spans if head.start <= span.start < head.end), None)
