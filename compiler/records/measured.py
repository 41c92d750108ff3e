"""measurements.jsonl, measure.json and latency.json: what arms answered, and how that was measured.

In: nothing. Out: `Measurement`, `MeasureReport`, `Latency` and their parts. This file must not know targets or
verdicts.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from compiler.records.record import RECORD_VERSION, Arm, Record


class Measurement(Record):
    """`held`: clause id (or facet) -> whether this answer kept it (None: could not be decided, counted as missing).
    Where the conversation is longer than the model can read, the answer is empty and nothing is decided.

    said: what the arm itself said in the turns before, where it was asked to. turns: clause id -> whether each of the
    turns in `Probe.decides` kept it; `held` then says whether all of them did.
    """

    probe_id: str
    arm: Arm
    answer: str
    held: dict[str, bool | None]
    judge_yes: float | None = None
    """Probability of `yes` from the first judge that was asked, 0 to 1."""
    likelihood: float | None = None
    """log p(answer | the clause in the prompt) - log p(answer | without it) under the subject's base, in nats: a second
    judge of the probe's own clause, where one was asked."""
    said: tuple[str, ...] = ()
    turns: dict[str, tuple[bool | None, ...]] = Field(default_factory=dict)
    drift: float | None = None
    """KL(adapter || base) of this answer's tokens, in nats a token; of the adapter arm's answers to facts alone."""
    reward: float | None = None
    """log p(answer | adapter) - log p(answer | base), in nats: the implicit reward of preference training (Rafailov et
    al. 2023, equation 5, by its coefficient); where `drift` is."""

    @property
    def was_given(self) -> bool:
        """Whether there is an answer, be it an empty one."""
        return bool(self.answer) or any(kept is not None for kept in self.held.values())


class Engaged(Record):
    """Whether the adapter does anything at all: next-token divergence from the base, and answers that differ.

    divergence: mean KL(adapter || base) over the next token, in nats, over `probes` prompts; `floor` is what it must
    exceed.
    """

    probes: int
    divergence: float
    floor: float
    answers: int
    answers_that_differ: int
    engaged: bool


class Calibration(Record):
    """How often a judge (or the refusal detector) was right on answers whose label is known.

    what: `judge` or `refusal`. clause_id: the clause whose principle was asked about. labels: where the labels come
    from, in words: `the spec's own examples`. arm: whose answers they are, None for answers of no arm. kept: labelled
    answers that keep the clause; broken: ones that break it. unread: answers on which the judge gave no verdict; they
    count as neither right nor wrong. `likelihood`: the subject's own likelihood ratio in the judge's place.
    judge_sha256, rubric_sha256: which judge, asked in which words; once one of them is another, this says nothing.
    """

    what: Literal["judge", "refusal", "likelihood"]
    clause_id: str
    labels: str
    arm: Arm | None = None
    kept: int
    kept_right: int
    broken: int
    broken_right: int
    unread: int = 0
    judge_sha256: str | None = None
    rubric_sha256: str | None = None


class Pairwise(Record):
    """How often the judge prefers one arm's answer for a clause, asked in both orders.

    n: prompts on which the two answers differ. first, second: preferred in both orders: the answer of `arm`, or of
    `against`. flips: prompts on which the order turned the verdict; they count for neither. unread: prompts with no
    verdict in one of the orders.
    """

    clause_id: str
    arm: Arm
    against: Arm
    n: int
    first: int
    second: int
    flips: int
    unread: int = 0


Stopping = Literal["fixed", "sequential"]
"""Whether how many probes were asked was set before, or each was asked until the verdicts stood."""


class NearTraining(Record):
    """A row of a probe set that a training row asks too, or nearly asks. line: in the set's file. why: in words."""

    id: str
    line: int
    why: str


class SetReport(Record):
    """A probe set from a file, as it was asked: its answers lie in `sets/<name>/` of the run.

    file: its name. sha256: of its bytes (of a folder: of its files). rows: in the file. asked: of those, how many were
    asked; near_training were not, nor were `unreadable` ones that the user chose to leave out. columns: what was read
    as what, `label` -> `harmful`. answers: how many each arm gave.
    """

    name: str
    file: str
    sha256: str
    rows: int
    asked: int
    near_training: tuple[NearTraining, ...] = ()
    unreadable: int = 0
    columns: dict[str, str] = Field(default_factory=dict)
    answers: dict[str, int] = Field(default_factory=dict)


