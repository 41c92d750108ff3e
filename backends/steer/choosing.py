"""Place, layer and strength of each clause's vector, chosen on questions that gave no direction and that no probe asks.

In: directions, and a ground to try sets of vectors on. Out: what became of each clause. First each clause by itself, at
every candidate place, ever stronger until it is kept everywhere or something else is lost. Then all of them together,
since the arm adds all vectors to every answer: in order of authority a clause's vector joins where the clauses are
kept on more questions with it, on average over clauses; then strengths are tried anew, each beside all others. A set
that loses facts, fluency or safe requests is never taken. This file must not know how a set is tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from backends.steer.directions import READS
from backends.steer.trying import Ground, Trying
from backends.vectors import Part, summed
from compiler.records.steering import Read

Parts = dict[str, Part]
BESIDE = 2
"""Places of a clause that are tried beside other vectors: the best ones of it alone."""
WEAKER = (1.0, 0.7, 0.4)
"""Of the strength that a clause took alone: what vectors do adds up."""
AGAIN = (1.3, 0.7, 0.0)
"""What a strength is multiplied by once all vectors are there; 0 takes the vector out."""
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Alone:
    """A clause's own vector, and the share of its questions on which it is kept under it."""

    part: Part
    kept: float


@dataclass
class Choice:
    """parts: what is used. alone: for each clause what its vector does by itself, the best first. tried: sets that were
    looked at."""

    parts: Parts = field(default_factory=dict)
    alone: dict[str, list[Alone]] = field(default_factory=dict)
    tried: int = 0


def candidates(depths: tuple[float, ...], layers: int) -> tuple[int, ...]:
    """
    >>> candidates((0.15, 0.5, 0.6, 0.9), 7), candidates((0.5, 0.9), 2)
    ((1, 4, 6), (1,))
    """
    return tuple(dict.fromkeys(min(layers - 1, round(depth * layers)) for depth in depths))


class Choosing:
    def __init__(
        self, ground: Ground, directions: Mapping[str, Any], layers: tuple[int, ...], tell: Callable[[str], None]
    ) -> None:
        self.ground = ground
        self.directions = directions
        self.layers = layers
        self.tell = tell
        self.choice = Choice()
        self._tried: dict[str, Trying] = {}

    def choose(self) -> Choice:
        for clause_id in self.directions:
            self.tell(clause_id)
            found = sorted(self._alone(clause_id), key=lambda a: (-a.kept, a.part.strength, a.part.layer))
            self.choice.alone[clause_id] = found
        for clause_id in self.directions:
            self.tell(f"{clause_id} beside the others")
            self._better(self._joining(clause_id))
        for _ in range(ROUNDS):
            before = dict(self.choice.parts)
            for clause_id in self.directions:
                self.tell(f"{clause_id} again")
                self._better(self._changed(clause_id))
            if self.choice.parts == before:
                break
        self.choice.tried = len(self._tried)
        return self.choice

    def trying(self, parts: Parts) -> Trying:
        """What a set of vectors does."""
        if not parts:
            return self.ground.base
        by = summed(parts, self.direction)
        return self._tried.setdefault(by.digest, self.ground.trying(by))

    def direction(self, clause_id: str, part: Part) -> Any:
        return self.directions[clause_id][READS.index(part.read), part.layer]

    def _alone(self, clause_id: str) -> Iterator[Alone]:
        """Vectors under which the clause is kept on more of its questions and nothing is lost."""
        if self.ground.base.kept(clause_id) == 1.0:
            return
        flawless = 0
        for read in self.ground.plan.reads:
            for layer in self.layers:
                for found in self._stronger(clause_id, read, layer):
                    yield found
                    flawless += found.kept == 1.0
                if flawless == BESIDE:
                    return

    def _stronger(self, clause_id: str, read: Read, layer: int) -> Iterator[Alone]:
        for strength in self.ground.plan.strengths:
            part = Part(read, layer, strength)
            if not self.direction(clause_id, part).any():
                return  # both sides have the same prompt
            one = self.trying({clause_id: part})
            kept = one.kept(clause_id)
            if kept <= self.ground.base.kept(clause_id):
                continue
            if not self._keeps(one, [clause_id]):
                return  # a stronger one loses more
            yield Alone(part, kept)
            if kept == 1.0:
                return

    def _joining(self, clause_id: str) -> Iterator[Parts]:
        places: dict[tuple[Read, int], Part] = {}
        for found in self.choice.alone[clause_id]:
            places.setdefault(found.part[:2], found.part)
        for part in list(places.values())[:BESIDE]:
            for weaker in WEAKER:
                yield {**self.choice.parts, clause_id: _times(part, weaker)}

    def _changed(self, clause_id: str) -> Iterator[Parts]:
        """Sets in which one clause's vector is another; one that is left out is tried again."""
        if clause_id not in self.choice.parts:
            yield from self._joining(clause_id)
            return
        others = {name: part for name, part in self.choice.parts.items() if name != clause_id}
        for factor in AGAIN:
            yield {**others, clause_id: _times(self.choice.parts[clause_id], factor)} if factor else others

    def _better(self, sets: Iterator[Parts]) -> None:
        """Take the best of some sets, where it is better than what is taken."""
        best = self._worth(self.choice.parts)
        for parts in list(sets):
            worth = self._worth(parts, above=best)
            if worth > best:
                best, self.choice.parts = worth, parts

    def _worth(self, parts: Parts, above: float = -math.inf) -> float:
        """The share of questions on which a clause is kept, on average over clauses; none of a set that loses what must
        be kept."""
        one = self.trying(parts)
        clauses = list(self.directions)
        if parts and not self._keeps_facts(one):
            return -math.inf
        worth = math.fsum(one.kept(clause_id) for clause_id in clauses) / len(clauses)
        if parts and (worth <= above or not self._keeps(one, clauses)):
            return -math.inf
        return worth

    def _keeps_facts(self, one: Trying) -> bool:
        return one.facts >= self.ground.base.facts - self.ground.plan.keep.facts

    def _keeps(self, one: Trying, clause_ids: list[str]) -> bool:
        keep, base = self.ground.plan.keep, self.ground.base
        return (
            self._keeps_facts(one)
            and one.safe >= base.safe - keep.safe
            and one.fluent(clause_ids) >= base.fluent(clause_ids) - keep.fluent
        )


def _times(part: Part, factor: float) -> Part:
    return part._replace(strength=round(part.strength * factor, 3))
