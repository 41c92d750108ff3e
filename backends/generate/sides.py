"""Sides of pairs: one answer of each draft, had as an `AnswerSource` says, and held against the unit's checks.

In: a unit, drafts, and the model that answers. Out: the drafts with that side filled in, or with the reason why they
failed. A chosen side passes the unit's checks, a rejected side fails one; a sampled side that does not is sampled
again, twice at most. Every writer is made of these. This file must not know writers, nor where rows go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from backends.banks import right_answer
from backends.cached import CachedEngine
from backends.deciding import Case, decide
from backends.engines import Conversation, Sampling
from backends.generate.candidates import TOO_LONG, Candidate, push_text, seed_of
from compiler.checks import evaluate
from compiler.records.checks import RefusalCheck
from compiler.records.recipe import AnswerSource, Unit
from compiler.records.record import Message

ANSWER_TOKENS = 160
ATTEMPTS = 3
"""A rejected side is first what the model would likeliest say, which is what training is to unlearn. A chosen side
is drawn: likeliest answers alone would all open the same way, and so would the trained model. Later attempts are
drawn wider."""
LIKELIEST = Sampling(max_new_tokens=ANSWER_TOKENS)
DRAWN = Sampling(temperature=0.7, max_new_tokens=ANSWER_TOKENS, min_p=0.1)
RETRY = Sampling(temperature=1.0, max_new_tokens=ANSWER_TOKENS, min_p=0.1)
DECLINES = RefusalCheck(present=True)


@dataclass(frozen=True, slots=True)
class Models:
    """subject: the base. writer: the teacher where there is one, else the base; it writes questions, first answers and
    chosen sides. judge: decides."""

    subject: CachedEngine
    writer: CachedEngine
    judge: CachedEngine


@dataclass(slots=True)
class Draft:
    """One row on its way. raw: a side before anything is put on it, which the other side may take over; None where
    the model cannot read what it is asked."""

    number: int
    candidate: Candidate
    messages: Conversation
    sides: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str | None] = field(default_factory=dict)
    failed: str | None = None


def going(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts that have not failed."""
    return [draft for draft in drafts if draft.failed is None]


def as_asked(unit: Unit, drafts: list[Draft], models: Models, writer: CachedEngine) -> None:
    """Have both sides as `unit.chosen` and `unit.rejected` say: chosen from `writer`, rejected from the subject."""
    if unit.pressure is not None and unit.pressure.role == "user":
        push(unit, drafts, writer)
    # A side that is made from the other one waits for it.
    order = ("rejected", "chosen") if unit.chosen and unit.chosen.other else ("chosen", "rejected")
    for side in order:
        fill(unit, drafts, models, side, writer if side == "chosen" else models.subject)


def under(messages: Conversation, source: AnswerSource) -> Conversation:
    """`messages` as one side sees them: with its own system message, and question, in place of the row's."""
    if source.system is None:
        return messages
    rest = messages[1:] if messages[0].role == "system" else messages
    if source.declined is not None:
        rest = (Message(role="user", content=source.declined),)
    return (Message(role="system", content=source.system), *rest)


def push(unit: Unit, drafts: list[Draft], writer: CachedEngine) -> None:
    """Have the first answer, then the user's push. The answer is the chosen side's: it is what the push is against."""
    assert unit.pressure is not None
    assert unit.chosen is not None
    sampling = replace(DRAWN, seed=seed_of(unit.seed, "first", drafts[0].number))
    firsts = writer.answers([under(d.messages, unit.chosen) for d in drafts], sampling)
    for draft, first in zip(drafts, firsts, strict=True):
        if not first:
            draft.failed = TOO_LONG if first is None else "no first answer"
        text = push_text(unit.pressure, draft.number, draft.candidate.conversation, draft.candidate.wrong)
        draft.messages = (
            *draft.messages,
            Message(role="assistant", content=dressed(unit.chosen, first or "", draft.number) or " "),
            Message(role="user", content=text),
        )


def source_of(unit: Unit, side: str) -> AnswerSource:
    source = unit.chosen if side == "chosen" else unit.rejected
    assert source is not None
    return source


