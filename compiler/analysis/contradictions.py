"""Clauses of one level that contradict each other: T0520, and T0521 at root where no answer keeps both.

>>> from compiler.analysis import analyse
>>> from compiler.build import from_text
>>> for found in analyse(from_text('''
... require greeting at system { starts: "Certainly!" }
... forbid canned { phrases: ["Certainly!"] }
... ''')): print(found.code, found.message)
T0520 require.greeting and forbid.canned contradict each other
"""

from __future__ import annotations

from compiler.analysis.clashes import Clash, Findings, Outcome, named, notes, witness
from compiler.analysis.survey import Survey
from compiler.codes import diagnose


def contradictions(survey: Survey) -> Findings:
    for clash, outcome in survey.clashes:
        if outcome not in ("contradiction", "unsatisfiable"):
            continue
        one, others = clash.one, clash.others
        yield diagnose(
            "T0520" if outcome == "contradiction" else "T0521",
            _message(clash, outcome),
            one.span,
            label=one.asks,
            help="remove one of the two: they are in one clause" if _is_one(clash) else None,
            secondary=notes(others),
            witness=witness(survey, clash, one.clause),
        )


def _is_one(clash: Clash) -> bool:
    return all(other.clause.id == clash.one.clause.id for other in clash.others)


def _message(clash: Clash, outcome: Outcome) -> str:
    one, others = clash.one.clause.id, named(clash.others)
    if _is_one(clash):
        return f"{one} contradicts itself{', so no answer keeps it' if outcome == 'unsatisfiable' else ''}"
    if outcome == "unsatisfiable":
        return f"no answer keeps {'both' if len(clash.others) == 1 else 'all'}: {one} and {others}"
    return f"{one} and {others} contradict each other"
