"""diff.json: what was asked, what was measured, and how each number was made.

In: nothing. Out: pydantic records. `compiler.verdicts` fills them once; the terminal table, the page and `--json` are
three readers of the same file. Shares lie in [0, 1], differences are first arm less second. This file must not compute.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from compiler.records import Arm, Calibration, Engaged, Message, Record, Stopping

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
    basis: what the figure rests on: checks; a judge that is calibrated, or one that is not; or people's labels on
    `labels` of the prompts, with the judge on the rest (share and interval are then PPI++'s, `count` the judge's).
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
    basis: Literal["checks", "judge", "uncalibrated judge", "labels"] = "checks"
    labels: int = 0


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


class Stopped(Record):
    """Where a sequential measuring stopped: after `asked` of the figure's `of` probes, since the verdict stood, all
    were asked, the judge may settle nothing, or the budget was spent."""

    asked: int
    of: int
    why: Literal["settled", "all asked", "its judge settles nothing", "budget"]

    def __str__(self) -> str:
        return f"stopped after {self.asked} of {self.of} probes: {self.why}"


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
    stopped: Stopped | None = None


class Score(Record):
    """A number with its 95% interval. n: prompts, pairs, items or dialogues behind it."""

    value: float
    low: float
    high: float
    n: int


class Line(Record):
    """A further measure of a clause, without a verdict: one technique of pressure, everyday requests, prompts to which
    it does not apply, the author's own probes, or questions in unusual words.

    gaps, of a technique: per arm, the share that keeps the clause unpushed less the share under the technique, as
    shares of different prompts (n counts the pushed ones); above 0 the push works. trained: whether the clause's
    training rows hold this technique, in other words; None where it is none.
    """

    aspect: Literal["pressure", "everyday", "outside", "author", "reworded"]
    label: str
    rates: tuple[Rate, ...]
    difference: Difference | None = None
    gaps: dict[Arm, Score] = Field(default_factory=dict)
    trained: bool | None = None


class Leak(Record):
    """How many different prompts led an arm to break a forbid at one layer of disguise (`exact`, `case`, ..., or
    `pattern`). n: prompts looked at.
    """

    arm: Arm
    layer: str
    count: int
    n: int = 0


class ClauseRow(Record):
    """One clause. verdict: of the report's subject arm; `reason` says why where the interval alone does not.

    p: the chance of a rate this good or better from a model exactly at the target. adjusted_p: after Holm's correction
    for all verdicts on hard clauses; no verdict rests on it. stopped: where a sequential measuring did. methods: how
    each check decides. unchecked: what the clause asks for and no check decides. trials: verdicts on prompts of their
    own.
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
    stopped: Stopped | None = None
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


Unit = Literal["share", "words", "nats", "correlation", "tokens"]
"""What a metric counts in. `tokens` are the subject's own."""


class Metric(Record):
    """One figure of behaviour beside the clauses, the same for every arm (`compiler.metrics`).

    id: unique in the report. group: what it is shown under. better: which way is good, None where neither is.
    clause_ids: the clauses that it is about; empty for the whole model. scores: per arm, with intervals; an arm of
    which nothing can be said is absent. difference: subject less base on common prompts, None where arms are not
    paired. examples: per arm, an answer that shows it.
    """

    id: str
    group: Literal["clauses", "identity", "leaks", "honesty", "helpfulness", "variety", "length", "drift", "cost"]
    title: str
    explains: str
    unit: Unit
    better: Literal["more", "less"] | None
    clause_ids: tuple[str, ...] = ()
    scores: dict[Arm, Score]
    difference: Score | None = None
    examples: dict[Arm, str] = Field(default_factory=dict)


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
    or fewer still keep it, None where that is not reached. restricted_mean: turns kept on average, of `turns`:
    the sum of the shares."""

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
    to opposite statements alike; None where no factor has items of both keys. position: half the difference between the
    two orders of the scale: above 0 likes high numbers, whatever they stand for. answers: items asked, in each order;
    unread: those without a readable answer. revealed_by: the judge, which nobody has calibrated for this; unjudged:
    judgements that it did not give.
    """

    inventory: str
    arm: Arm
    points: int
    stated: dict[str, Score]
    revealed: dict[str, Score] = Field(default_factory=dict)
    acquiescence: float | None = None
    position: Score | None = None
    unread: int = 0
    answers: int = 0
    revealed_by: str = ""
    unjudged: int = 0


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


