"""Preference pairs of one unit: both sides had by its writer, and dropped with a reason where they fail.

In: a unit and its candidates, the models, and filters.json. Out: rows, and how many were asked for, kept and dropped.
filters.json stands behind the writer: what is asked of a model depends on the unit alone, so an edited forbid asks for
nothing but what takes the place of the rows that break it. This file must not know how a writer has a side, nor where
rows are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from backends.cached import CHUNK
from backends.engines import Conversation
from backends.generate import writers
from backends.generate.candidates import Candidate, Candidates, push_text
from backends.generate.drafts import Drafts, Numbered
from backends.generate.rules import Rules
from backends.generate.sides import Draft, Models, going
from backends.generate.striking import is_struck
from compiler.records.recipe import Unit
from compiler.records.record import Message
from compiler.records.rows import PreferencePair
from compiler.struck import STRUCK

HOPELESS = 32
"""Candidates after which a unit without a single row is given up."""
SMALLEST_BATCH = 8
REPLACED_AT_ONCE = 4
"""A full unit that loses rows to a rule tries this part of its rows again at once: a quarter."""
PATIENCE = 4
"""Candidates looked at for each row wanted, at most."""


def write_pairs(
    unit: Unit,
    candidates: Candidates,
    models: Models,
    rules: Rules,
    tell: Callable[[int], None],
    struck: frozenset[str] = frozenset(),
    known: Drafts | None = None,
) -> tuple[list[PreferencePair], Counter[str]]:
    """Write up to `unit.count` rows. `tell` hears how many there are.

    Args:
        struck: keys of rows that a person has struck out; another candidate takes the place of each.
        known: drafts that an earlier build has written, and where new ones go.

    Returns:
        The rows, and the dropped candidates by reason.
    """
    rows: list[PreferencePair] = []
    dropped: Counter[str] = Counter()
    for drafts in _batches(unit, candidates, models, known or Drafts(unit, models)):
        _leave_out(unit, drafts, rules)
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


def _batches(unit: Unit, candidates: Candidates, models: Models, known: Drafts) -> Iterator[list[Draft]]:
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
        drafts = known.of(list(enumerate(batch, first + looked_at)), partial(_write, unit, models))
        looked_at += len(drafts)
        passed += sum(draft.failed is None for draft in drafts)
        yield drafts


def _batch(missing: int, passed: int, looked_at: int) -> int:
    """How many candidates to try next: as many as should fill the unit at the rate so far. Small batches waste time."""
    passing = max(passed / looked_at, 0.1) if looked_at else 0.8
    return min(CHUNK, max(SMALLEST_BATCH, round(missing / passing)))


def _leave_out(unit: Unit, drafts: Sequence[Draft], rules: Rules) -> None:
    """Fail the drafts that break a rule, in the chosen side or in an answer before it: chats are learned whole."""
    for draft in drafts:
        if draft.failed is None:
            chat = (*draft.messages, Message(role="assistant", content=draft.sides["chosen"]))
            rule = rules.broken(unit, chat)
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
        text = push_text(push, number, conversation, candidate.wrong)
        if push.role == "ask":
            conversation = (*conversation[:-1], Message(role="user", content=text))
        else:
            system = f"{text}\n\n{system}" if system else text
    return (Message(role="system", content=system), *conversation) if system else conversation


def _write(unit: Unit, models: Models, numbered: Numbered) -> list[Draft]:
    drafts = [Draft(number, candidate, _setting(unit, candidate, number)) for number, candidate in numbered]
    writers.load(unit.writer).write(unit, drafts, models)
    for draft in going(drafts):
        if draft.sides["chosen"] == draft.sides["rejected"]:
            draft.failed = "both sides are the same"
    return drafts


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
        writer=unit.writer or "",
        unit=unit.id,
        seed=unit.seed,
        spans=unit.spans,
    )
