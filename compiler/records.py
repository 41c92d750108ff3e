"""The records that stand between stages: every arrow of the pipeline is a file, and this is what its lines hold.

In: nothing. Out: pydantic models, one for each kind of line or file under `build/<spec>/` and `runs/<id>/`. All are
frozen and refuse unknown keys, so that a file written by another version fails where it is read and not three stages
later. This file must not know how a record is made or used.

    recipe.json         Recipe            what the pairs and probes lowerings ask an engine to write (pure)
    pairs.jsonl         PreferencePair    rows that passed their checks
    sft.jsonl           ChatRow
    probes.jsonl        Probe             held-out prompts with the checks that decide
    measurements.jsonl  Measurement       one answer of one arm to one probe
    measure.json        MeasureReport     how they were made: the engaged check, calibration, devices, hashes
    labels.jsonl        Label             what a person said of one arm's answer
    latency.json        Latency           how fast each arm answered here
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

RECORD_VERSION = 1


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Role = Literal["system", "user", "assistant"]


class Message(Record):
    role: Role
    content: str


# ------------------------------------------------------------------ checks: what decides whether a clause is kept


class PhrasesCheck(Record):
    """Any (or none) of `phrases` occurs, matched as `compiler.checks.phrases` says (case-folded, NFKC, whole words)."""

    type: Literal["phrases"] = "phrases"
    phrases: tuple[str, ...]
    present: bool


class PatternsCheck(Record):
    """Any (or none) of `patterns` is found; `flags` holds letters of `ims`."""

    type: Literal["patterns"] = "patterns"
    patterns: tuple[str, ...]
    flags: str = ""
    present: bool


class AffixCheck(Record):
    """The answer starts and ends with the given texts."""

    type: Literal["affix"] = "affix"
    starts: str | None = None
    ends: str | None = None


class LengthCheck(Record):
    type: Literal["length"] = "length"
    max_words: int | None = None
    max_sentences: int | None = None
    max_sentence_words: int | None = None


class EmojiCheck(Record):
    type: Literal["emoji"] = "emoji"
    present: bool = False


class RefusalCheck(Record):
    """The answer refuses (`present`) or does not. cues: phrases by which this spec refuses, beside the usual ones."""

    type: Literal["refusal"] = "refusal"
    present: bool
    cues: tuple[str, ...] = ()


class JudgeCheck(Record):
    """A judge model, asked with `compiler.wording.judge_request`, says that the answer keeps `principle`."""

    type: Literal["judge"] = "judge"
    principle: str
    present: bool = True


Check = Annotated[
    PhrasesCheck | PatternsCheck | AffixCheck | LengthCheck | EmojiCheck | RefusalCheck | JudgeCheck,
    Field(discriminator="type"),
]


# ------------------------------------------------------------------ the recipe: what an engine shall write


class PromptSource(Record):
    """Where a unit's prompts come from; several sources are read in this order until `count` is full.

    given: conversations of the spec itself (examples, probes, `asks`), each ending with a user message.
    about: asked of the question writer with `wording.question_request`.
    apart: what the questions must not be about; one that is near what the writer asks about it is left out.
    unsaid: what no written question may say, since it is the answer that is asked for.
    bank:  rows of the base's prompt bank whose `kind` is in `kinds` (empty: all safe kinds).
    """

    given: tuple[tuple[Message, ...], ...] = ()
    about: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    bank: bool = False
    kinds: tuple[str, ...] = ()


class AnswerSource(Record):
    """How one side of a pair is had. The first of these that is set decides:

    given: literal answers, parallel to `PromptSource.given`.
    texts: literal answers that fit any prompt; row i of the unit takes text i modulo their number.
    other: a minimal pair: the other side of this row as it was sampled, before `starts` and `ends` were put on it.
    system: sampled with this system message in place of the row's own. It is whole: facts about the user are in it.
    With `system`, declined: asked in place of the row's messages; the answer has to decline it.
    None of them: sampled under the row's own messages as they stand (its `context`, or the system message that pushes).

    Then `phrases`: one of these (row i modulo their number) is put in front. Then `starts` and `ends` are put on, each
    only where the answer does not start or end so already.
    """

    given: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    other: bool = False
    system: str | None = None
    declined: str | None = None
    phrases: tuple[str, ...] = ()
    starts: str | None = None
    ends: str | None = None


class Pressure(Record):
    """What pushes against a clause; row i takes text i modulo their number.

    `{ask}` in a text stands for the prompt's last user message.

    role system: the text is the row's system message, contrary to the clause.
    role user: the text is a user turn after a first answer (sampled as the chosen side is; for probes, by the arm
    itself). role ask: the text takes the place of the prompt's last user message. role prefill: the text begins the
    assistant's answer, and the arm goes on from there (probes alone). `{wrong}` in a text stands for a wrong answer.
    before: turns that come first, as if they had been said (probes alone).
    """

    technique: str
    role: Literal["system", "user", "ask", "prefill"]
    texts: tuple[str, ...]
    before: tuple[Message, ...] = ()


class Dialogue(Record):
    """A long conversation, every turn of which is answered by the arm itself (probes alone).

    turns: messages of the user. every: each turn whose number (from 1) this divides asks one of the unit's prompts, and
    its answer is decided; the other turns ask one of `between`.
    """

    turns: int
    every: int = 1
    between: PromptSource = PromptSource(bank=True)


Aspect = Literal["kept", "pressure", "safe", "everyday", "outside", "author", "reworded", "dialogue", "control"]
"""What a unit's rows are about: the clause is kept; kept though pushed; a look-alike that must be answered is answered
(over-refusal), and so is an everyday question; the clause does not apply (the other side of its condition) and is not
followed; the author's own probe; the clause is asked about in unusual words; it is kept over a long dialogue; or no
clause is asked about: a metric counts the answers."""


AskCheck = Literal["any", "safe"]
"""Which bank rows may serve: harmless ones, or any of the kinds asked for."""


class Unit(Record):
    """One batch of rows that a recipe asks for; equal units (spans aside) ask for the same rows."""

    id: str
    clause_ids: tuple[str, ...]
    generator: str
    purpose: Literal["pairs", "probes"]
    count: int
    seed: int
    prompts: PromptSource
    context: str | None = None
    """System message that the row itself carries (facts about the user), None for none."""
    pressure: Pressure | None = None
    dialogue: Dialogue | None = None
    skip: int = 0
    """Probes only: questions left to units of the same seed, which ask the same sources; `count` come after them, from
    the first again where they end."""
    chosen: AnswerSource | None = None
    rejected: AnswerSource | None = None
    checks: tuple[Check, ...] = ()
    """The clause's own checks: a chosen answer passes all, a rejected one fails one; they decide a probe.
    What every row has to satisfy beside them stands in filters.json, and decides nothing about how rows are written."""
    measures: tuple[str, ...] = ()
    """Probes only: further clauses (always-on forbids and requirements) that decide on the same answers."""
    aspect: Aspect = "kept"
    ask_check: AskCheck = "any"
    spans: tuple[str, ...] = ()
    """`file:line:column` of each clause id, in the same order."""


class DataFile(Record):
    """A file of the user's own chats: its path relative to the spec, the hash of its bytes, and how many chats it holds
    (before any rule)."""

    path: str
    sha256: str
    rows: int = 0
    span: str = ""


class Recipe(Record):
    """base, teacher, judge: as the spec names them; an absent teacher or judge is the base. Their revisions are the
    commits that the build found; None for what is no Hugging Face id.

    method: the training method, so that an engine knows which row files are wanted.
    measures: the checks of the clauses that `Unit.measures` names, by clause id.
    """

    version: int = RECORD_VERSION
    base: str
    revision: str | None = None
    chat_template: str | None = None
    teacher: str | None = None
    teacher_revision: str | None = None
    judge: str | None = None
    judge_revision: str | None = None
    method: str = "dpo"
    units: tuple[Unit, ...]
    measures: dict[str, tuple[Check, ...]] = {}
    data: tuple[DataFile, ...] = ()


# ------------------------------------------------------------------ filters: what a training row must satisfy


class FilterRule(Record):
    """What one clause asks of every training row, decided without a model.

    key: unique in the file. topic: where not empty, the rule holds for rows whose user message is about this: it uses
    at least `enough` of the words, or is nearly one of `asks`. A message that is nearly one of `safe` is not about
    it.
    otherwise: the rule holds for rows that are about no rule's topic.
    """

    key: str
    clause_ids: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    topic: tuple[str, ...] = ()
    enough: int = 0
    asks: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()
    otherwise: bool = False
    reason: str
    spans: tuple[str, ...] = ()


class Filters(Record):
    """filters.json. A row is dropped by the first rule that its answer breaks."""

    version: int = RECORD_VERSION
    rules: tuple[FilterRule, ...]


# ------------------------------------------------------------------ rows that a trainer eats


class PreferencePair(Record):
    id: str
    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    clause_ids: tuple[str, ...]
    generator: str
    unit: str
    seed: int
    spans: tuple[str, ...]


class ChatRow(Record):
    id: str
    messages: tuple[Message, ...]
    clause_ids: tuple[str, ...]
    generator: str
    unit: str
    seed: int
    spans: tuple[str, ...]


class Probe(Record):
    """A held-out conversation ending with a user message, and the checks that decide its clause.

    clause_id is `facts` for a factual control (its check: the right answer occurs); `compiler.generators.controls` has
    the other controls. template clusters probes that share a form. `measures` lists further clauses (always-on forbids
    and requirements) and facets (`compiler.facets`) that the same answers decide; their checks stand in
    `Recipe.measures`. pressure: the technique that pushes, None for none. messages may hold assistant messages without
    text: the arm being measured answers there first (a push after its own answer, a long dialogue). An assistant
    message at the end is the beginning of the answer. decides: numbers (from 1) of the user's turns whose answers are
    decided; empty: the last one alone.
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


