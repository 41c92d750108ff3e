"""Clauses without which answers would be asked for the same (T0524): another asks for as much wherever they apply.

The other has at least the authority, binds as much, and has no exception that this one lacks. Of two that are equal,
the later one is reported. What "as much" is, kind by kind, is in `as_much.py`.

>>> from compiler.analysis import analyse
>>> from compiler.build import from_text
>>> for found in analyse(from_text('''
... forbid canned { phrases: ["Certainly"] }
... forbid chat { phrases: ["Certainly, sir"]  when: channel == chat }
... ''')): print(found.code, found.message)
T0524 forbid.chat is redundant beside forbid.canned
"""

from __future__ import annotations

from compiler.analysis.as_much import Candidates, as_much
from compiler.analysis.clashes import Findings
from compiler.analysis.demands import Item
from compiler.analysis.survey import Survey, request
from compiler.codes import diagnose
from compiler.ir import Clause
from spec.constructs import Forbid, Secret
from spec.diagnostics import Note

_FIRMNESS = {"implicit": 0, "explicit": 1, "never": 2}


def redundant(survey: Survey) -> Findings:
    candidates = Candidates(survey)
    places = {clause.id: place for place, clause in enumerate(survey.program.clauses)}
    for clause in survey.program.clauses:
        for other in candidates.of(clause):
            if not _redundant(survey, clause, other):
                continue
            if places[clause.id] < places[other.id] and _redundant(survey, other, clause):
                continue  # the other is reported
            yield diagnose(
                "T0524",
                f"{clause.id} is redundant beside {other.id}",
                clause.span,
                label="asks for nothing more",
                secondary=(Note(other.span, "asks for as much wherever the first applies"),),
                witness=survey.witness(
                    clause,
                    survey.inside(clause),
                    f"Whatever breaks {clause.id} here breaks {other.id}.",
                    request(clause, other),
                    _broken(survey, clause),
                ),
            )
            break


def _redundant(survey: Survey, clause: Clause, other: Clause) -> bool:
    return (
        _binds(clause, other)
        and bool(survey.inside(clause))
        and survey.within(clause, other)
        and as_much(survey, clause, other)
    )


def _binds(clause: Clause, other: Clause) -> bool:
    """Say whether `other` binds at least as much, with no exception that `clause` lacks."""
    sign = 1 if clause.target.comparison == ">=" else -1
    return (
        other.level >= clause.level
        and _FIRMNESS[other.overridden] >= _FIRMNESS[clause.overridden]
        and sign * other.target.share >= sign * clause.target.share
        and set(other.excepted) <= set(clause.excepted)
        and other.absolute >= clause.absolute
        and other.transforming == clause.transforming
    )


def _broken(survey: Survey, clause: Clause) -> str | None:
    """Return an answer that breaks the clause, where one can be written down."""
    match clause.body:
        case Forbid(phrases=phrases, patterns=patterns):
            items: tuple[Item, ...] = (*phrases, *patterns)
            return survey.comparer.text_of(items[0])
        case Secret(keep=keep):
            return keep[0]
        case _:
            return None
