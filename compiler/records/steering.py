"""steering.json: which rows tell a clause's direction in a model, and between what layers and strengths to choose; and
steer.json: what was chosen, and what it did.

In: nothing. Out: `SteeringPlan`, which a build holds, and `Steered`, which lies beside the vectors. This file must not
know how a direction is computed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from compiler.records.checks import Check
from compiler.records.record import RECORD_VERSION, Record

Use = Literal["direction", "pushed", "safe"]
"""Rows whose two sides give a clause's direction, some of which are kept back to choose by; rows in which the user
pushes, to choose by; rows about what must still be answered, which a vector must not lose."""
Read = Literal["answer", "opening"]
"""Where a direction is read, and so where it is added. answer: read at the answers' tokens, added at every token.
opening: read at the prompt's last token, from which the answer begins, and added at the prompt's tokens alone."""


class ContrastUnit(Record):
    """One unit of the recipe, whose rows lie in pairs.jsonl. toward, away: the system message that the chosen and the
    rejected side were written under, None for none. checks: what an answer to these rows passes."""

    unit: str
    use: Use
    toward: str | None = None
    away: str | None = None
    checks: tuple[Check, ...] = ()


class Contrast(Record):
    """One clause that is steered: its rows, and where the spec states it."""

    clause_id: str
    units: tuple[ContrastUnit, ...]
    spans: tuple[str, ...] = ()


class Unsteered(Record):
    clause_id: str
    why: str


class Kept(Record):
    """By how much a vector may lower what it must keep, as a share of the prompts that are looked at: right answers to
    questions of fact, answers that read as the base's own text does, and safe requests answered."""

    facts: float
    fluent: float
    safe: float


class SteeringPlan(Record):
    """reads, depths: candidate places, layers as shares of the model's depth. strengths: what a direction is multiplied
    by, ascending. held_back: the share of the prompts that choose and give no direction. most: prompts that choose, of
    each clause and use. facts: questions of fact that are asked. max_new_tokens: of an answer while choosing."""

    version: int = RECORD_VERSION
    seed: int
    reads: tuple[Read, ...]
    depths: tuple[float, ...]
    strengths: tuple[float, ...]
    held_back: float
    most: int
    facts: int
    max_new_tokens: int
    keep: Kept
    contrasts: tuple[Contrast, ...]
    left_out: tuple[Unsteered, ...] = ()


class SteeringVector(Record):
    """What became of one clause. layer: from 0, whose output gets `strength` times the direction of `read`; None where
    no vector is used, and `why`. norm: of the direction, at that layer. rows: pairs that gave it. prompts: that chose.
    base, alone, together: the share of these that keep the clause without a vector, with the best of its own, and with
    all vectors at once."""

    clause_id: str
    read: Read | None = None
    layer: int | None = None
    strength: float | None = None
    norm: float | None = None
    rows: int = 0
    prompts: int = 0
    base: float | None = None
    alone: float | None = None
    together: float | None = None
    why: str = ""
    spans: tuple[str, ...] = ()


class Guarded(Record):
    """What vectors must keep: the share before and with all vectors. n: prompts looked at."""

    n: int
    base: float
    steered: float


class Steered(Record):
    """steer.json. vectors_sha256: of vectors.safetensors, which holds each clause's direction at its layer, unscaled,
    under the clause's id. layers: of the model. tried: sets of vectors that were looked at."""

    version: int = RECORD_VERSION
    spec: str
    content_digest: str
    base: str
    base_digest: str
    revision: str | None = None
    layers: int
    vectors: tuple[SteeringVector, ...]
    guards: dict[str, Guarded] = Field(default_factory=dict)
    tried: int = 0
    vectors_sha256: str
    machine: dict[str, str | int | None] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)

    @property
    def used(self) -> tuple[SteeringVector, ...]:
        return tuple(vector for vector in self.vectors if vector.layer is not None)
