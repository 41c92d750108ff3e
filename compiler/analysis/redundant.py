"""Clauses without which answers would be asked for the same (T0524): others ask for as much wherever they apply.

One other, or several together: each phrase of a prohibition in another one, each situation under another clause. The
others have at least the authority, bind as much, and have no exception that this one lacks. Of two that are equal, the
later one is reported. What "as much" is, kind by kind, is in `as_much.py`.

>>> from compiler.analysis import analyse
>>> from compiler.build import from_text
>>> for found in analyse(from_text('''
... forbid canned { phrases: ["Certainly"] }
... forbid chat { phrases: ["Certainly, sir"]  when: channel == chat }
... ''')): print(found.code, found.message)
T0524 forbid.chat is redundant beside forbid.canned
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from compiler.analysis.as_much import Candidates, as_much, covers_entry
from compiler.analysis.clashes import Findings
from compiler.analysis.demands import Item
from compiler.analysis.survey import Survey, request
from compiler.codes import diagnose
from compiler.ir import Clause
from spec.constructs import Forbid, Secret
from spec.diagnostics import Diagnostic, Note

MOST_TOGETHER = 4
"""So many clauses are put together for each part of one; nobody follows more."""

_FIRMNESS = {"implicit": 0, "explicit": 1, "never": 2}


def redundant(survey: Survey) -> Findings:
    candidates = Candidates(survey)
    places = {clause.id: place for place, clause in enumerate(survey.program.clauses)}
    gone: dict[str, tuple[Clause, ...]] = {}
    for clause in survey.program.clauses:
        for other in candidates.of(clause):
            if not _redundant(survey, clause, other):
                continue
            if places[clause.id] < places[other.id] and _redundant(survey, other, clause):
                continue  # the other is reported
            gone[clause.id] = (other,)
            break
    for clause in survey.program.clauses:
        # What goes itself covers nothing, so that all that is reported can go at once.
        if clause.id not in gone and (several := _together(survey, clause, candidates, gone)):
            gone[clause.id] = several
    for clause in survey.program.clauses:
        if clause.id in gone:
            yield _finding(survey, clause, gone[clause.id])


def _finding(survey: Survey, clause: Clause, others: Sequence[Clause]) -> Diagnostic:
    ids = [other.id for other in others]
    if len(ids) == 1:
        beside, breaks, label = ids[0], ids[0], "asks for as much wherever the first applies"
    else:
        beside = f"{', '.join(ids[:-1])} and {ids[-1]} together"
        breaks, label = f"{', '.join(ids[:-1])} or {ids[-1]}", "asks for a part of it"
    return diagnose(
        "T0524",
        f"{clause.id} is redundant beside {beside}",
        clause.span,
        label="asks for nothing more",
        secondary=tuple(Note(other.span, label) for other in others),
        witness=survey.witness(
            clause,
            survey.inside(clause),
            f"Whatever breaks {clause.id} here breaks {breaks}.",
            request(clause, *others),
            _broken(survey, clause),
        ),
    )


def _redundant(survey: Survey, clause: Clause, other: Clause) -> bool:
    return (
        _binds(clause, other)
        and bool(survey.inside(clause))
        and survey.within(clause, other)
        and as_much(survey, clause, other)
    )


def _together(
    survey: Survey, clause: Clause, candidates: Candidates, gone: dict[str, tuple[Clause, ...]]
) -> tuple[Clause, ...]:
    """Return clauses that cover `clause` together, as few as the first that are found; none where they do not."""
    covering: list[Clause] = []
    for covers in _parts(survey, clause, candidates, gone):
        left = survey.inside(clause)
        for other in islice(covers, MOST_TOGETHER):
            if not left:
                break
            rest = survey.beyond(left, other)
            if rest is not None and rest != left:
                left = rest
                covering.append(other)
        if left:
            return ()
    return tuple(dict.fromkeys(covering))


def _parts(
    survey: Survey, clause: Clause, candidates: Candidates, gone: dict[str, tuple[Clause, ...]]
) -> Iterator[Iterable[Clause]]:
    """Yield for each part of what the clause asks for the other clauses that ask for it as well."""

    def usable(other: Clause) -> bool:
        return other.id not in gone and _binds(clause, other) and survey.meeting(clause, other)

    if not isinstance(clause.body, Forbid | Secret):
        yield (other for other in candidates.of(clause) if usable(other) and as_much(survey, clause, other))
        return
    entries = survey.index.of_clause[clause.id]
    near: list[list[Clause]] = []
    for entry in entries:
        near.append([other for other in candidates.near(clause, entry.item) if usable(other)])
        if not near[-1]:
            yield ()
            return
    for entry, others in zip(entries, near, strict=True):
        yield (other for other in others if covers_entry(survey, entry, other))


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