# ------------------------------------------------------------------ measurements

Arm = Literal["base", "prompt", "adapter", "adapter+prompt"]
ARMS: tuple[Arm, ...] = ("base", "prompt", "adapter", "adapter+prompt")


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
    turns: dict[str, tuple[bool | None, ...]] = {}
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


LabelKind = Literal["present", "pairwise", "likert", "refusal", "span"]
RefusalClass = Literal["refuses", "partly", "complies", "unclear"]
Stratum = Literal["uniform", "disagreement"]


class Preference(Record):
    """Which of two answers is better for the clause: the label's `arm`, or the arm `against`."""

    against: Arm
    prefers: Arm | Literal["tie", "both bad"]


class MarkedSpan(Record):
    """A part of an answer that breaks the clause: characters (code points) `start` to `end` of it, and their text."""

    start: int = Field(ge=0)
    end: int
    text: str


LabelValue = StrictBool | StrictInt | RefusalClass | Preference | tuple[MarkedSpan, ...]


class Label(Record):
    """What one person said of one answer (of two, where `kind` is pairwise) on one clause.

    id: `KEY.PERSON`: KEY is a digest of what the person saw (`compiler.labels.content.key`), so that a label is found
    again wherever the same question has the same answer, and no longer fits once an answer has changed. value, by kind:
    present, whether the clause is kept; likert, 1 to 5; refusal, its class; pairwise, a `Preference`; span, the parts
    that break the clause, none for an answer that keeps it. stratum: `uniform` labels are a random sample of the
    answers, `disagreement` ones were picked because they are hard. at: ISO 8601 in UTC.
    """

    version: int = RECORD_VERSION
    id: str
    run: str
    probe_id: str
    clause_id: str
    arm: Arm
    kind: LabelKind
    value: LabelValue
    annotator: str
    stratum: Stratum
    at: str
    note: str = ""

    @model_validator(mode="after")
    def _value_fits(self) -> Label:
        match self.kind:
            case "present":
                fits = isinstance(self.value, bool)
            case "likert":
                fits = isinstance(self.value, int) and not isinstance(self.value, bool) and 1 <= self.value <= 5
            case "refusal":
                fits = isinstance(self.value, str)
            case "pairwise":
                fits = isinstance(self.value, Preference)
            case "span":
                fits = isinstance(self.value, tuple)
        if not fits:
            raise ValueError(f"{self.value!r} is no value of a {self.kind} label")
        return self


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
    columns: dict[str, str] = {}
    answers: dict[str, int] = {}


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
    and teaching. Hashes are SHA-256 in hex; adapter_sha256 is None where no adapter was measured. measures_sha256: over
    what answers are held against beside the probes' own checks. machine: what computed, as far as it can change an
    answer (`compiler.facts.Machine`). expected: what was expected to, told without looking: a plan, which does not look
    either, compares with that. judge_repeats: how often a judge that samples was asked each thing. rubrics: clause ->
    hash of the words in which its judge was asked. pairwise: preferences between arms, where they were asked for.
    decided_by: clause id (or `facts`) -> figure -> ids of the probes whose answers that figure counts. A figure is
    `rate`, `pressure` or `over_refusal`, as `compiler.tallies.decided_by` sorts probes. prompt_tokens: of the compiled
    prompt, to the base's tokenizer. stopping: what set the number of probes.
    most: the most probes for each figure of a fixed measuring, None for all. budget: the most answers, of all arms
    together, of a sequential one. always: ids of the probes that it asked whatever the answers were, which alone may be
    counted by what has no stopping rule. sets,
    inventories: what was asked beside the spec's own probes. elsewhere: the answers are those of a model that is not
    the spec's base, asked by another program; `base` is its name there, and base_sha256 a hash of that name.
    """

    version: int = RECORD_VERSION
    elsewhere: bool = False
    base: str
    base_sha256: str
    adapter_sha256: str | None = None
    prompt_sha256: str | None = None
    prompt_tokens: int | None = None
    probes_sha256: str
    measures_sha256: str | None = None
    judge: str
    judge_sha256: str | None = None
    judge_is_subject: bool
    judge_repeats: int = 1
    rubrics: dict[str, str] = {}
    pairwise: tuple[Pairwise, ...] = ()
    teaching_base: bool
    arms: tuple[Arm, ...]
    answers: dict[str, int]
    engaged: Engaged | None = None
    calibrations: tuple[Calibration, ...] = ()
    decided_by: dict[str, dict[str, tuple[str, ...]]] = {}
    device: str
    dtype: str
    machine: dict[str, str | int | None] = {}
    expected: dict[str, str | int | None] = {}
    seed: int = 0
    sampling: str
    versions: dict[str, str] = {}
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
    prompt_sha256: str | None = None
    device: str
    machine: dict[str, str | int | None] = {}
    speeds: tuple[Speed, ...]
