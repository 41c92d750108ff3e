"""Dialogues of one unit: several held-out questions in a row, each of which the measured arm answers itself.

In: a unit with a `Dialogue`, the candidates for the questions that are decided and for those between. Out: probes whose
assistant turns are empty, and the left-out candidates by reason. This file must not know answers or arms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from backends.cached import CHUNK
from backends.generate.candidates import Candidate, Candidates
from backends.generate.disjoint import trained_on
from backends.generate.split import HeldOut, Prompts
from compiler.records.recipe import Dialogue, Unit
from compiler.records.record import Message
from compiler.records.rows import Probe


def write_dialogues(
    unit: Unit, candidates: Candidates, between: Candidates, training: Prompts, held_out: HeldOut
) -> tuple[list[Probe], Counter[str]]:
    """Return as many dialogues as the questions are enough for.

    Where there are too few questions to ask each once, they come again in other dialogues, beside other questions; no
    dialogue asks one twice.
    """
    dialogue = unit.dialogue
    assert dialogue is not None
    dropped: Counter[str] = Counter()
    decided = dialogue.turns // dialogue.every
    asks = _fit(candidates, unit.count * decided, training, held_out, dropped)
    if len(asks) < decided:
        return [], dropped
    others = _fit(between, unit.count * (dialogue.turns - decided), training, held_out, dropped)
    rows: list[Probe] = []
    for number in range(unit.count):
        own = [asks[(number * decided + place) % len(asks)] for place in range(decided)]
        rest = others[number * (dialogue.turns - decided) : (number + 1) * (dialogue.turns - decided)]
        if len(rest) < dialogue.turns - decided:
            break
        messages = _messages(list(_in_turn(dialogue, iter(own), iter(rest))))
        if reason := trained_on(messages, training, held_out):
            dropped[reason] += 1
        elif all(row.messages != messages for row in rows):
            rows.append(_probe(unit, dialogue, messages, number))
    return rows, dropped


def source_between(unit: Unit) -> Unit:
    """The unit as it asks for the questions between."""
    assert unit.dialogue is not None
    # A seed of its own: what stands between is not what is decided.
    return unit.model_copy(update={"prompts": unit.dialogue.between, "seed": unit.seed ^ 1, "ask_check": "safe"})


def _fit(
    candidates: Candidates, wanted: int, training: Prompts, held_out: HeldOut, dropped: Counter[str]
) -> list[Candidate]:
    found: list[Candidate] = []
    while len(found) < wanted and (batch := candidates.take(CHUNK)):
        for candidate in batch:
            if len(candidate.conversation) > 1:
                dropped["more than a question"] += 1
            elif reason := trained_on(candidate.conversation, training, held_out):
                dropped[reason] += 1
            elif len(found) < wanted:
                found.append(candidate)
    return found


def _in_turn(dialogue: Dialogue, own: Iterator[Candidate], rest: Iterator[Candidate]) -> Iterator[str]:
    for turn in range(1, dialogue.turns + 1):
        yield next(rest if turn % dialogue.every else own).ask


def _messages(asks: list[str]) -> tuple[Message, ...]:
    turns = [(Message(role="user", content=ask), Message(role="assistant", content="")) for ask in asks]
    return tuple(message for pair in turns for message in pair)[:-1]


def _probe(unit: Unit, dialogue: Dialogue, messages: tuple[Message, ...], number: int) -> Probe:
    return Probe(
        id=f"{unit.id}-{number:04d}",
        clause_id=unit.clause_ids[0],
        messages=messages,
        context=unit.context,
        template="dialogue",
        checks=unit.checks,
        measures=unit.measures,
        aspect=unit.aspect,
        decides=tuple(range(dialogue.every, dialogue.turns + 1, dialogue.every)),
        unit=unit.id,
        spans=unit.spans,
    )
