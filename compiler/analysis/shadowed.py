"""Clauses that one of more authority decides against: T0522 wherever they apply, T0523 in part.

>>> from compiler.analysis import analyse
>>> from compiler.build import from_text
>>> for found in analyse(from_text('''
... require greeting { starts: "Certainly!" }
... forbid canned { phrases: ["Certainly!"]  unless: channel == sms }
... ''')): print(found.code, found.message)
T0523 require.greeting is overridden by forbid.canned in part
"""

from __future__ import annotations

from compiler.analysis.clashes import Findings, named, notes, sides, witness
from compiler.analysis.survey import Survey
from compiler.codes import diagnose


def shadowed(survey: Survey) -> Findings:
    for clash, outcome in survey.clashes:
        if outcome not in ("shadowed", "overridden"):
            continue
        weaker, stronger = sides(survey, clash)
        wins = named(stronger)
        what = f"is shadowed by {wins}" if outcome == "shadowed" else f"is overridden by {wins} in part"
        yield diagnose(
            "T0522" if outcome == "shadowed" else "T0523",
            f"{weaker.clause.id} {what}",
            weaker.span,
            label=weaker.asks,
            secondary=notes(stronger),
            witness=witness(survey, clash, weaker.clause),
        )
