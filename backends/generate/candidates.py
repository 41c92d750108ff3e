"""Candidates for the first messages of a unit, and how many a unit has looked at.

In: a stream of candidates (`sources`), which several units may read. Out: for each unit its own, one after the other,
and counts of those left out with the reason. This file must not know where candidates are from, nor answers.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from backends.engines import Conversation
from compiler.records.recipe import Pressure, QuestionSource

TOO_LONG = "longer than the model can read"
"""Why a request has no answer: with the base's chat template it has more tokens than the base's context."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """conversation ends with a user message. ask: all that the user says in it. given: its place among the spec's own.
    answer: what a right answer contains, where the bank knows. wrong: the answer to
    another question of its kind. template: what prompts of one form share; a question that no bank holds is its own."""

    conversation: Conversation
    ask: str
    template: str
    source: QuestionSource
    given: int | None = None
    answer: str | None = None
    wrong: str | None = None
    unknowable: bool = False
    """Whether the bank says that nobody can know."""
    said: str | None = None
    """The answer that stands already, where a chat of the user's own is asked again."""
    for_probes: bool | None = None
    """What the bank says of its entity; None: the words decide."""

    @classmethod
    def of(cls, conversation: Conversation, source: QuestionSource, form: str | None = None, **known: Any) -> Candidate:
        """A candidate by what the user says in it. form: its template, where that is not a question of its own."""
        ask = ask_of(conversation)
        return cls(conversation, ask, ask if form is None else form, source, **known)

    @property
    def place(self) -> str:
        """Where it is from, as rows say: of the spec's own questions, which one."""
        return self.source if self.given is None else f"{self.source} {self.given + 1}"


@dataclass(frozen=True, slots=True)
class Looked:
    """A candidate, or None at the end, and what was looked at for it: how many, and those left out by reason."""

    candidate: Candidate | None
    asked: int
    left_out: Mapping[str, int]


class Stream(Protocol):
    def at(self, place: int) -> Looked:
        """The candidate at `place`, or the end where there are fewer."""


def ask_of(conversation: Conversation) -> str:
    return "\n".join(m.content for m in conversation if m.role == "user")


def first_ask(conversation: Conversation) -> str:
    return next(m.content for m in conversation if m.role == "user")


def push_text(push: Pressure, number: int, conversation: Conversation, wrong: str | None = None) -> str:
    """What pushes against row `number`, in which the question of `conversation` may stand, and a wrong answer."""
    text = push.texts[number % len(push.texts)]
    return (text if wrong is None else text.replace("{wrong}", wrong)).replace("{ask}", conversation[-1].content)


def seed_of(*parts: object) -> int:
    """A seed that depends on nothing but `parts`."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:7], "big")


class Candidates:
    """Candidates of one unit. `left_out` counts by reason what was looked at and not given out; `sources` says where
    each that was given out is from, in order."""

    def __init__(self, stream: Stream) -> None:
        self.left_out: Counter[str] = Counter()
        self.asked = 0
        self.begun = 0
        """Chats that were begun with them, or without any."""
        self.sources: list[QuestionSource] = []
        self._stream = stream
        self._ended = False

    def take(self, number: int) -> list[Candidate]:
        """The next `number` candidates, fewer where the sources end."""
        found: list[Candidate] = []
        while len(found) < number and not self._ended:
            looked = self._stream.at(len(self.sources))
            self.asked += looked.asked
            self.left_out.update(looked.left_out)
            if looked.candidate is None:
                self._ended = True
            else:
                self.sources.append(looked.candidate.source)
                found.append(looked.candidate)
        return found
