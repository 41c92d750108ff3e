"""Drafts that an earlier build has written, batch by batch, as they were before any rule of filters.json.

In: the candidates of a batch. Out: its drafts, where that very batch was written before. A rule that was edited, or a
row that was struck out, changes which of them become rows, and not what they are. This file must not know writers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from backends.generate.candidates import Candidate
from backends.generate.memory import Memory
from backends.generate.sides import Draft, Models
from compiler.digests import digest
from compiler.records.recipe import Unit
from compiler.records.record import Message
from compiler.rubrics import is_plain

UNWRITTEN = {"id", "spans", "share", "measures", "clause_ids", "prompts", "count", "skip"}
"""Fields of a unit that say how many rows go where, or what its stream is, and nothing of how one is written."""


Numbered = Sequence[tuple[int, Candidate]]


class Drafts:
    """Drafts of one unit. stream: digest of its stream. memory: what is remembered; None to write all of them."""

    def __init__(self, unit: Unit, models: Models, stream: str = "", memory: Memory | None = None) -> None:
        self._unit = unit
        self._models = models
        self._stream = stream
        self._memory = memory

    def of(self, numbered: Numbered, write: Callable[[Numbered], list[Draft]]) -> list[Draft]:
        """The drafts of a batch, which `write` writes where they are not remembered."""
        if self._memory is None:
            return write(numbered)
        rows = self._memory.get("drafts", self._digest(numbered))
        if rows is not None and len(rows) == len(numbered):
            return [_draft(number, candidate, row) for (number, candidate), row in zip(numbered, rows, strict=True)]
        answers: set[int] = set()
        with self._memory.noting(answers):
            drafts = write(numbered)
        self._memory.put("drafts", self._digest(numbered), [_row(draft) for draft in drafts], answers)
        return drafts

    def _digest(self, numbered: Numbered) -> str:
        """Of everything that decides these drafts. What computes is known for sure once an answer was needed."""
        models = (self._models.subject, self._models.writer, self._models.judge)
        first = numbered[0][0]
        # A model is asked in other words where it is nano by name.
        asked = [(model.fingerprint(), is_plain(model.base.name)) for model in models]
        return digest([self._told, self._stream, asked, first, len(numbered)])

    @cached_property
    def _told(self) -> str:
        return digest(self._unit.model_dump(mode="json", exclude=UNWRITTEN))


def _row(draft: Draft) -> list[Any]:
    if draft.failed is not None:
        return [draft.failed]
    return [None, [[m.role, m.content] for m in draft.messages], draft.sides["chosen"], draft.sides["rejected"]]


def _draft(number: int, candidate: Candidate, row: list[Any]) -> Draft:
    failed, *rest = row
    if failed is not None:
        return Draft(number, candidate, candidate.conversation, failed=failed)
    messages, chosen, rejected = rest
    conversation = tuple(Message(role=role, content=content) for role, content in messages)
    return Draft(number, candidate, conversation, {"chosen": chosen, "rejected": rejected})
