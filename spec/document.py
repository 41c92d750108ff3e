"""What a spec says, typed: the records that checking produces from the syntax tree.

In: nothing. Out: frozen records. A `Clause` is a header that all kinds share, plus a `body` whose class is the
construct (one file each in `spec/constructs/`). Records remember their spans; equality ignores them.
"""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Literal

from spec.frozen import dataclass
from spec.says import Says
from spec.source import Span

if TYPE_CHECKING:
    from spec.constructs import Body


class Level(IntEnum):
    """Authority of a clause; a greater value wins."""

    GUIDELINE = 1
    USER = 2
    DEVELOPER = 3
    SYSTEM = 4
    ROOT = 5


Override = Literal["explicit", "implicit", "never"]
"""How a message of a lower level may change a clause: by asking for it, by what its context implies, or not at all."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression literal: `/text/flags`, flags from `ims`."""

    text: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What must be measured: `share` in [0, 1], `>=` or `<=`."""

    comparison: Literal[">=", "<="]
    share: float


ELISION = "[...]"
"""Stands in an example for text that is left out: a shape, never trained on word for word."""

Role = Literal["system", "developer", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side of a conversation says, or a tool returns."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation that waits for an answer, with answers that are good, acceptable or bad for the clause.

    reasons: pairs of an answer and why it is what it is.
    """

    turns: Annotated[tuple[Turn, ...], Says("What is said, turn by turn.", 'user: "Hello"')]
    good: Annotated[tuple[str, ...], Says("Answers that keep the clause.")] = ()
    ok: Annotated[tuple[str, ...], Says("Answers that are acceptable, and worse than a good one.")] = ()
    bad: Annotated[tuple[str, ...], Says("Answers that break the clause.")] = ()
    reasons: Annotated[
        tuple[tuple[str, str], ...],
        Says("What the answers before it get right or wrong. Never trained on.", '"skips the feeling"', "why"),
    ] = ()
    about: Annotated[str | None, Says("What the example shows. For readers.", '"a failed exam"')] = None
    span: Span = field(default=Span.NONE, compare=False)


# Conditions over declared dimensions: `user.role == clinician and not user.age_band in [child, teen]`.


@dataclass(frozen=True, slots=True)
class Compare:
    """`dimension operator value`"""

    dimension: str
    operator: Literal["==", "!=", "<", "<=", ">", ">=", "in"]
    value: str | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """A boolean dimension, or a judged predicate declared under this name."""

    dimension: str


@dataclass(frozen=True, slots=True)
class Not:
    """`not operand`"""

    operand: Condition


@dataclass(frozen=True, slots=True)
class And:
    """All of `operands`."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of `operands`."""

    operands: tuple[Condition, ...]


Condition = Compare | Truth | Not | And | Or


