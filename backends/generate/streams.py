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
    that were read for more."""

    stream: UnitStream
    clause: str
    known: int
    answers: set[int] = field(default_factory=set)


class Streams:
    """memory: what earlier builds have found; None to find everything anew."""

    def __init__(self, around: Surroundings, memory: Memory | None = None) -> None:
        self._around = around
        self._memory = memory
        self._open: dict[Hashable, _Open] = {}

    def of(self, unit: Unit) -> Candidates:
        """The candidates of a unit, from the first on. Nothing is looked for before one is taken."""
        return Candidates(_Reading(self, unit))

    def at(self, unit: Unit, name: Hashable, place: int) -> Looked:
        """The candidate at `place` of the stream called `name`, which is the unit's."""
        there = self._open.get(name)
        if there is None:
            rows = self._memory.get("stream", self.digest(unit)) if self._memory is not None else None
            known = [_looked(row) for row in rows or ()]
            there = self._open[name] = _Open(UnitStream(unit, self._around, known), unit.clause_ids[0], len(known))
        if place < len(there.stream.looked) or self._memory is None:
            return there.stream.at(place)
        with self._memory.noting(there.answers):
            return there.stream.at(place)

    def digest(self, unit: Unit) -> str:
        """Of everything that decides the unit's candidates."""
        purpose, prompts, *rest = _name(unit)
        return digest([purpose, prompts.model_dump(mode="json"), *rest, self._around.told(unit)])

    def close(self, clause: str | None = None) -> None:
        """Remember what the streams of a clause (of all clauses, unless it is named) have found beyond what was known,
        and let go of them. Whoever reads on finds it again."""
        for name, there in list(self._open.items()):
            if clause is None or there.clause == clause:
                found = there.stream.looked
                if self._memory is not None and len(found) > there.known:
                    rows = [_row(looked) for looked in found]
                    self._memory.put("stream", self.digest(there.stream.unit), rows, there.answers)
                del self._open[name]


class _Reading:
    """A unit's stream, which is opened when it is read."""

    def __init__(self, streams: Streams, unit: Unit) -> None:
        self._streams = streams
        self._unit = unit
        # Clauses ask by seeds of their own, and share no stream.
        self._name = (unit.clause_ids[0], *_name(unit))

    def at(self, place: int) -> Looked:
        return self._streams.at(self._unit, self._name, place)


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
