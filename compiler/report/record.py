"""diff.json: what was asked, what was measured, and how each number was made.

In: nothing. Out: pydantic records. `compiler.verdicts` fills them once; the terminal table, the page and `--json` are
three readers of the same file. Shares lie in [0, 1], differences are first arm less second. This file must not compute.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from compiler.records import Arm, Calibration, Engaged, Message, Record

REPORT_VERSION = 1

Verdict = Literal["met", "missed", "unclear"]
Comparison = Literal[">=", "<="]


class Place(Record):
    """Where a clause stands: `path`, its lines (from 1), and the characters of the file that it covers."""

    path: str
    line: int
    column: int
    start: int
    end: int
    last_line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Rate(Record):
    """One arm on one set of prompts.

    share: what the target speaks of: answers that keep the clause (`>=`), or that break it (`<=`). count: answers in
    that share (a fraction where repeats of a prompt disagree). n: prompts decided. effective_n: what they are worth
    after clustering by template. missing: prompts that could not be decided. verdict: None where there is no target.
    more: prompts that would settle an unclear verdict if the share stayed; None where it is settled or nothing would.
    """

    arm: Arm
    count: float
    n: int
    effective_n: float
    missing: int = 0
    share: float
    low: float
    high: float
    verdict: Verdict | None = None
    more: int | None = None


class Difference(Record):
    """Two arms on the prompts that both decided. p: exact McNemar; adjusted_p: over the soft clauses (Benjamini and
    Hochberg)."""

    arm: Arm
    against: Arm
    n: int
    first_only: int
    second_only: int
    difference: float
    low: float
    high: float
    p: float
    adjusted_p: float | None = None


class Line(Record):
    """A further measure of a clause, on its own prompts: one technique of pressure, look-alikes that must be answered,
    or the author's own probes."""

    aspect: Literal["pressure", "safe", "outside", "author"]
    label: str
    rates: tuple[Rate, ...]
    difference: Difference | None = None


class Leak(Record):
    """How many answers of an arm broke a forbid at one layer of disguise (`exact`, `case`, ..., or `pattern`)."""

    arm: Arm
    layer: str
    count: int


class ClauseRow(Record):
    """One clause. verdict: of the report's subject arm; `reason` says why where the interval alone does not."""

    id: str
    kind: str
    name: str
    level: str
    says: str
    because: str | None = None
    comparison: Comparison
    target: float
    hard: bool
    place: Place | None = None
    text: str | None = None
    methods: tuple[str, ...] = ()
    judged: bool = False
    calibrations: tuple[Calibration, ...] = ()
    rates: tuple[Rate, ...] = ()
    difference: Difference | None = None
    verdict: Verdict | None = None
    reason: str | None = None
    more: int | None = None
    p: float | None = None
    adjusted_p: float | None = None
    lines: tuple[Line, ...] = ()
    leaks: tuple[Leak, ...] = ()


class Facts(Record):
    """Factual controls. verdict: kept within `margin` (the whole one-sided 95% bound), lost, or unclear."""

    margin: float
    rates: tuple[Rate, ...]
    difference: Difference | None = None
    bound: tuple[float, float] | None = None
    verdict: Literal["kept", "lost", "unclear"] | None = None
    within_margin: bool | None = None
    lost: tuple[str, ...] = ()
    """Ids of probes answered rightly by the base and wrongly by the subject arm."""


class SideEffect(Record):
    """Something that moved, measured on the same prompts in every arm.

    unit: `share`, or `words`. values: per arm. difference: subject arm less base, with its interval. asked_by: clause
    ids that ask for such a change. notable: it moved more than `threshold` (of length and variety: that part of the
    base's figure), beyond chance where there is an interval, and no clause asked for it.
    """

    id: str
    title: str
    explains: str
    unit: Literal["share", "words"]
    n: int
    values: dict[Arm, float]
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float
    asked_by: tuple[str, ...] = ()
    notable: bool = False
    examples: dict[Arm, str] = Field(default_factory=dict)


class Transcript(Record):
    """One probe with each arm's answer. flipped: clauses that base and subject arm decide differently."""

    probe_id: str
    clause_id: str
    clause_ids: tuple[str, ...]
    aspect: str
    pressure: str | None = None
    context: str | None = None
    messages: tuple[Message, ...]
    answers: dict[Arm, str]
    held: dict[Arm, dict[str, bool | None]]
    judge_yes: dict[Arm, float] = Field(default_factory=dict)
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
    trusting a number. prompt: the compiled system prompt.
    """

    version: int = REPORT_VERSION
    name: str
    run: str
    status: Literal["measured", "not engaged"]
    subject: Arm
    arms: tuple[Arm, ...]
    engaged: Engaged | None = None
    clauses: tuple[ClauseRow, ...] = ()
    facts: Facts | None = None
    side_effects: tuple[SideEffect, ...] = ()
    transcripts: tuple[Transcript, ...] = ()
    transcripts_total: int = 0
    sources: tuple[SourceFile, ...] = ()
    prompt: str = ""
    warnings: tuple[str, ...] = ()
    multiplicity: str = ""
    provenance: Provenance
