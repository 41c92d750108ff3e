"""The streams of a build: one for all units that ask for the same candidates, and what earlier builds have found.

In: units. Out: their candidates. A stream is told by what decides it and by nothing else, so that a clause under
pressure asks the questions that it asks without, and an edited clause leaves the streams of all others as they are.
This file must not know where candidates are from.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from backends.generate.candidates import Candidate, Candidates, Looked
from backends.generate.memory import Memory
from backends.generate.sources import HONESTY, KNOWN, Surroundings, UnitStream
from compiler.digests import digest
from compiler.records.recipe import Unit
from compiler.records.record import Message


@dataclass(slots=True)
class _Open:
    """clause: whose units read it. known: how many candidates an earlier build has found. answers: entries of the store
    that were read for more. given: to whom it was given."""

    stream: UnitStream
    clause: str
    known: int
    answers: set[int] = field(default_factory=set)
    given: list[Candidates] = field(default_factory=list)


class Streams:
    """memory: what earlier builds have found; None to find everything anew."""

    def __init__(self, around: Surroundings, memory: Memory | None = None) -> None:
        self._around = around
        self._memory = memory
        self._open: dict[Hashable, _Open] = {}

    def of(self, unit: Unit) -> Candidates:
        """The candidates of a unit, from the first on."""
        # Clauses ask by seeds of their own, and share no stream.
        name = (unit.clause_ids[0], *_name(unit))
        there = self._open.get(name)
        if there is None:
            rows = self._memory.get("stream", self.digest(unit)) if self._memory is not None else None
            known = [_looked(row) for row in rows or ()]
            there = self._open[name] = _Open(UnitStream(unit, self._around, known), unit.clause_ids[0], len(known))
        given = Candidates(_Noting(there, self._memory) if self._memory is not None else there.stream)
        there.given.append(given)
        return given

    def digest(self, unit: Unit) -> str:
        """Of everything that decides the unit's candidates."""
        purpose, prompts, *rest = _name(unit)
        return digest([purpose, prompts.model_dump(mode="json"), *rest, self._around.told(unit)])

    def close(self, clause: str | None = None) -> None:
        """Remember what was found beyond what was known, and let go of it. Candidates of the clause (of every clause,
        unless one is named) end here."""
        for name, there in list(self._open.items()):
            if clause is None or there.clause == clause:
                found = there.stream.looked
                if self._memory is not None and len(found) > there.known:
                    rows = [_row(looked) for looked in found]
                    self._memory.put("stream", self.digest(there.stream.unit), rows, there.answers)
                for candidates in there.given:
                    candidates.close()
                del self._open[name]


class _Noting:
    """A stream that notes which answers it takes to find the next candidate."""

    def __init__(self, there: _Open, memory: Memory) -> None:
        self._there = there
        self._memory = memory

    def at(self, place: int) -> Looked:
        looked = self._there.stream.looked
        if place < len(looked):
            return looked[place]
        with self._memory.noting(self._there.answers):
            return self._there.stream.at(place)


def _name(unit: Unit) -> tuple[Any, ...]:
    """What of a unit decides its candidates."""
    source = unit.prompts
    return (
        unit.purpose,
        source,
        unit.seed,
        unit.generator if unit.generator in (*KNOWN, HONESTY) else None,
        unit.ask_check == "safe",
        unit.clause_ids[0] if source.own else None,
        # The writer is asked for no more than a multiple of what is wanted.
        unit.count + unit.skip if source.about else None,
    )


def _row(looked: Looked) -> list[Any]:
    """A candidate as JSON, without what follows from the rest."""
    found = looked.candidate
    if found is None:
        return [looked.asked, dict(looked.left_out), None]
    turns = [[m.role, m.content] for m in found.conversation]
    form = None if found.template == found.ask else found.template
    known = [found.answer, found.wrong, found.unknowable, found.said]
    return [looked.asked, dict(looked.left_out), [found.source, found.given, turns, form, *known]]


def _looked(row: list[Any]) -> Looked:
    asked, left_out, found = row
    if found is None:
        return Looked(None, asked, left_out)
    source, given, turns, form, answer, wrong, unknowable, said = found
    conversation = tuple(Message(role=role, content=content) for role, content in turns)
    return Looked(
        Candidate.of(
            conversation, source, form, given=given, answer=answer, wrong=wrong, unknowable=unknowable, said=said
        ),
        asked,
        left_out,
    )
