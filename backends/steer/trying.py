"""What a set of vectors does: the share of choosing questions on which each clause is kept, and what is lost beside.

In: vectors, questions, an engine, a judge. Out: shares. Each is computed when it is asked for, and answers come from
the store of answers where they are there, so that a choice that was killed goes on where it was. This file must not
know how vectors are chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from backends.cached import CHUNK, CachedEngine
from backends.deciding import decide
from backends.engines import Conversation, Sampling
from backends.judges import Case, Judge
from backends.steer.rows import Asked, Rows
from backends.vectors import Steering
from compiler.records.record import Message
from compiler.records.steering import SteeringPlan

WORSE = 1.5
"""Nats a token by which an answer may be less likely than the base's own answers are on average, and still read as
text. What a strong vector makes of words is less likely by more."""


@dataclass(frozen=True)
class Ground:
    """What all sets are tried on, and what the base does by itself. prompt: the compiled one. Without slots, since it
    keeps what was found."""

    plan: SteeringPlan
    rows: Rows
    subject: CachedEngine
    judge: Judge
    prompt: str

    def trying(self, by: Steering | None) -> Trying:
        return Trying(self, by)

    @cached_property
    def base(self) -> Trying:
        return self.trying(None)

    @cached_property
    def plain(self) -> float:
        """Nats a token: how likely the base's own answers are to it."""
        rows = self.rows
        groups = [rows.facts] if rows.facts else list(rows.choosing.values())
        told = self.likely([one for group in groups for one in self.base.said(group)])
        found = [likely for likely in told if likely > -math.inf]
        return math.fsum(found) / len(found) if found else 0.0

    def likely(self, said: Sequence[tuple[Conversation, str]], system: str | None = None) -> list[float]:
        """How likely each answer is to the base, in nats a token, behind a system message or without one."""
        found: list[float] = []
        for start in range(0, len(said), CHUNK):
            rows = [(_with(system, asked), answer) for asked, answer in said[start : start + CHUNK]]
            graded = self.subject.log_likelihoods(rows)
            found += [-math.inf if one is None else one[0] / one[1] for one in graded]
        return found

    @property
    def sampling(self) -> Sampling:
        return Sampling(max_new_tokens=self.plan.max_new_tokens)


@dataclass(frozen=True)
class Trying:
    """One set of vectors; None: the base by itself."""

    ground: Ground
    by: Steering | None
    _kept: dict[str, float] = field(default_factory=dict)

    def kept(self, clause_id: str) -> float:
        """The share of the clause's own questions on which it is kept."""
        if clause_id not in self._kept:
            self._kept[clause_id] = self._share(self.ground.rows.choosing[clause_id])
        return self._kept[clause_id]

    @cached_property
    def facts(self) -> float:
        return self._share(self.ground.rows.facts)

    @cached_property
    def safe(self) -> float:
        return self._share(self.ground.rows.safe)

    def fluent(self, clause_ids: Sequence[str]) -> float:
        """The share of the answers to questions of fact, and to those of some clauses, that end and read as text."""
        groups = [self.ground.rows.facts, *(self.ground.rows.choosing[clause_id] for clause_id in clause_ids)]
        said = [one for group in groups for one in self.said(group)]
        floor = self.ground.plain - WORSE
        found = self.ground.likely(said)
        # What the base does not say by itself, it may say behind the compiled prompt.
        doubted = [one for one, likely in zip(said, found, strict=True) if likely < floor]
        fluent = len(said) - len(doubted)
        fluent += sum(likely >= floor for likely in self.ground.likely(doubted, self.ground.prompt))
        asked = sum(map(len, groups))
        return fluent / asked if asked else 1.0

    def said(self, asked: Sequence[Asked]) -> list[tuple[Conversation, str]]:
        """Questions with their answers, but those that are empty, or have no end where the base's own has one."""
        own = self._answers(asked) if self.by is None else self.ground.base._answers(asked)
        return [
            (one.conversation, answer)
            for one, answer, plain in zip(asked, self._answers(asked), own, strict=True)
            if answer and (self._ends(answer) or not self._ends(plain or ""))
        ]

    def _ends(self, answer: str) -> bool:
        return self.ground.subject.count(answer) < self.ground.plan.max_new_tokens

    def is_judged(self, clause_id: str) -> bool:
        """Whether any of the clause's own questions has a verdict."""
        return bool(self._verdicts(self.ground.rows.choosing[clause_id]))

    def _share(self, asked: Sequence[Asked]) -> float:
        """Of questions with a verdict, those whose answer passes its checks; 1 of none."""
        found = self._verdicts(asked)
        return sum(found) / len(found) if found else 1.0

    def _verdicts(self, asked: Sequence[Asked]) -> list[bool]:
        answers = self._answers(asked)
        cases = [
            Case(one.conversation[-1].content, answer, one.checks)
            for one, answer in zip(asked, answers, strict=True)
            if answer is not None
        ]
        found: list[bool] = []
        for start in range(0, len(cases), CHUNK):
            decided = decide(cases[start : start + CHUNK], self.ground.judge)
            found += [decision.kept for decision in decided if decision.kept is not None]
        return found

    def _answers(self, asked: Sequence[Asked]) -> list[str | None]:
        subject = self.ground.subject
        subject.steering = self.by
        said: list[str | None] = []
        for start in range(0, len(asked), CHUNK):
            batch = [one.conversation for one in asked[start : start + CHUNK]]
            said += subject.answers(batch, self.ground.sampling, steer=self.by is not None)
        return said


def _with(system: str | None, conversation: Conversation) -> Conversation:
    if not system:
        return conversation
    own = [m.content for m in conversation if m.role == "system"]
    rest = tuple(m for m in conversation if m.role != "system")
    return (Message(role="system", content="\n\n".join([system, *own])), *rest)
