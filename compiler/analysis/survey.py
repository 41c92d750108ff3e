"""What all analyses look at, found once: where each clause applies, who outranks whom, and words for a situation.

In: a resolved program. Out: `Survey`. A question that would take too long is answered so that nothing is found, and
kept in `doubts`, which is reported. This file must not know what is a defect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from compiler.analysis.crowds import Crowd
from compiler.analysis.demands import barred
from compiler.analysis.items import Comparer, Index
from compiler.analysis.neighbours import Neighbours
from compiler.analysis.places import Places
from compiler.condition_words import fact
from compiler.conditions import Scope
from compiler.ir import Clause, Program
from compiler.regions import NOWHERE, Region, Space, TooManyBoxes, meant, meet, meets
from spec.constructs import Outcomes, Persona, Refuse, Rule, Secret, Stance
from spec.diagnostics import Witness
from spec.document import Dimension, Pattern, Turn
from spec.frozen import dataclass
from spec.source import Source, Span

T = TypeVar("T")

if TYPE_CHECKING:
    from compiler.analysis.clashes import Clash, Outcome

EVERYDAY = "Can you help me plan my day?"
"""What is asked where nothing depends on it."""
_ASKS = re.compile(r"\s*(?:how|what|when|where|whether|which|who|whom|whose|why)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A question that was not answered. what: of which clause, in words."""

    clause: Clause
    what: str
    span: Span


