"""Findings about rows, and the rows as looks see them. This file must not know what is looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from compiler.records.record import Message, Record
from compiler.records.rows import PreferencePair, Probe

Severity = Literal["error", "warning", "note"]
ORDER: tuple[Severity, ...] = ("error", "warning", "note")
MOST_SHOWN = 5
WORD = re.compile(r"\w+")


class Finding(Record):
    """code: which look, `L` and two digits. clause_id: None for all rows. message: one sentence with its figures.
    help: the way out. rows: ids of some, `more` the number of the others; `every`: all ids, which no file holds."""

    code: str
    severity: Severity
    message: str
    help: str
    clause_id: str | None = None
    rows: tuple[str, ...] = ()
    more: int = 0
    every: tuple[str, ...] = Field(default=(), exclude=True, repr=False)

    @property
    def is_of_clause(self) -> bool:
        """Whether it says something of all rows of a clause together, and points at none of them."""
        return self.clause_id is not None


def finding(
    code: str, severity: Severity, message: str, help: str, clause_id: str | None = None, rows: Sequence[str] = ()
) -> Finding:
    shown = tuple(rows[:MOST_SHOWN])
    return Finding(
        code=code,
        severity=severity,
        message=message,
        help=help,
        clause_id=clause_id,
        rows=shown,
        more=len(rows) - len(shown),
        every=tuple(rows),
    )


def text_of(messages: Sequence[Message]) -> str:
    return "\n".join(message.content for message in messages)


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """Return the words that stand in a row, `length` at a time."""
    words = WORD.findall(text.casefold())
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


@dataclass(frozen=True)
class Rows:
    """pairs: what is trained on. probes: what is measured with. prompt: the compiled prompt. names: of teachers and
    other models, which no answer of the subject should call itself. clause_ids: of the spec, in its order."""

    pairs: Sequence[PreferencePair]
    probes: Sequence[Probe] = ()
    prompt: str = ""
    names: Sequence[str] = ()
    clause_ids: Sequence[str] = field(default=())
    known: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    """What one look has worked out and another asks for too."""

    @cached_property
    def by_clause(self) -> dict[str, list[PreferencePair]]:
        """Pairs of each clause; the first of a pair's clauses is the one that it was made for."""
        out: dict[str, list[PreferencePair]] = {clause_id: [] for clause_id in self.clause_ids}
        for pair in self.pairs:
            if pair.clause_ids:
                out.setdefault(pair.clause_ids[0], []).append(pair)
        return out

    def sides(self) -> Iterator[tuple[PreferencePair, str, str]]:
        for pair in self.pairs:
            yield pair, "chosen", text_of(pair.chosen)
            yield pair, "rejected", text_of(pair.rejected)