@dataclass(frozen=True, slots=True)
class Dimension:
    """`dimension user.role { values: [customer, clinician]  says: "The user is a {value}." }`: what may be asked about.

    type: `enum` (has values), `number`, `boolean`, or `judged` (a predicate that a judge decides; `means` says it).
    says: how an application tells the model the value, `{value}` standing for it.
    """

    name: str
    type: Annotated[
        Literal["enum", "number", "boolean", "judged"],
        Says("What its values are. Left out: `enum` with `values`, `judged` with `means`.", "boolean", optional=True),
    ]
    values: Annotated[tuple[str, ...], Says("The values of an `enum`.", "[customer, clinician]", words=True)] = ()
    says: Annotated[
        str | None,
        Says("How an application tells the model; `{value}` stands for the value.", '"The user is a {value}."'),
    ] = None
    means: Annotated[str | None, Says("What a judge looks for, for a `judged` dimension.")] = None
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement of behaviour.

    id: `kind.name`. section: the innermost section or overlay that it stands in; what that gives (its level, tags and
    conditions) is in the clause's own fields already. field_spans: where each field stands.
    """

    id: str
    kind: str
    name: str
    level: Level
    body: Body
    because: Annotated[str | None, Says("Why the clause exists. For readers; never trained on.")] = None
    tags: Annotated[tuple[str, ...], Says("Groups that a `priority` can rank.", "[safety]", words=True)] = ()
    when: Annotated[Condition | None, Says("The clause holds only where this is so.", "user.role == clinician")] = None
    unless: Annotated[
        Condition | None, Says("The clause does not hold where this is so.", "user.role == clinician")
    ] = None
    examples: Annotated[
        tuple[Example, ...],
        Says("A conversation with good and bad answers.", '{ user: "..." good: "..." bad: "..." }', "example"),
    ] = ()
    target: Annotated[Target | None, Says("What must be measured for the clause to count as met.", ">= 90%")] = None
    override: Annotated[
        Override | None,
        Says(
            "What a message of a lower level may change: what it asks for, what its context implies, or nothing.",
            "never",
        ),
    ] = None
    excepted: Annotated[
        tuple[str, ...], Says("Cases in words to which the clause does not apply.", '"Fiction."', "except")
    ] = ()
    absolute: Annotated[bool, Says("Whether the clause has no exception at all.", "true")] = False
    transforming: Annotated[
        Literal["allowed", "covered"] | None,
        Says("Whether text that the user gave may be translated, shortened or classified all the same.", "allowed"),
    ] = None
    note: Annotated[str | None, Says("Commentary. For readers; neither in the prompt nor trained on.")] = None
    see: Annotated[
        tuple[str, ...], Says("Clauses and sections to read beside this one.", "[trait.caring]", words=True)
    ] = ()
    was: Annotated[
        tuple[str, ...], Says("Names that the clause had in earlier versions of the spec.", "[kind]", words=True)
    ] = ()
    supersedes: Annotated[
        tuple[str, ...],
        Says("Clauses of earlier versions that this one takes the place of.", "[trait.kind]", words=True),
    ] = ()
    deprecated: Annotated[str | None, Says("Why nobody should refer to the clause any more, and what to use.")] = None
    section: str | None = None
    span: Span = field(default=Span.NONE, compare=False)
    field_spans: tuple[tuple[str, Span], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Section:
    """`section privacy at system { title: "..."  ...statements... }`: statements that belong together.

    kind: an `overlay` stands on top of all other clauses of its level. parent: the section around it. Its level, tags
    and conditions are in the clauses inside already; here they stand as they were written.
    """

    kind: Literal["section", "overlay"]
    name: str
    title: Annotated[str | None, Says("A heading for readers.", '"Privacy"')] = None
    note: Annotated[str | None, Says("Commentary. For readers; neither in the prompt nor trained on.")] = None
    when: Annotated[Condition | None, Says("Its clauses hold only where this is so.", "user.age_band == teen")] = None
    unless: Annotated[Condition | None, Says("Its clauses do not hold where this is so.", "user.role == clinician")] = (
        None
    )
    tags: Annotated[tuple[str, ...], Says("Groups that a `priority` can rank.", "[safety]", words=True)] = ()
    override: Annotated[Override | None, Says("What a message of a lower level may change.", "never")] = None
    level: Level | None = None
    parent: str | None = None
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Term:
    """`term minor { means: "somebody under 18" }`: a word as this spec uses it."""

    name: str
    means: Annotated[str, Says("What the word means here.", '"somebody under 18"')]
    called: Annotated[str | None, Says("The word, where it is not one word.", '"sensitive data"')] = None
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """`parameter maker { default: "Harbor Marine" }`: a text for `${maker}`, unless an import gives another."""

    name: str
    default: Annotated[str | None, Says("The text where an import gives none.", '"Harbor Marine"')] = None
    note: Annotated[str | None, Says("What it is for. For readers.")] = None
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """`grant tone at developer { to: user  over: [trait.formal] }`: clauses that a lower level may change.

    level: who gives it; nobody can give away what a higher level has said.
    """

    name: str
    level: Level
    to: Annotated[Literal["system", "developer", "user"], Says("Who may change them.", "user")]
    over: Annotated[tuple[str, ...], Says("The clauses, by id, name or tag.", "[trait.formal]", words=True)]
    how: Annotated[
        Literal["explicit", "implicit"], Says("By asking for it, or by what the context implies.", "explicit")
    ] = "explicit"
    because: Annotated[str | None, Says("Why. For readers; never trained on.")] = None
    span: Span = field(default=Span.NONE, compare=False)


Carried = Literal["root", "system", "developer", "user", "guideline", "none"]


@dataclass(frozen=True, slots=True)
class Authority:
    """`authority { tool: none  quoted: none }`: the level that a message's text has, by where it stands."""

    system: Annotated[Carried, Says("The level of a system message.", "system")] = "system"
    developer: Annotated[Carried, Says("The level of a developer message.", "developer")] = "developer"
    user: Annotated[Carried, Says("The level of a user message.", "user")] = "user"
    assistant: Annotated[Carried, Says("The level of the model's own earlier words.", "none")] = "none"
    tool: Annotated[Carried, Says("The level of what a tool returns.", "none")] = "none"
    quoted: Annotated[Carried, Says("The level of text that a message quotes, and of files.", "none")] = "none"
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Balance:
    """`balance tone { of: [caring, brevity]  weights: [70%, 30%] }`: clauses that are weighed, where `priority` ranks.

    of, weights: of the same length, the weights more than 0.
    """

    name: str
    of: Annotated[tuple[str, ...], Says("The clauses, by id or name.", "[caring, brevity]", words=True)]
    weights: Annotated[tuple[float, ...], Says("How much each counts.", "[70%, 30%]", positive=True, percent=True)]
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Alike:
    """`alike ages { for: refuse.dosing  asks: ["...", "..."] }`: prompts that must be treated alike."""

    name: str
    clause: Annotated[str, Says("The clause that decides how they are treated.", "refuse.dosing", "for", words=True)]
    asks: Annotated[tuple[str, ...], Says("Two or more prompts that differ in what must not matter.", '["...", "..."]')]
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Model:
    """The subject's base and the models in other roles; no teacher or judge means the base, and reports say so."""

    base: Annotated[
        str, Says('`"nano"`, which is built in, or a Hugging Face id, or a folder.', '"nano"', words=True)
    ] = "nano"
    revision: Annotated[str | None, Says("The commit, tag or branch of a Hugging Face base.", '"main"')] = None
    chat_template: Annotated[
        str | None, Says("A file with a chat template, for a base that has none.", '"template.jinja"')
    ] = None
    teacher: Annotated[
        str | None, Says("The model that writes answers; left out, the base.", '"Qwen/Qwen3-8B"', words=True)
    ] = None
    judge: Annotated[
        str | None, Says("The model that grades answers; left out, the base.", '"Qwen/Qwen3-8B"', words=True)
    ] = None
    embedder: Annotated[
        str | None,
        Says(
            "A sentence model that tells questions which mean the same; left out, words alone tell.",
            '"BAAI/bge-small-en-v1.5"',
            words=True,
        ),
    ] = None
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Adapter:
    """The shape of the LoRA adapter."""

    rank: Annotated[int, Says("The rank of the LoRA matrices.", "16", low=1, high=4096)] = 16
    alpha: Annotated[int | None, Says("LoRA's scale; left out, twice the rank.", "32", low=1, high=65536)] = None
    dropout: Annotated[float, Says("LoRA's dropout.", "0.05", low=0, high=0.99)] = 0.0


