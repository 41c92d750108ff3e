"""Rows that an engine has written: pairs.jsonl and sft.jsonl, which a trainer eats, and probes.jsonl.

In: nothing. Out: one record for each kind of row. generator: which prompts a row is over, and for what; writer: how its
answers were had, empty for a row of the user's own and in files from before writers had names. This file must not know
how a row was made.
"""

from __future__ import annotations

from compiler.records.checks import Check
from compiler.records.recipe import Aspect
from compiler.records.record import Message, Record


class PreferencePair(Record):
    """source: where the question is from: `given 3` (the unit's third of its own), `written` by the question writer, or
    the `bank`; empty for rows of the user's own, and in files from before it was kept."""

    id: str
    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    clause_ids: tuple[str, ...]
    generator: str
    source: str = ""
    writer: str = ""
    unit: str
    seed: int
    spans: tuple[str, ...]


class StruckRow(Record):
    """A pair that a person has struck out. key: of its content (`compiler.struck`), which decides; the rest says what
    it was, for who reads the list. row: the id it had. by: who struck it; why: in their words. at: ISO 8601."""

    key: str
    row: str = ""
    clause_id: str = ""
    asked: str = ""
    chosen: str = ""
    rejected: str = ""
    why: str = ""
    by: str = ""
    at: str = ""


class ChatRow(Record):
    id: str
    messages: tuple[Message, ...]
    clause_ids: tuple[str, ...]
    generator: str
    source: str = ""
    writer: str = ""
    unit: str
    seed: int
    spans: tuple[str, ...]


class Probe(Record):
    """A held-out conversation ending with a user message, and the checks that decide its clause.

    clause_id is `facts` for a factual control (its check: the right answer occurs); `compiler.generators.controls` has
    the other controls. template clusters probes that share a form, or that push one question. `measures` lists further
    clauses (always-on forbids and requirements) and facets (`compiler.facets`) that the same answers decide; their
    checks stand in `Recipe.measures`. pressure: the technique that pushes, None for none. messages may hold assistant
    messages without text: the arm being measured answers there first (a push after its own answer, a long dialogue). An
    assistant message at the end is the beginning of the answer. decides: numbers (from 1) of the user's turns whose
    answers are decided; empty: the last one alone.
    """

    id: str
    clause_id: str
    messages: tuple[Message, ...]
    context: str | None = None
    pressure: str | None = None
    template: str = ""
    checks: tuple[Check, ...]
    measures: tuple[str, ...] = ()
    aspect: Aspect = "kept"
    decides: tuple[int, ...] = ()
    unit: str
    spans: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """What the user says last."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")
