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
Figure = Literal["rate", "pressure", "over_refusal"]
"""What a verdict is about: the clause on its own prompts; the clause though pushed; safe requests being answered."""


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
    that share (a fraction where repeats of a prompt disagree). n: different prompts decided. effective_n: their worth
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


class Trial(Record):
    """A verdict beside the clause's own, on prompts of its own.

    of: `pressure`, the clause though pushed, over all techniques; or `over_refusal`, safe requests being answered.
    target: the clause's own, but no stricter than such a small set of prompts could show (`compiler.clause_rows`). The
    other fields are as in `ClauseRow`.
    """

    of: Literal["pressure", "over_refusal"]
    label: str
    comparison: Comparison
    target: float
    rates: tuple[Rate, ...]
    difference: Difference | None = None
    verdict: Verdict
    reason: str | None = None
    more: int | None = None
    p: float | None = None
    adjusted_p: float | None = None


class Line(Record):
    """A further measure of a clause, without a verdict: one technique of pressure, everyday requests, prompts to which
    it does not apply, or the author's own probes."""

    aspect: Literal["pressure", "everyday", "outside", "author"]
    label: str
    rates: tuple[Rate, ...]
    difference: Difference | None = None


class Leak(Record):
    """How many different prompts led an arm to break a forbid at one layer of disguise (`exact`, `case`, ..., or
    `pattern`)."""

    arm: Arm
    layer: str
    count: int


class ClauseRow(Record):
    """One clause. verdict: of the report's subject arm; `reason` says why where the interval alone does not.

    p: the chance of a rate this good or better from a model exactly at the target. adjusted_p: after Holm's correction
    for all verdicts on hard clauses; no verdict rests on it. methods: how each check decides. unchecked: what the
    clause asks for and no check decides. trials: verdicts on prompts of their own.
    """

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
    unchecked: tuple[str, ...] = ()
    judged: bool = False
    calibrations: tuple[Calibration, ...] = ()
    rates: tuple[Rate, ...] = ()
    difference: Difference | None = None
    verdict: Verdict | None = None
    reason: str | None = None
    more: int | None = None
    p: float | None = None
    adjusted_p: float | None = None
    trials: tuple[Trial, ...] = ()
    lines: tuple[Line, ...] = ()
    leaks: tuple[Leak, ...] = ()

    @property
    def decided(self) -> tuple[ClauseRow | Trial, ...]:
        """Everything about the clause that has a verdict: itself first."""
        return (self, *self.trials)


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
    """Something that moved, measured on the same prompts in every arm; n counts different prompts.

    unit: `share`, or `words`. values: per arm. difference: subject arm less base, with its interval. asked_by: clause
    ids that ask for a change in the direction in which it went. notable: it moved more than `threshold` (of length and
    variety: that part of the base's figure), beyond chance where there is an interval, and no clause asked for it.
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


class Score(Record):
    """A number with its interval. n: prompts, items or dialogues behind it."""

    value: float
    low: float
    high: float
    n: int


class SurvivalStep(Record):
    """After `turn` turns (from 1), the share of dialogues that have not broken the clause yet, with its interval.
    at_risk: dialogues that had kept it until then and were still watched."""

    turn: int
    at_risk: int
    broke: int
    share: float
    low: float
    high: float


class Survival(Record):
    """How long one arm keeps a clause in long dialogues (Kaplan and Meier). half_life: the first turn after which half
    or fewer still keep it, None where that is not reached. restricted_mean: turns kept on average, of `turns`."""

    clause_id: str
    arm: Arm
    dialogues: int
    turns: int
    steps: tuple[SurvivalStep, ...]
    half_life: int | None
    restricted_mean: float


class Profile(Record):
    """What one arm says of itself, and what it shows, for each factor of an inventory.

    stated: factor -> mean answer to its items, on the inventory's scale (1 to `points`), reversed items turned round.
    revealed: factor -> the same facets judged on everyday answers, on that scale; empty where nothing was judged.
    acquiescence: mean answer before turning round, over balanced items, less the middle of the scale: above 0 says yes
    to opposite statements alike; None where no factor has items of both keys. unread: items without a readable answer.
    """

    inventory: str
    arm: Arm
    points: int
    stated: dict[str, Score]
    revealed: dict[str, Score] = Field(default_factory=dict)
    acquiescence: float | None = None
    unread: int = 0


class Mutant(Record):
    """Whether the probes of a clause notice that it is changed in the prompt: the prompt arm with the compiled prompt
    (`before`) against the prompt of the mutated spec (`after`), on the clause's own probes."""

    clause_id: str
    mutation: Literal["removed", "flipped"]
    n: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    noticed: bool


class Mark(Record):
    """The characters `start` to `end` of an answer, which decided `clause_id`: they are why it is kept, or offend."""

    clause_id: str
    start: int
    end: int
    kept: bool


class Transcript(Record):
    """One probe with each arm's answer. flipped: clauses that base and subject arm decide differently. marks: where
    checks found what they look for, in order."""

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
    compiled system prompt.
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
    survival: tuple[Survival, ...] = ()
    profiles: tuple[Profile, ...] = ()
    mutants: tuple[Mutant, ...] = ()
    transcripts: tuple[Transcript, ...] = ()
    transcripts_total: int = 0
    sources: tuple[SourceFile, ...] = ()
    prompt: str = ""
    warnings: tuple[str, ...] = ()
    multiplicity: str = ""
    provenance: Provenance
