"""diff.json: what was asked, what was measured, and how each number was made.

In: nothing. Out: `DiffReport`. `compiler.verdicts` fills it once; the terminal table, the page and `--json` are three
readers of the same file. This file must not compute.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from compiler.records.behaviour import Facts, JudgeCard, Metric, Profile, SideEffect, Survival
from compiler.records.clauses import ClauseRow
from compiler.records.curves import Curve
from compiler.records.figures import REPORT_VERSION
from compiler.records.measured import Engaged, Stopping
from compiler.records.mutants import Mutant
from compiler.records.record import Arm, Message, Record
from compiler.records.sets import ProbeSet
from compiler.records.steered import SteeredRow


class Mark(Record):
    """The characters `start` to `end` of an answer, which decided `clause_id`: they are why it is kept, or offend."""

    clause_id: str
    start: int
    end: int
    kept: bool


class Transcript(Record):
    """One probe with each arm's answer. flipped: clauses that base and subject arm decide differently. said: what each
    arm itself said in the turns before, in the place of the assistant's messages without text. marks: where checks
    found what they look for in the last answer, in order."""

    probe_id: str
    clause_id: str
    clause_ids: tuple[str, ...]
    aspect: str
    pressure: str | None = None
    context: str | None = None
    messages: tuple[Message, ...]
    answers: dict[Arm, str]
    said: dict[Arm, tuple[str, ...]] = Field(default_factory=dict)
    held: dict[Arm, dict[str, bool | None]]
    judge_yes: dict[Arm, float] = Field(default_factory=dict)
    marks: dict[Arm, tuple[Mark, ...]] = Field(default_factory=dict)
    flipped: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


class SourceFile(Record):
    path: str
    text: str


class Provenance(Record):
    """What went in. Hashes are SHA-256 in hex."""

    spec: str
    base: str
    judge: str
    device: str
    dtype: str
    sampling: str
    seed: int
    hashes: dict[str, str]
    versions: dict[str, str]
    answers: dict[str, int]


class DiffReport(Record):
    """status: `measured`, or `not engaged` (the adapter does nothing, so there are no verdicts to give).

    subject: the arm whose verdicts count: the adapter where there is one. warnings: what a reader must know before
    trusting a number. multiplicity: how many verdicts there are, and what that does to their certainty. prompt: the
    compiled system prompt. stopping: `sequential` where probes were asked until verdicts stood: then intervals,
    differences and p-values of clauses hold at every n at once (`compiler.stopping`), and a unit counts once.
    """

    version: int = REPORT_VERSION
    name: str
    run: str
    status: Literal["measured", "not engaged"]
    subject: Arm
    arms: tuple[Arm, ...]
    engaged: Engaged | None = None
    stopping: Stopping = "fixed"
    clauses: tuple[ClauseRow, ...] = ()
    facts: Facts | None = None
    side_effects: tuple[SideEffect, ...] = ()
    metrics: tuple[Metric, ...] = ()
    survival: tuple[Survival, ...] = ()
    profiles: tuple[Profile, ...] = ()
    mutants: tuple[Mutant, ...] = ()
    judge_cards: tuple[JudgeCard, ...] = ()
    sets: tuple[ProbeSet, ...] = ()
    steered: tuple[SteeredRow, ...] = ()
    transcripts: tuple[Transcript, ...] = ()
    transcripts_total: int = 0
    curves: tuple[Curve, ...] = ()
    sources: tuple[SourceFile, ...] = ()
    prompt: str = ""
    warnings: tuple[str, ...] = ()
    multiplicity: str = ""
    provenance: Provenance