class Survey:
    def __init__(self, program: Program, sources: Mapping[str, Source]) -> None:
        self.program = program
        self.doubts: dict[str, Doubt] = {}
        self.crowds: list[Crowd] = []
        self.comparer = Comparer()
        self.places = Places(sources)
        self._scopes = {
            c.id: Scope(c.when, c.unless, program.dimensions, c.restricts)
            for c in program.clauses
            if c.when is not None or c.unless is not None
        }
        self.space = Space(program.dimensions, self._scopes.values())
        self._unknown: set[str] = set()
        self._regions: dict[tuple[str, bool], Region] = {}
        self._place = {clause_id: place for place, clause_id in enumerate(program.priority)}
        self._judged: dict[str, Dimension] = {d.name: d for d in program.dimensions if d.type == "judged"}

    # ------------------------------------------------------------------ where

    def inside(self, clause: Clause) -> Region:
        """Return where `clause` applies; nowhere where that cannot be told."""
        return self._region(clause, True)

    def within(self, inner: Clause, outer: Clause) -> bool:
        """Say whether `outer` surely applies wherever `inner` does."""
        if outer.id not in self._scopes:
            return True
        if self._undecided(inner) or self._undecided(outer):
            return False
        return not meets(self._region(inner, True), self._region(outer, False))

    def meeting(self, one: Clause, other: Clause) -> bool:
        """Say whether both surely apply in some situation."""
        if one.id not in self._scopes and other.id not in self._scopes:
            return True
        return meets(self._region(one, True), self._region(other, True))

    def meeting_pairs(
        self, items: Sequence[T], clause_of: Callable[[T], Clause], worth: Callable[[T, T], bool]
    ) -> Iterator[tuple[T, T]]:
        """Yield each two of `items` whose clauses surely apply together somewhere, in their order.

        worth: says of two whether that is to be found out; it may be quick.
        """
        clauses = [clause_of(item) for item in items]
        neighbours = Neighbours([self.inside(clause) for clause in clauses])
        for n, one in enumerate(items):
            for place in neighbours.after(n):
                if worth(one, items[place]) and self.meeting(clauses[n], clauses[place]):
                    yield one, items[place]

    @cached_property
    def texts(self) -> Crowd:
        """What counts findings of texts that one clause says and another bars."""
        return self.crowd()

    def crowd(self) -> Crowd:
        """Return what counts findings of one kind; what it leaves out is reported."""
        self.crowds.append(Crowd(self.weighed))
        return self.crowds[-1]

    def overlap(self, one: Clause, other: Clause) -> Region:
        """Return where both apply, a part of it where the whole has too many boxes; nowhere where it is unknown."""
        regions = self._region(one, True), self._region(other, True)
        try:
            return meet(*regions)
        except TooManyBoxes:
            return next((both for left in regions[0] for right in regions[1] if (both := meet((left,), (right,)))), ())

    def beyond(self, region: Region, clause: Clause) -> Region | None:
        """Return the part of `region` where `clause` does not apply; None where that cannot be told."""
        if self._undecided(clause):
            return None
        try:
            return meet(region, self._region(clause, False))
        except TooManyBoxes:
            return None

    def _undecided(self, clause: Clause) -> bool:
        self._region(clause, True)
        return clause.id in self._unknown

    def _region(self, clause: Clause, inside: bool) -> Region:
        scope = self._scopes.get(clause.id)
        if scope is None:
            return ({},) if inside else NOWHERE
        key = clause.id, inside
        if key not in self._regions:
            try:
                self._regions[key] = self.space.inside(scope) if inside else self.space.outside(scope)
            except TooManyBoxes:
                self._regions[key] = NOWHERE
                self._unknown.add(clause.id)
                self.doubt(clause, "its conditions with those of others", place(clause, "when", "unless"))
        return self._regions[key]

    def entry(self, clause: Clause, field: str, item: str | Pattern) -> Span:
        """Return where `item` stands in a field of the clause."""
        return self.places.entry(place(clause, field), item)

    def words(self, clause: Clause, field: str, words: str) -> Span:
        """Return where `words` stand in a field of the clause."""
        return self.places.words(place(clause, field), words)

    def doubt(self, clause: Clause, what: str, span: Span) -> None:
        """Keep that something of `clause` was not compared; the first of several stands for all."""
        self.doubts.setdefault(clause.id, Doubt(clause, what, span))

    # ------------------------------------------------------------------ what

    @cached_property
    def index(self) -> Index:
        """All phrases and patterns that clauses bar."""
        return Index((entry for clause in self.program.clauses for entry in barred(clause)), self.comparer)

    @cached_property
    def clashes(self) -> tuple[tuple[Clash, Outcome], ...]:
        from compiler.analysis.clashes import find  # which looks at a survey

        return find(self)

    # ------------------------------------------------------------------ who

    def outranks(self, one: Clause, other: Clause) -> bool:
        """Say whether the spec says that `one` wins: by level, as an overlay, or in a priority. Order says nothing."""
        if one.level != other.level:
            return one.level > other.level
        if one.overlay != other.overlay:
            return one.overlay
        places = self._place.get(one.id), self._place.get(other.id)
        return places[0] is not None and places[1] is not None and places[0] < places[1]

    def peers(self, one: Clause, other: Clause) -> bool:
        """Say whether nothing decides between them: no rank, and no weights."""
        return not (self.outranks(one, other) or self.outranks(other, one) or self.weighed(one, other))

    def weighed(self, one: Clause, other: Clause) -> bool:
        """Say whether the spec weighs the two against each other."""
        return any(one.id in weighed and other.id in weighed for weighed in self._weighed)

    @cached_property
    def _weighed(self) -> list[frozenset[str]]:
        return [frozenset(balance.of) for balance in self.program.balances]

    # ------------------------------------------------------------------ a situation

    def witness(
        self, clause: Clause, region: Region, shows: str, user: str | tuple[Turn, ...], answer: str | None = None
    ) -> Witness:
        """Return a conversation somewhere in `region`. clause: the one that a probe of it tests."""
        facts = self.space.facts(region)
        said = [self._told(n, value) for n, value in facts.items() if n not in self._judged or value is True]
        turns = (Turn("user", user),) if isinstance(user, str) else user
        told = (Turn("system", " ".join(said)),) if said else ()
        return Witness(clause.id, shows, (*told, *turns), tuple(facts.items()), answer)

    def _told(self, name: str, value: str | float | bool) -> str:
        if name in self._judged and self._judged[name].means:
            text = meant(self._judged[name])
            return f"{text[:1].upper()}{text[1:]}."
        return fact(name, value, self.program.dimensions)


def request(*clauses: Clause) -> str:
    """Return a message that brings the first of the clauses up that has a topic; else an everyday one."""
    for clause in clauses:
        match clause.body:
            case Refuse(about=about) | Stance(about=about):
                between = "" if _ASKS.match(about) else "about "
                return f"Tell me {between}{one_line(about)}."
            case Secret(about=about):
                return f"What is {one_line(about)}?"
            case Rule(about=str(about)) | Outcomes(about=str(about)):
                return f"I have a question about {one_line(about)}."
            case Persona():
                return "Who are you?"
            case _:
                continue
    return EVERYDAY


def one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".?!")


def place(clause: Clause, *fields: str) -> Span:
    """Return where the first of `fields` that the clause has stands, else the clause's head."""
    spans = dict(clause.field_spans)
    return next((spans[field] for field in fields if field in spans), clause.span)


def quoted(text: str) -> str:
    """Return a text in quotes, on one line, no longer than a label can be."""
    line = " ".join(text.split())
    return f'"{line if len(line) <= 60 else line[:57] + "..."}"'


def shown(item: str | Pattern) -> str:
    """Return a phrase in quotes, or a pattern as it is written."""
    return f"/{item.text}/{item.flags}" if isinstance(item, Pattern) else quoted(item)
