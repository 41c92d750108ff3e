"""Clauses that nothing shows (T0529): no row and no probe can be written for them, and the spec gives none.

A permission, a goal and a ranking of outcomes show in no single answer, so the compiler writes nothing for them.
"""

from __future__ import annotations

from compiler.analysis.clashes import Findings
from compiler.analysis.survey import Survey, request
from compiler.codes import diagnose
from compiler.ir import Clause
from compiler.regions import EVERYWHERE
from spec.constructs import Outcomes, Rule


def unshown(survey: Survey) -> Findings:
    program = survey.program
    shown = {probe.clause for probe in program.probes} | {alike.clause for alike in program.alikes}
    for clause in program.clauses:
        if clause.examples or clause.id in shown or not _written_by_hand(clause):
            continue
        yield diagnose(
            "T0529",
            f"nothing shows {clause.id}: it is in the prompt only",
            clause.span,
            label="no row, no probe, no example",
            witness=survey.witness(
                clause,
                survey.inside(clause) or EVERYWHERE,
                "What is answered here is not measured.",
                request(clause),
            ),
        )


def _written_by_hand(clause: Clause) -> bool:
    body = clause.body
    return isinstance(body, Outcomes) or (isinstance(body, Rule) and body.force in ("may", "seeks"))
