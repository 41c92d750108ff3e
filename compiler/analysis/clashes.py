"""Two clauses that cannot both be kept in some situation, and which of them the spec lets win.

In: a survey. Out: `Clash` records, from texts (`text_clashes.py`) and topics (`topic_clashes.py`), each with the
`Outcome` that authority gives it. What is reported of which outcome is in `contradictions.py` and `shadowed.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from compiler.analysis.survey import Survey
from compiler.ir import Clause
from compiler.regions import Region
from spec.diagnostics import Diagnostic, Note, Witness
from spec.document import Level
from spec.frozen import dataclass
from spec.source import Span

Outcome = Literal["unsatisfiable", "contradiction", "shadowed", "overridden"]


@dataclass(frozen=True, slots=True)
class Side:
    """A clause that clashes. asks: what for, as a label says it. whole: whether every answer that it wants clashes."""

    clause: Clause
    span: Span
    asks: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Clash:
    """`one` cannot be kept where all of `others` are. hard: no answer does what both say, not even in part."""

    one: Side
    others: tuple[Side, ...]
    region: Region
    shows: str
    user: str
    answer: str | None = None
    hard: bool = True


def find(survey: Survey) -> tuple[tuple[Clash, Outcome], ...]:
    from compiler.analysis.text_clashes import text_clashes
    from compiler.analysis.topic_clashes import topic_clashes

    found: dict[frozenset[tuple[str, int]], tuple[Clash, Outcome]] = {}
    for clash in (*text_clashes(survey), *topic_clashes(survey)):
        key = frozenset((side.clause.id, side.span.start) for side in (clash.one, *clash.others))
        outcome = outcome_of(survey, clash)
        # Two fields that clash in several ways are told of once, of the worst.
        if outcome and (key not in found or _worse(outcome, found[key][1])):
            found[key] = clash, outcome
    return tuple(found.values())


_BY_WEIGHT: tuple[Outcome, ...] = ("overridden", "shadowed", "contradiction", "unsatisfiable")


def _worse(one: Outcome, other: Outcome) -> bool:
    return _BY_WEIGHT.index(one) > _BY_WEIGHT.index(other)


def outcome_of(survey: Survey, clash: Clash) -> Outcome | None:
    """Return what the clash comes to; None where the spec weighs the clauses, or where several disagree on who wins."""
    one, others = clash.one.clause, [side.clause for side in clash.others]
    if all(survey.peers(one, other) for other in others):
        at_root = all(clause.level == Level.ROOT for clause in (one, *others))
        return "unsatisfiable" if at_root and clash.hard else "contradiction"
    weaker, stronger = sides(survey, clash)
    if not all(survey.outranks(side.clause, weaker.clause) for side in stronger):
        return None
    if weaker.whole and len(stronger) == 1 and survey.within(weaker.clause, stronger[0].clause):
        return "shadowed"
    return "overridden"


def sides(survey: Survey, clash: Clash) -> tuple[Side, tuple[Side, ...]]:
    """Return who gives way, and to whom."""
    if len(clash.others) == 1 and survey.outranks(clash.one.clause, clash.others[0].clause):
        return clash.others[0], (clash.one,)
    return clash.one, clash.others


def witness(survey: Survey, clash: Clash, clause: Clause) -> Witness:
    return survey.witness(clause, clash.region, clash.shows, clash.user, clash.answer)


def notes(sides: tuple[Side, ...]) -> tuple[Note, ...]:
    return tuple(Note(side.span, f"{side.clause.id} {side.asks}") for side in sides)


def named(sides: tuple[Side, ...]) -> str:
    """Return the ids of clauses as a list in words."""
    ids = list(dict.fromkeys(side.clause.id for side in sides))
    return ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} and {ids[-1]}"


Findings = Iterator[Diagnostic]