@dataclass(frozen=True, slots=True)
class Mixture:
    """Shares of the training rows. A row belongs to what made it where that is named here, else to where its question
    is from; what is not named shares the rest. The first four are sources of questions."""

    given: Annotated[
        float | None, Says("Rows whose question the spec itself asks.", "10%", low=0, high=1, percent=True)
    ] = None
    own: Annotated[
        float | None, Says("Rows whose question is from the files under `prompts`.", "20%", low=0, high=1, percent=True)
    ] = None
    written: Annotated[
        float | None, Says("Rows whose question a model wrote from a clause.", "40%", low=0, high=1, percent=True)
    ] = None
    bank: Annotated[
        float | None,
        Says("Rows whose question is an everyday one of the base's own.", "20%", low=0, high=1, percent=True),
    ] = None
    examples: Annotated[
        float | None, Says("The spec's examples, question and answers.", "5%", low=0, high=1, percent=True)
    ] = None
    pressure: Annotated[
        float | None, Says("Rows in which somebody pushes against the clause.", "15%", low=0, high=1, percent=True)
    ] = None
    outside: Annotated[
        float | None, Says("Rows in which the condition of a clause does not hold.", "5%", low=0, high=1, percent=True)
    ] = None
    dialogue: Annotated[
        float | None,
        Says("Chats of several turns between a simulated user and the model.", "5%", low=0, high=1, percent=True),
    ] = None
    reflection: Annotated[
        float | None,
        Says("Chats in which the model is asked about its own character.", "5%", low=0, high=1, percent=True),
    ] = None
    interaction: Annotated[
        float | None, Says("Chats between two copies of the model.", "5%", low=0, high=1, percent=True)
    ] = None