class InventoryReport(Record):
    """An inventory that was put to the arms: answers lie in `inventories/<name>/` of the run. points: of the scale.
    revealed_by: the judge that read everyday answers, as the spec names it; empty where none did."""

    name: str
    file: str
    sha256: str
    items: int
    points: int
    revealed_by: str = ""


class MeasureReport(Record):
    """measure.json: how the measurements beside it were made.

    base, judge: as the spec names them. answers: how many each arm gave. versions: package -> version. sampling: how
    answers were drawn, in words: `greedy, at most 96 new tokens`. teaching_base: the base is nano, which is for trying
    and teaching. Hashes are SHA-256 in hex; adapter_sha256 is None where no adapter was measured; trained_sha256: of
    the adapter as its training left it, None where no training says. steering_sha256: of the vectors of the arm
    `steer`, None where it was not measured. measures_sha256: over what answers are held
    against beside the probes' own checks. machine: what computed, as far as it can change an answer
    (`compiler.facts.Machine`). expected: what was expected to, told without looking: a plan, which does not look
    either, compares with that. judge_repeats: how often a judge that samples was asked each thing. rubrics: clause ->
    hash of the words in which its judge was asked. pairwise: preferences between arms, where they were asked for.
    decided_by: clause id (or `facts`) -> figure -> ids of the probes whose answers that figure counts. A figure is
    `rate`, `pressure` or `over_refusal`, as `compiler.tallies.decided_by` sorts probes. prompt_tokens: of the compiled
    prompt, to the base's tokenizer. stopping: what set the number of probes. most: the most probes for each figure of a
    fixed measuring, None for all. budget: the most answers, of all arms together, of a sequential one. always: ids of
    the probes that it asked whatever the answers were, which alone may be counted by what has no stopping rule. sets,
    inventories: what was asked beside the spec's own probes. elsewhere: the answers are those of a model that is not
    the spec's base, asked by another program; `base` is its name there, and base_sha256 a hash of that name.
    """

    version: int = RECORD_VERSION
    elsewhere: bool = False
    base: str
    base_sha256: str
    adapter_sha256: str | None = None
    trained_sha256: str | None = None
    steering_sha256: str | None = None
    prompt_sha256: str | None = None
    prompt_tokens: int | None = None
    probes_sha256: str
    measures_sha256: str | None = None
    judge: str
    judge_sha256: str | None = None
    judge_is_subject: bool
    judge_repeats: int = 1
    rubrics: dict[str, str] = Field(default_factory=dict)
    pairwise: tuple[Pairwise, ...] = ()
    teaching_base: bool
    arms: tuple[Arm, ...]
    answers: dict[str, int]
    engaged: Engaged | None = None
    calibrations: tuple[Calibration, ...] = ()
    decided_by: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    device: str
    dtype: str
    machine: dict[str, str | int | None] = Field(default_factory=dict)
    expected: dict[str, str | int | None] = Field(default_factory=dict)
    seed: int = 0
    sampling: str
    versions: dict[str, str] = Field(default_factory=dict)
    stopping: Stopping = "fixed"
    most: int | None = None
    budget: int | None = None
    always: tuple[str, ...] = ()
    sets: tuple[SetReport, ...] = ()
    inventories: tuple[InventoryReport, ...] = ()


class Speed(Record):
    """How fast one arm answers, one request at a time: medians over `prompts` everyday prompts.

    first_token_ms: from the request to the first token of the answer, milliseconds. tokens_per_second: of the answer,
    the first token left out.
    """

    arm: Arm
    prompts: int
    first_token_ms: float
    tokens_per_second: float


class Latency(Record):
    """latency.json: facts of the machine at that hour. It is apart from the files that come out the same each time, and
    nothing is computed from it."""

    version: int = RECORD_VERSION
    base_sha256: str
    adapter_sha256: str | None = None
    trained_sha256: str | None = None
    prompt_sha256: str | None = None
    device: str
    machine: dict[str, str | int | None] = Field(default_factory=dict)
    speeds: tuple[Speed, ...]
