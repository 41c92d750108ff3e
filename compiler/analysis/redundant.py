"""Clauses without which answers would be asked for the same (T0524): another asks for as much wherever they apply.

The other has at least the authority, binds as much, and has no exception that this one lacks. Of two that are equal,
the later one is reported.

>>> from compiler.analysis import analyse
>>> from compiler.build import from_text
>>> for found in analyse(from_text('''
... forbid canned { phrases: ["Certainly"] }
... forbid chat { phrases: ["Certainly, sir"]  when: channel == chat }
... ''')): print(found.code, found.message)
T0524 forbid.chat is redundant beside forbid.canned
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator

from compiler.analysis.clashes import Findings
from compiler.analysis.demands import Barred
from compiler.analysis.items import Index, shortest
from compiler.analysis.survey import Survey, place, request, shown
from compiler.analysis.topic_clashes import polarity, topic
from compiler.codes import diagnose
from compiler.ir import Clause
from spec.constructs import (
    Forbid,
    Format,
    Outcomes,
    Prefer,
    Refuse,
    Require,
    Rule,
    Secret,
    Stance,
    Trait,
)
from spec.diagnostics import Note
from spec.document import Pattern

Pair = tuple[Clause, Clause]
"""A clause, and one that asks for as much as it."""

_FIRMNESS = {"implicit": 0, "explicit": 1, "never": 2}


def redundant(survey: Survey) -> Findings:
    place_of = {clause.id: n for n, clause in enumerate(survey.program.clauses)}
    covering: dict[str, list[Clause]] = {}
    for clause, other in _as_much(survey):
        if clause.id != other.id and _binds(clause, other) and survey.within(clause, other) and survey.inside(clause):
            covering.setdefault(clause.id, []).append(other)
    for clause in survey.program.clauses:
        for other in covering.get(clause.id, ()):
            even = any(back.id == clause.id for back in covering.get(other.id, ()))
            if even and place_of[clause.id] < place_of[other.id]:
                continue
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
                    _broken(clause),
                ),
            )
            break


def _broken(clause: Clause) -> str | None:
    """Return an answer that breaks the clause, where one can be written down."""
    match clause.body:
        case Forbid(phrases=phrases, patterns=patterns):
            return phrases[0] if phrases else shortest(patterns[0])
        case Secret(keep=keep):
            return keep[0]
        case _:
            return None


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


def _as_much(survey: Survey) -> Iterator[Pair]:
    clauses = survey.program.clauses
    yield from _barred(survey, [c for c in clauses if isinstance(c.body, Forbid)])
    yield from _barred(survey, [c for c in clauses if isinstance(c.body, Secret)])
    yield from _required([c for c in clauses if isinstance(c.body, Require)])
    yield from _alike(clauses, _told, _tells_as_much)
    yield from _alike(clauses, _shape, _limits_as_much)


def _barred(survey: Survey, clauses: list[Clause]) -> Iterator[Pair]:
    by_id = {clause.id: clause for clause in clauses}
    for clause in clauses:

        def doubtful(entry: Barred, clause: Clause = clause) -> None:
            span = place(entry.clause, entry.field)
            survey.doubt(entry.clause, f"{shown(entry.item)} with what {clause.id} forbids", span)

        common: set[str] | None = None
        for entry in survey.index.of_clause.get(clause.id, ()):
            hits = survey.index.breaking(entry.item, clause.id, doubtful, verbatim=False)
            ids = {hit.clause.id for hit in hits if hit.clause.id in by_id}
            common = ids if common is None else common & ids
            if not common:
                break
        yield from ((clause, by_id[other]) for other in sorted(common or ()))


def _required(clauses: list[Clause]) -> Iterator[Pair]:
    """Parts that are in the parts of another: the same edge, or a phrase in what the other holds."""
    index = Index(Barred(c, "includes", i) for c in clauses if isinstance(c.body, Require) for i in c.body.includes)
    edges: dict[tuple[str, str], list[Clause]] = {}
    for clause in clauses:
        for edge in _edges(clause):
            edges.setdefault(edge, []).append(clause)
    for other in clauses:
        body = other.body
        assert isinstance(body, Require)
        has: dict[str, tuple[Clause, set[object]]] = {}
        for edge in _edges(other):
            for clause in edges[edge]:
                has.setdefault(clause.id, (clause, set()))[1].add(edge)
        for text in (body.starts, body.ends, *body.includes):
            if isinstance(text, str):
                for entry in index.found_in(text):
                    if isinstance(entry.item, str):
                        has.setdefault(entry.clause.id, (entry.clause, set()))[1].add(entry.item)
            elif isinstance(text, Pattern):
                for entries in index.of_clause.values():
                    for entry in entries:
                        if entry.item == text:
                            has.setdefault(entry.clause.id, (entry.clause, set()))[1].add(text)
        yield from ((clause, other) for clause, parts in has.values() if _parts(clause) <= parts)


def _parts(clause: Clause) -> set[object]:
    assert isinstance(clause.body, Require)
    return {*_edges(clause), *clause.body.includes}


def _edges(clause: Clause) -> list[tuple[str, str]]:
    body = clause.body
    assert isinstance(body, Require)
    return [(name, text.strip()) for name in ("starts", "ends") if (text := getattr(body, name))]


def _alike(
    clauses: Iterable[Clause],
    key: Callable[[Clause], Hashable],
    as_much: Callable[[Clause, Clause], bool],
) -> Iterator[Pair]:
    groups: dict[Hashable, list[Clause]] = {}
    for clause in clauses:
        if (kept := key(clause)) is not None:
            groups.setdefault(kept, []).append(clause)
    for group in groups.values():
        yield from ((c, other) for c in group for other in group if c.id != other.id and as_much(c, other))


def _told(clause: Clause) -> Hashable:
    """What a clause in words says, for those of which equal words are the same demand."""
    body = clause.body
    match body:
        case Rule():
            return ("rule", *polarity(body), body.force in ("may", "seeks") and body.force)
        case Trait():
            return "trait", topic(body.means), body.signs, body.intensity
        case Refuse():
            return "refuse", topic(body.about)
        case Stance():
            return "stance", topic(body.about), topic(body.says), body.signs
        case Prefer():
            return "prefer", topic(body.this), topic(body.over or "")
        case Outcomes():
            return "outcomes", body.order
        case _:
            return None


def _tells_as_much(clause: Clause, other: Clause) -> bool:
    match clause.body, other.body:
        case Rule() as one, Rule() as two:
            weaker = one.force in ("should", "should_not") or two.force not in ("should", "should_not")
            return weaker and _bears_on(one.about, two.about)
        case Trait() as one, Trait() as two:
            return one.avoid is None or topic(one.avoid) == topic(two.avoid or "")
        case Refuse() as one, Refuse() as two:
            parts = all(getattr(one, f) in (None, getattr(two, f)) for f in ("style", "offer", "still_help"))
            return parts and set(one.asks) <= set(two.asks) and set(one.safe) <= set(two.safe)
        case Prefer() as one, Prefer() as two:
            return all(_at_most(getattr(one, f), getattr(two, f)) for f in ("max_words", "max_sentences"))
        case Outcomes() as one, Outcomes() as two:
            return _bears_on(one.about, two.about)
        case _:
            return True


def _bears_on(one: str | None, two: str | None) -> bool:
    return two is None or (one is not None and topic(one) == topic(two))


def _shape(clause: Clause) -> Hashable:
    return "format" if isinstance(clause.body, Format) else None


def _limits_as_much(clause: Clause, other: Clause) -> bool:
    one, two = clause.body, other.body
    assert isinstance(one, Format)
    assert isinstance(two, Format)
    never = all(getattr(one, f) in (None, getattr(two, f)) for f in ("markdown", "lists", "code"))
    questions = one.questions in (None, two.questions) or two.questions == "never"
    return (
        never and questions and all(_at_most(getattr(one, f), getattr(two, f)) for f in ("max_words", "max_sentences"))
    )


def _at_most(one: int | None, two: int | None) -> bool:
    return one is None or (two is not None and two <= one)
