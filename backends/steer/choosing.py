"""Layer and strength of each clause's vector, chosen on questions that gave no direction and that no probe asks.

In: directions, and a ground to try sets of vectors on. Out: what became of each clause. First each clause by itself, at
every candidate layer, ever stronger until it is kept everywhere or something else is lost. Then all of them together,
since the arm adds all vectors to every answer: in order of authority a clause's vector joins where the clauses are
kept on more questions with it, on average over clauses; then strengths are tried anew, each beside all others. A set
that loses facts, fluency or safe requests is never taken. This file must not know how a set is tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from backends.steer.trying import Ground, Trying
from backends.vectors import summed

Parts = dict[str, tuple[int, float]]
"""Clause -> layer and strength."""
BESIDE = 2
"""Layers of a clause that are tried beside other vectors: the best ones of it alone."""
WEAKER = (1.0, 0.7, 0.4)
"""Of the strength that a clause took alone: what vectors do adds up."""
AGAIN = (1.3, 0.7, 0.0)
"""What a strength is multiplied by once all vectors are there; 0 takes the vector out."""
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Alone:
    """One layer and strength of a clause's own vector, and the share of its questions on which it is kept."""

    layer: int
    strength: float
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
    ((1, 3, 4, 6), (1,))
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
            found = sorted(self._alone(clause_id), key=lambda a: (-a.kept, a.strength, a.layer))
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
        by = summed(parts, self.directions)
        return self._tried.setdefault(by.digest, self.ground.trying(by))

    def _alone(self, clause_id: str) -> Iterator[Alone]:
        """The layers and strengths at which the clause is kept on more of its questions and nothing is lost."""
        before = self.ground.base.kept(clause_id)
        if before == 1.0:
            return
        for layer in self.layers:
            for strength in self.ground.plan.strengths:
                one = self.trying({clause_id: (layer, strength)})
                kept = one.kept(clause_id)
                if kept <= before:
                    continue
                if not self._keeps(one, [clause_id]):
                    break  # a stronger one loses more
                yield Alone(layer, strength, kept)
                if kept == 1.0:
                    break

    def _joining(self, clause_id: str) -> Iterator[Parts]:
        layers: dict[int, Alone] = {}
        for found in self.choice.alone[clause_id]:
            layers.setdefault(found.layer, found)
        for found in list(layers.values())[:BESIDE]:
            for weaker in WEAKER:
                yield {**self.choice.parts, clause_id: (found.layer, _rounded(found.strength * weaker))}

    def _changed(self, clause_id: str) -> Iterator[Parts]:
        """Sets in which one clause's vector is another; one that is left out is tried again."""
        if clause_id not in self.choice.parts:
            yield from self._joining(clause_id)
            return
        layer, strength = self.choice.parts[clause_id]
        for factor in AGAIN:
            others = {name: part for name, part in self.choice.parts.items() if name != clause_id}
            yield {**others, clause_id: (layer, _rounded(strength * factor))} if factor else others

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
        worth = math.fsum(one.kept(clause_id) for clause_id in clauses) / len(clauses)
        if parts and (worth <= above or not self._keeps(one, clauses)):
            return -math.inf
        return worth

    def _keeps(self, one: Trying, clause_ids: list[str]) -> bool:
        keep, base = self.ground.plan.keep, self.ground.base
        return (
            one.facts >= base.facts - keep.facts
            and one.safe >= base.safe - keep.safe
            and one.fluent(clause_ids) >= base.fluent(clause_ids) - keep.fluent
        )


def _rounded(strength: float) -> float:
    return round(strength, 3)
