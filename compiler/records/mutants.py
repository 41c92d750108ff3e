"""mutations.json: which changes of a clause its probes noticed.

In: nothing. Out: `MutationReport` and its mutants. This file must not know how a mutant is made.
"""

from __future__ import annotations

from typing import Literal

from compiler.records.figures import REPORT_VERSION
from compiler.records.record import Record

Mutation = Literal["removed", "flipped", "alone", "broken"]
"""What is changed: the clause within its spec's prompt; a prompt of the clause alone, against none; the answers."""


class Mutant(Record):
    """Whether the probes of a clause notice a breach of it, on the base with a prompt.

    before, after (the change): shares that keep the clause as it stands in the true spec. difference: after less
    before, with Newcombe's interval; p: exact McNemar. noticed: fewer keep it, beyond chance. unnoticed: of answers
    that were broken by hand, one that still counts as kept.
    """

    clause_id: str
    mutation: Mutation
    n: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    noticed: bool
    unnoticed: str | None = None


class MutationReport(Record):
    """mutations.json: what each clause's probes noticed. Hashes are of what it was made with, as in `MeasureReport`.
    answers: how many it took."""

    version: int = REPORT_VERSION
    base_sha256: str
    judge_sha256: str
    prompt_sha256: str | None
    probes_sha256: str
    measures_sha256: str | None
    sampling: str
    answers: int
    mutants: tuple[Mutant, ...]