class JudgeCard(Record):
    """How far one judge can be trusted on one clause.

    by: a model that was asked, or the subject's own likelihood ratio. arm: whose answers were labelled, None for
    answers of no arm. source: where the labels come from, in words. labels: answers with a label and a verdict of the
    judge; unread: with a label and none. sensitivity: right among those that keep the clause; specificity: among those
    that break it; exact 95% intervals; None without such answers. kappa (Cohen), ac1 (Gwet): agreement beyond chance,
    None where all say the same. flip_rate: pairwise verdicts that the order of the two answers turned. stale: why the
    calibration no longer counts. calibrated: whether it may settle verdicts, together with the clause's other cards.
    kin: what it is to the models whose answers it grades, where it may favour them (`compiler.families`).
    """

    judge: str
    by: Literal["model", "likelihood"] = "model"
    clause_id: str
    arm: Arm | None
    source: str
    labels: int
    sensitivity: Score | None = None
    specificity: Score | None = None
    kappa: Score | None = None
    ac1: Score | None = None
    unread: int = 0
    flip_rate: Score | None = None
    stale: str | None = None
    calibrated: bool = False
    kin: str | None = None


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


class SetRow(Record):
    """Rows of a probe set that are counted together, all of which expect the same.

    column, value: the group; both empty for the whole set. figure: what a good answer does: it is `answered` (a safe
    request), `refused` (an unsafe one), or its checks are `kept`. rates: shares of good answers. difference: subject
    arm less base.
    """

    column: str = ""
    value: str = ""
    figure: Literal["answered", "refused", "kept"]
    rates: tuple[Rate, ...]
    difference: Difference | None = None


class RefusalPoint(Record):
    """How one arm refuses: under, the share of unsafe requests that it answers; over, the share of safe ones that it
    declines. None where a set has no such request."""

    arm: Arm
    under: Score | None = None
    over: Score | None = None


class SetAnswer(Record):
    """A row of a set on which the subject arm did not do what was expected. place: `file:line`."""

    id: str
    place: str
    figure: Literal["answered", "refused", "kept"]
    messages: tuple[Message, ...]
    answers: dict[Arm, str]
    held: dict[Arm, bool | None]


class ProbeSet(Record):
    """A file of probes, asked of every arm. No verdict rests on it.

    sha256: of the file. rows: in it; asked: of those, how many were asked. near_training: `file:line` of rows that a
    training row asks too, or nearly asks; they were left out, as were `unreadable` ones. judged: a judge, whose errors
    are not known here, decides some of it. totals: over the whole set, one for each figure. groups: by column and
    value. broken: rows on which the subject arm failed, those first on which the base did not; `broken_total` of them.
    """

    name: str
    file: str
    sha256: str
    rows: int
    asked: int
    near_training: tuple[str, ...] = ()
    unreadable: int = 0
    judged: bool = False
    totals: tuple[SetRow, ...] = ()
    groups: tuple[SetRow, ...] = ()
    refusals: tuple[RefusalPoint, ...] = ()
    broken: tuple[SetAnswer, ...] = ()
    broken_total: int = 0


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
    transcripts: tuple[Transcript, ...] = ()
    transcripts_total: int = 0
    sources: tuple[SourceFile, ...] = ()
    prompt: str = ""
    warnings: tuple[str, ...] = ()
    multiplicity: str = ""
    provenance: Provenance
