"""recipe.json: the rows and probes that an engine shall write, and for which clause.

In: nothing. Out: `Recipe` and its units. This file must not know who follows a recipe.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from compiler.records.checks import Check
from compiler.records.record import RECORD_VERSION, Message, Record

OwnPrompts = Literal["clause", "everyday"]
QuestionSource = Literal["given", "own", "written", "bank"]
"""Where one prompt is from."""


class PromptSource(Record):
    """Where a unit's prompts come from; several sources are read in this order until `count` is full: given, own,
    written (`about`), bank.

    given: conversations of the spec itself (examples, probes, `asks`), each ending with a user message.
    own: whose prompts of the user's own files (`Recipe.prompts`): the `clause`'s, or those of nobody (`everyday`).
    about: asked of the question writer: one at a time with `wording.question_request`, or `several` at once with
    `wording.questions_request`, which shows `shots` of the clause's own.
    apart: what the questions must not be about; one that is near what the writer asks about it is left out.
    unsaid: what no written question may say, since it is the answer that is asked for.
    chats: what is asked in the user's own chats (`Recipe.data`), with the answer that stands there.
    bank:  rows of the base's prompt bank whose `kind` is in `kinds` (empty: all safe kinds).
    """

    given: tuple[tuple[Message, ...], ...] = ()
    about: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    chats: bool = False
    bank: bool = False
    kinds: tuple[str, ...] = ()
    own: tuple[OwnPrompts, ...] = ()
    several: int | None = None
    shots: tuple[str, ...] = ()


class AnswerSource(Record):
    """How one side of a pair is had. The first of these that is set decides:

    given: literal answers, parallel to `PromptSource.given`.
    texts: literal answers that fit any prompt; row i of the unit takes text i modulo their number.
    other: a minimal pair: the other side of this row as it was sampled, before `starts` and `ends` were put on it.
    system: sampled with this system message in place of the row's own. It is whole: facts about the user are in it.
    With `system`, declined: asked in place of the row's messages; the answer has to decline it.
    None of them: sampled under the row's own messages as they stand (its `context`, or the system message that pushes).

    Where no sampled answer may be used, one of `otherwise` stands in (row i modulo their number).
    Then `phrases`: one of these (row i modulo their number) is put in front. Then `starts` and `ends` are put on, each
    only where the answer does not start or end so already.
    """

    given: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    other: bool = False
    system: str | None = None
    declined: str | None = None
    otherwise: tuple[str, ...] = ()
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


class Talk(Record):
    """A chat that the subject has, every answer of which is held to the unit's checks (chats alone).

    user: who speaks for the user. `writer`: the first message is one of the unit's prompts, the next ones are the
    question writer's. `asks`: it asks one of `asks` a turn, in order, from a place that the row's number gives. `copy`:
    another copy of the subject, which opens with one of `asks`. turns: answers of the subject.
    """

    user: Literal["writer", "asks", "copy"]
    turns: int
    asks: tuple[str, ...] = ()


Aspect = Literal["kept", "pressure", "safe", "everyday", "outside", "author", "reworded", "dialogue", "control"]
"""What a unit's rows are about: the clause is kept; kept though pushed; a look-alike that must be answered is answered
(over-refusal), and so is an everyday question; the clause does not apply (the other side of its condition) and is not
followed; the author's own probe; the clause is asked about in unusual words; it is kept over a long dialogue; or no
clause is asked about: a metric counts the answers."""
AskCheck = Literal["any", "safe"]
"""Which bank rows may serve: harmless ones, or any of the kinds asked for."""

Writer = Literal[
    "examples", "self_distillation", "teacher_distillation", "fixed_part", "refusal", "safe_completion", "pushback",
    "revision", "best_of_n", "style_transfer", "phrase_removal", "honesty", "anti_sycophancy",
]  # fmt: skip
"""How both sides of a pair are had; one file each in the folder of writers."""
WRITERS: tuple[Writer, ...] = get_args(Writer)


class Principle(Record):
    """A clause in the words in which a model is asked to revise an answer, or to rewrite it."""

    clause_id: str
    text: str


class Unit(Record):
    """One batch of rows that a recipe asks for; equal units (spans aside) ask for the same rows."""

    id: str
    clause_ids: tuple[str, ...]
    generator: str
    writer: Writer | None = None
    """Pairs only; None, as in recipes written before there was a choice: both sides as `chosen` and `rejected` say."""
    purpose: Literal["pairs", "probes", "chats", "watch"]
    count: int
    seed: int
    prompts: PromptSource
    context: str | None = None
    """System message that the row itself carries (facts about the user), None for none."""
    pressure: Pressure | None = None
    dialogue: Dialogue | None = None
    talk: Talk | None = None
    skip: int = 0
    """Probes only: questions left to units of the same seed, which ask the same sources; `count` come after them, from
    the first again where they end."""
    chosen: AnswerSource | None = None
    rejected: AnswerSource | None = None
    principles: tuple[Principle, ...] = ()
    """What an answer is revised by, or rewritten after, one after the other."""
    samples: int = 0
    """Answers that a writer draws for one row, where it draws several."""
    checks: tuple[Check, ...] = ()
    """The clause's own checks: a chosen answer passes all, a rejected one fails one; they decide a probe.
    What every row has to satisfy beside them stands in filters.json, and decides nothing about how rows are written."""
    measures: tuple[str, ...] = ()
    """Probes only: further clauses (always-on forbids and requirements) that decide on the same answers."""
    aspect: Aspect = "kept"
    ask_check: AskCheck = "any"
    share: str | None = None
    """The share of the mixture that its rows count for (`Recipe.mixture`); None without a mixture."""
    spans: tuple[str, ...] = ()
    """`file:line:column` of each clause id, in the same order."""

    @property
    def is_trained(self) -> bool:
        return self.purpose in ("pairs", "chats")


class DataFile(Record):
    """A file of the user's own chats: its path relative to the spec, the hash of its bytes, and how many chats it holds
    (before any rule), and preferences among them."""

    path: str
    sha256: str
    rows: int = 0
    preferences: int = 0
    span: str = ""


class PromptFile(Record):
    """A file, or a data set's folder, of the user's own prompts: its path relative to the spec, the hash of its bytes,
    how many prompts it holds for each clause it names (by id), and how many for none."""

    path: str
    sha256: str
    by_clause: dict[str, int] = Field(default_factory=dict)
    everyday: int = 0
    span: str = ""


class MixtureShare(Record):
    """One share of the training rows: its name, what the spec asks, and how many rows that is. `rest` is what the spec
    does not name."""

    name: str
    share: float
    rows: int


class Recipe(Record):
    """base, teacher, judge: as the spec names them; an absent teacher or judge is the base. Their revisions are the
    commits that the build found; None for what is no Hugging Face id.

    method: the training method, so that an engine knows which row files are wanted. chosen: why `auto` chose it.
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
    chosen: tuple[str, ...] = ()
    units: tuple[Unit, ...]
    measures: dict[str, tuple[Check, ...]] = Field(default_factory=dict)
    data: tuple[DataFile, ...] = ()
    prompts: tuple[PromptFile, ...] = ()
    mixture: tuple[MixtureShare, ...] = ()
    embedder: str | None = None
