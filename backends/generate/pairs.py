"""Preference pairs of one unit: both sides had as the recipe says, checked, and dropped with a reason where they fail.

In: a unit and its candidates, the models, and filters.json. Out: rows, and how many were asked for, kept and dropped.
A chosen side passes the unit's checks, a rejected side fails one; a sampled side that does not is sampled again, twice
at most. filters.json stands behind this: what is asked of a model depends on the unit alone, so an edited forbid asks
for nothing but what takes the place of the rows that break it. This file must not know where rows are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from backends.banks import right_answer
from backends.cached import CHUNK, CachedEngine
from backends.deciding import Case, decide
from backends.engines import Conversation, Sampling
from backends.generate.candidates import TOO_LONG, Candidate, Candidates, push_text, seed_of
from backends.generate.striking import is_struck
from compiler import data
from compiler.checks import evaluate
from compiler.records.checks import RefusalCheck
from compiler.records.filters import Filters
from compiler.records.recipe import AnswerSource, Unit
from compiler.records.record import Message
from compiler.records.rows import PreferencePair
from compiler.struck import STRUCK

ANSWER_TOKENS = 160
ATTEMPTS = 3
"""A rejected side is first what the model would likeliest say, which is what training is to unlearn. A chosen side
is drawn: likeliest answers alone would all open the same way, and so would the trained model. Later attempts are
drawn wider."""
LIKELIEST = Sampling(max_new_tokens=ANSWER_TOKENS)
DRAWN = Sampling(temperature=0.7, max_new_tokens=ANSWER_TOKENS, min_p=0.1)
RETRY = Sampling(temperature=1.0, max_new_tokens=ANSWER_TOKENS, min_p=0.1)
DECLINES = RefusalCheck(present=True)
HOPELESS = 32
"""Candidates after which a unit without a single row is given up."""
SMALLEST_BATCH = 8
REPLACED_AT_ONCE = 4
"""A full unit that loses rows to a rule tries this part of its rows again at once: a quarter."""
PATIENCE = 4
"""Candidates looked at for each row wanted, at most."""


@dataclass(frozen=True, slots=True)
class Models:
    """subject: the base. writer: writes questions, first answers and chosen sides. judge: decides."""

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


def write_pairs(
    unit: Unit,
    candidates: Candidates,
    models: Models,
    filters: Filters,
    tell: Callable[[int], None],
    struck: frozenset[str] = frozenset(),
) -> tuple[list[PreferencePair], Counter[str]]:
    """Write up to `unit.count` rows. `tell` hears how many there are.

    Args:
        struck: keys of rows that a person has struck out; another candidate takes the place of each.

    Returns:
        The rows, and the dropped candidates by reason.
    """
    rules = data.rules_for(unit, filters)
    rows: list[PreferencePair] = []
    dropped: Counter[str] = Counter()
    for drafts in _batches(unit, candidates, models):
        _leave_out(drafts, rules)
        _strike_out(drafts, struck)
        for draft in drafts:
            if draft.failed is not None:
                dropped[draft.failed] += 1
            elif len(rows) < unit.count:
                rows.append(_row(unit, draft))
        tell(len(rows))
        if len(rows) == unit.count or (not rows and drafts[-1].number + 1 >= HOPELESS):
            break
    return rows, dropped


def _batches(unit: Unit, candidates: Candidates, models: Models) -> Iterator[list[Draft]]:
    """Drafts of a unit, batch after batch: as many as anybody takes. What they are depends on the unit alone."""
    # A unit that is asked for more goes on where its candidates are, and numbers go on with them.
    first = len(candidates.sources)
    looked_at = passed = 0
    while looked_at < max(CHUNK, PATIENCE * unit.count):
        # Once the unit's own checks have passed enough, more are asked for only where a rule has left some out.
        missing = unit.count - passed if passed < unit.count else unit.count // REPLACED_AT_ONCE
        batch = candidates.take(_batch(missing, passed, looked_at))
        if not batch:
            return
        drafts = [
            Draft(number, candidate, _setting(unit, candidate, number))
            for number, candidate in enumerate(batch, first + looked_at)
        ]
        looked_at += len(drafts)
        _write(unit, drafts, models)
        passed += sum(draft.failed is None for draft in drafts)
        yield drafts


def _batch(missing: int, passed: int, looked_at: int) -> int:
    """How many candidates to try next: as many as should fill the unit at the rate so far. Small batches waste time."""
    passing = max(passed / looked_at, 0.1) if looked_at else 0.8
    return min(CHUNK, max(SMALLEST_BATCH, round(missing / passing)))


def _leave_out(drafts: Sequence[Draft], rules: Filters) -> None:
    """Fail the drafts that break a rule, in the chosen side or in an answer before it: chats are learned whole."""
    for draft in drafts:
        if draft.failed is None:
            rule = data.broken_rule((*draft.messages, Message(role="assistant", content=draft.sides["chosen"])), rules)
            draft.failed = rule.reason if rule else None


def _strike_out(drafts: Sequence[Draft], struck: frozenset[str]) -> None:
    """Fail the drafts that a person has struck out."""
    for draft in drafts:
        if draft.failed is None and is_struck(struck, draft.messages, *_answers(draft)):
            draft.failed = STRUCK


def _answers(draft: Draft) -> tuple[Conversation, Conversation]:
    chosen, rejected = ((Message(role="assistant", content=draft.sides[side]),) for side in ("chosen", "rejected"))
    return chosen, rejected


def _setting(unit: Unit, candidate: Candidate, number: int) -> Conversation:
    """The row's messages, the pushing turn of the user still missing: its first answer must be had before."""
    conversation = candidate.conversation
    system = unit.context
    push = unit.pressure
    if push is not None and push.role in ("system", "ask"):
        text = push_text(push, number, conversation)
        if push.role == "ask":
            conversation = (*conversation[:-1], Message(role="user", content=text))
        else:
            system = f"{text}\n\n{system}" if system else text
    return (Message(role="system", content=system), *conversation) if system else conversation