def fill(unit: Unit, drafts: list[Draft], models: Models, side: str, model: CachedEngine) -> None:
    """Fill in one side of every draft that has not failed."""
    source = source_of(unit, side)
    literal = bool(source.given or source.texts or source.other)
    waiting = going(drafts)
    for attempt in range(1 if literal else ATTEMPTS):
        if not waiting:
            return
        answers: list[str | None]
        if literal:
            answers = [_literal(source, d, "rejected" if side == "chosen" else "chosen") for d in waiting]
        else:
            # To one question the likeliest answer is always the same.
            varied = side == "chosen" or source.declined is not None
            sampling = RETRY if attempt else DRAWN if varied else LIKELIEST
            sampling = replace(sampling, seed=seed_of(unit.seed, side, attempt, waiting[0].number))
            answers = model.answers([under(d.messages, source) for d in waiting], sampling)
        settle(unit, waiting, models, side, answers)
        waiting = [d for d in waiting if d.failed is not None]
    if source.otherwise:
        settle(unit, waiting, models, side, [source.otherwise[d.number % len(source.otherwise)] for d in waiting])


def settle(unit: Unit, drafts: Sequence[Draft], models: Models, side: str, answers: Sequence[str | None]) -> None:
    """Take `answers` as one side of `drafts`, with what the recipe puts on, and say which may not be used, and why."""
    source = source_of(unit, side)
    for draft, answer in zip(drafts, answers, strict=True):
        draft.raw[side] = answer
        draft.sides[side] = dressed(source, answer or "", draft.number)
    for draft, reason in zip(drafts, faults_of(unit, drafts, models, side), strict=True):
        draft.failed = reason


def _literal(source: AnswerSource, draft: Draft, other: str) -> str:
    if source.given:
        place = draft.candidate.given
        return source.given[place] if place is not None and place < len(source.given) else ""
    if source.texts:
        return source.texts[draft.number % len(source.texts)]
    return draft.raw.get(other) or ""


def dressed(source: AnswerSource, answer: str, number: int) -> str:
    """`answer` with the unit's phrase in front, and with start and end put on where they are missing."""
    if source.phrases and answer:
        phrase = source.phrases[number % len(source.phrases)]
        answer = f"{phrase}{',' if phrase[-1].isalnum() else ''} {answer}"
    if source.starts and not answer.startswith(source.starts):
        answer = f"{source.starts} {answer}"
    if source.ends and not answer.endswith(source.ends):
        answer = f"{answer} {source.ends}"
    return answer


def faults_of(unit: Unit, drafts: Sequence[Draft], models: Models, side: str) -> list[str | None]:
    """Why each draft's side may not be used, None where it may."""
    source = source_of(unit, side)
    # What the recipe puts at the start or the end is no answer by itself.
    faults: list[str | None] = [
        TOO_LONG if (raw := d.raw[side]) is None else None if raw else "no answer" for d in drafts
    ]
    if unit.checks:
        own = decide([Case(d.messages[-1].content, d.sides[side], unit.checks) for d in drafts], models.judge)
        for place, decision in enumerate(own):
            if faults[place] is None and decision.kept is None:
                faults[place] = "the judge gave no answer"
            elif faults[place] is None and decision.kept is not (side == "chosen"):
                faults[place] = "chosen fails its checks" if side == "chosen" else "rejected keeps the clause"
    if source.declined is not None:
        for place, draft in enumerate(drafts):
            if faults[place] is None and not evaluate(DECLINES, draft.sides[side]):
                faults[place] = f"{side} does not decline"
    if side == "chosen" and not any(isinstance(c, RefusalCheck) and c.present for c in unit.checks):
        for place, draft in enumerate(drafts):
            if faults[place] is None and fact_lost(draft, draft.sides["chosen"]):
                faults[place] = "chosen gets a fact wrong"
    return faults


def fact_lost(draft: Draft, said: str) -> bool:
    """Whether `said` lacks the answer that the bank knows."""
    answer = draft.candidate.answer
    return answer is not None and not evaluate(right_answer(answer), said)
