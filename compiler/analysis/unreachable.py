"""Exceptions that no situation reaches (T0526): `unless`, or one side of its `or`, holds nowhere where the clause would
apply without it.

What a section gives to its clauses is no slip of theirs, so only a clause's own `unless` is looked at.
"""

from __future__ import annotations

from dataclasses import replace

from compiler.analysis.clashes import Findings
from compiler.analysis.survey import Survey, request
from compiler.codes import diagnose
from compiler.condition_words import in_words
from compiler.conditions import Scope
from compiler.ir import Clause
from compiler.regions import Region, TooManyBoxes, meets
from spec.diagnostics import Diagnostic, Note
from spec.document import Condition, Or
from spec.source import Span


def unreachable(survey: Survey) -> Findings:
    for clause in survey.program.clauses:
        own = _own(clause, "unless")
        if clause.unless is None or clause.when is None or own is None:
            continue
        sides = clause.unless.operands if isinstance(clause.unless, Or) else ()
        bare = Scope(clause.when, None, survey.program.dimensions, clause.restricts)
        try:
            where = survey.space.inside(bare)
            whole = _exempt(survey, bare, clause.unless)
            parts = [(side, _exempt(survey, bare, side)) for side in sides]
        except TooManyBoxes:
            continue  # reported as a doubt
        if not where:
            continue  # T0504 tells of a clause that never applies
        if not meets(where, whole):
            message = f"the exception of {clause.id} cannot be reached"
            yield _finding(survey, clause, own, message, "holds nowhere where `when` does", where, whole)
            continue
        for side, exempt in parts:
            if not meets(where, exempt):
                words = in_words(side, survey.program.dimensions)
                message = f"a part of the exception of {clause.id} cannot be reached: {words}"
                yield _finding(survey, clause, own, message, "this part holds nowhere where `when` does", where, exempt)


def _exempt(survey: Survey, bare: Scope, unless: Condition) -> Region:
    return survey.space.outside(replace(bare, when=None, unless=unless))


def _finding(
    survey: Survey, clause: Clause, own: Span, message: str, label: str, where: Region, exempt: Region
) -> Diagnostic:
    when = _own(clause, "when")
    shows = "The exception does not hold here, and nowhere else where `when` does."
    if exempt:
        shows = "The exception holds here, where the clause does not apply anyway."
    return diagnose(
        "T0526",
        message,
        own,
        label=label,
        secondary=(Note(when, "where the clause applies"),) if when else (),
        witness=survey.witness(clause, exempt or where, shows, request(clause)),
    )


def _own(clause: Clause, field: str) -> Span | None:
    """Return where the clause itself has the field; a section's stands around the clause."""
    head = clause.span
    spans = [span for name, span in clause.field_spans if name == field and span.path == head.path]
    return next((span for span in spans if head.start <= span.start < head.end), None)