def _under(messages: Conversation, source: AnswerSource) -> Conversation:
    """`messages` as one side sees them: with its own system message, and question, in place of the row's."""
    if source.system is None:
        return messages
    rest = messages[1:] if messages[0].role == "system" else messages
    if source.declined is not None:
        rest = (Message(role="user", content=source.declined),)
    return (Message(role="system", content=source.system), *rest)


def _write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    if unit.pressure is not None and unit.pressure.role == "user":
        _push(unit, drafts, models)
    # A side that is made from the other one waits for it.
    order = ("rejected", "chosen") if unit.chosen and unit.chosen.other else ("chosen", "rejected")
    for side in order:
        _side(unit, drafts, models, side)
    for draft in drafts:
        if draft.failed is None and draft.sides["chosen"] == draft.sides["rejected"]:
            draft.failed = "both sides are the same"


def _push(unit: Unit, drafts: list[Draft], models: Models) -> None:
    """Have the first answer, then the user's push. The answer is the chosen side's: it is what the push is against."""
    assert unit.pressure is not None
    assert unit.chosen is not None
    sampling = replace(DRAWN, seed=seed_of(unit.seed, "first", drafts[0].number))
    firsts = models.writer.answers([_under(d.messages, unit.chosen) for d in drafts], sampling)
    for draft, first in zip(drafts, firsts, strict=True):
        if not first:
            draft.failed = TOO_LONG if first is None else "no first answer"
        text = push_text(unit.pressure, draft.number, draft.candidate.conversation)
        draft.messages = (
            *draft.messages,
            Message(role="assistant", content=_dressed(unit.chosen, first or "", draft.number) or " "),
            Message(role="user", content=text),
        )


def _source(unit: Unit, side: str) -> AnswerSource:
    source = unit.chosen if side == "chosen" else unit.rejected
    assert source is not None
    return source


def _side(unit: Unit, drafts: list[Draft], models: Models, side: str) -> None:
    """Fill in one side of every draft that has not failed."""
    source = _source(unit, side)
    model = models.writer if side == "chosen" else models.subject
    literal = bool(source.given or source.texts or source.other)
    waiting = [d for d in drafts if d.failed is None]
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
            answers = model.answers([_under(d.messages, source) for d in waiting], sampling)
        for draft, answer in zip(waiting, answers, strict=True):
            draft.raw[side] = answer
            draft.sides[side] = _dressed(source, answer or "", draft.number)
        for draft, reason in zip(waiting, _faults(unit, waiting, models, side), strict=True):
            draft.failed = reason
        waiting = [d for d in waiting if d.failed is not None]


def _literal(source: AnswerSource, draft: Draft, other: str) -> str:
    if source.given:
        place = draft.candidate.given
        return source.given[place] if place is not None and place < len(source.given) else ""
    if source.texts:
        return source.texts[draft.number % len(source.texts)]
    return draft.raw.get(other) or ""


def _dressed(source: AnswerSource, answer: str, number: int) -> str:
    """`answer` with the unit's phrase in front, and with start and end put on where they are missing."""
    if source.phrases and answer:
        phrase = source.phrases[number % len(source.phrases)]
        answer = f"{phrase}{',' if phrase[-1].isalnum() else ''} {answer}"
    if source.starts and not answer.startswith(source.starts):
        answer = f"{source.starts} {answer}"
    if source.ends and not answer.endswith(source.ends):
        answer = f"{answer} {source.ends}"
    return answer


def _faults(unit: Unit, drafts: Sequence[Draft], models: Models, side: str) -> list[str | None]:
    """Why each draft's side may not be used, None where it may."""
    source = _source(unit, side)
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
            if faults[place] is None and _fact_lost(draft):
                faults[place] = "chosen gets a fact wrong"
    return faults


def _fact_lost(draft: Draft) -> bool:
    answer = draft.candidate.answer
    return answer is not None and not evaluate(right_answer(answer), draft.sides["chosen"])


def _row(unit: Unit, draft: Draft) -> PreferencePair:
    chosen, rejected = _answers(draft)
    return PreferencePair(
        # Named by its place among all drafts: a row that is left out renames no other.
        id=f"{unit.id}-{draft.number:04d}",
        prompt=draft.messages,
        chosen=chosen,
        rejected=rejected,
        clause_ids=unit.clause_ids,
        generator=unit.generator,
        source=draft.candidate.place,
        unit=unit.id,
        seed=unit.seed,
        spans=unit.spans,
    )