Setting = str | int | float | bool | tuple[str | int | float | bool, ...]
"""What a setting of the trainer may be."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of the trainer, by the library's own name for it."""

    name: str
    value: Setting
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of the trainer by the library's own names; they go before what the method says."""

    given: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched while an adapter is trained, on questions that no row asks and no probe; training stops beyond a
    budget, and the best watched step is kept."""

    every: Annotated[
        float, Says("How often it is looked, as a share of the steps.", "10%", positive=True, high=1, percent=True)
    ] = 0.1
    prompts: Annotated[
        int, Says("Questions of each clause that are kept out of training for it.", "16", low=2, high=1000)
    ] = 16
    max_kl: Annotated[
        float | None, Says("How far from the base answers may be, in nats a token.", "0.5", positive=True)
    ] = None
    max_facts_lost: Annotated[
        float | None,
        Says(
            "How much less of the questions of fact may be right than with the base, in points of all.",
            "2%",
            low=0,
            high=1,
            percent=True,
        ),
    ] = None
    max_length: Annotated[
        float | None, Says("How many times as long as the base's answers may be, on average.", "2", positive=True)
    ] = None
    max_fall: Annotated[
        float,
        Says(
            "A fall of the held-out score from its best, in points, that is a collapse.",
            "25%",
            positive=True,
            high=1,
            percent=True,
        ),
    ] = 0.25


@dataclass(frozen=True, slots=True)
class Train:
    """Settings of training; what is left out is the method's default. `data` holds paths of the user's own chats."""

    method: Annotated[
        Literal[
            "sft", "dpo", "kto", "orpo", "simpo", "grpo", "rloo", "sft+dpo", "sft+kto", "sft+grpo", "sft+rloo",
            "dpo+sft", "sdft", "online_dpo", "reward+grpo", "reward+rloo", "sft+reward+rloo", "dpo+introspection",
            "auto",
        ] | None,
        Says("How the adapter is trained; `a+b` trains one after the other, `auto` chooses; left out, `dpo`.", "dpo"),
    ] = None  # fmt: skip
    preset: Annotated[
        Literal["character", "zephyr"] | None,
        Says("A published recipe: a method with its settings; what is given beside it goes first.", "character"),
    ] = None
    loss: Annotated[
        Literal[
            "sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot", "aot_unpaired",
            "apo_zero", "apo_down", "discopop", "sigmoid_norm",
        ] | None,
        Says("DPO's loss; left out, `sigmoid`.", "ipo"),
    ] = None  # fmt: skip
    adapter: Annotated[Adapter, Says("The shape of the LoRA adapter.", "{ rank: 16 }")] = Adapter()
    rows: Annotated[int | None, Says("About how many training rows to make.", "400", low=1)] = None
    steps: Annotated[int | None, Says("Optimiser steps.", "48", low=1)] = None
    batch: Annotated[int | None, Says("Rows in one step.", "16", low=1)] = None
    learning_rate: Annotated[float | None, Says("The optimiser's peak rate.", "5e-4", positive=True, high=1)] = None
    beta: Annotated[
        float | None,
        Says("How tightly the base is held to; less goes further.", "0.1", positive=True),
    ] = None
    sft_weight: Annotated[float | None, Says("The SFT loss's weight beside DPO's or SimPO's.", "0.5", low=0)] = None
    reward_weight: Annotated[
        float | None, Says("A trained reward model's weight beside the clauses' rewards, 1 each.", "0.5", low=0)
    ] = None
    seed: Annotated[int, Says("Feeds every random choice.", "7", low=0, high=2**32 - 1)] = 0
    data: Annotated[
        tuple[str, ...], Says("Files of chats of your own, JSON lines (also .gz, .zst) or Parquet.", '"chats.jsonl"')
    ] = ()
    prompts: Annotated[
        tuple[str, ...],
        Says(
            "Questions of your own, which rows are made for: text, JSON lines, CSV, Parquet, Arrow, or a data set's"
            " folder.",
            '"questions.txt"',
        ),
    ] = ()
    mixture: Annotated[
        Mixture | None, Says("What share of the rows is made of what.", "{ written: 60%, bank: 30% }")
    ] = None
    writers: Annotated[
        tuple[str, ...],
        Says("Ways of writing pairs, and no others; left out, each clause's usual ones.", "[revision]", words=True),
    ] = ()
    options: Annotated[
        Options | None,
        Says("Settings of the trainer by the library's own names.", "{ max_grad_norm: 0.5 }"),
    ] = None
    watch: Annotated[
        Watch | None,
        Says("What is watched while the adapter is trained, and what stops it.", "{ every: 10%  max_kl: 0.5 }"),
    ] = None
    chosen: tuple[str, ...] = ()
    """Why `auto` chose the method, which then stands in its place."""
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class ProbeStatement:
    """`probe NAME { for: trait.caring  turns/ask  expects }`: a held-out question that the author wrote."""

    name: str
    clause: Annotated[str, Says("The clause that the probe tests, by id or name.", "trait.caring", "for", words=True)]
    turns: Annotated[tuple[Turn, ...], Says("The question as `ask:`, or a conversation turn by turn.", 'ask: "..."')]
    expect: Annotated[
        tuple[str | Pattern, ...], Says("Phrases or patterns, one of which the answer has.", '["sorry", /rough/i]')
    ] = ()
    reject: Annotated[
        tuple[str | Pattern, ...], Says("Phrases or patterns, none of which the answer has.", '["Certainly!"]')
    ] = ()
    repeats: Annotated[int, Says("How often it is asked, each time sampled anew.", "5", low=1, high=1000)] = 1
    at_least: Annotated[int | None, Says("How many of these answers must pass; left out, all.", "4", low=1)] = None
    tags: Annotated[tuple[str, ...], Says("Groups of probes.", "[evals]", words=True)] = ()
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Priority:
    """`priority: safety > honesty`: names of clauses (or tags), the first wins."""

    names: tuple[str, ...]
    span: Span = field(default=Span.NONE, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """One spec with all its imports merged, in source order (imports first)."""

    path: str
    model: Model
    train: Train
    clauses: tuple[Clause, ...]
    dimensions: tuple[Dimension, ...]
    priorities: tuple[Priority, ...]
    probes: tuple[ProbeStatement, ...]
    files: tuple[str, ...]
    sections: tuple[Section, ...] = ()
    terms: tuple[Term, ...] = ()
    grants: tuple[Grant, ...] = ()
    balances: tuple[Balance, ...] = ()
    alikes: tuple[Alike, ...] = ()
    authority: Authority | None = None
