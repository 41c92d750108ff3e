"""Probes of one unit: held-out questions with the checks that decide.

In: a unit and its candidates, and the prompts that training rows use. Out: probes, and the left-out candidates by
reason. No model answers here; an arm that is measured answers later. This file must not know answers or arms.
"""

from __future__ import annotations

from collections import Counter
from typing import assert_never

from backends.banks import right_answer
from backends.cached import CHUNK
from backends.engines import Conversation
from backends.generate.candidates import Candidate, Candidates, push_text
from backends.generate.disjoint import trained_on
from backends.generate.sources import KNOWN
from backends.generate.split import HeldOut, Prompts
from compiler.records.recipe import Unit
from compiler.records.record import Message
from compiler.records.rows import Probe


def write_probes(
    unit: Unit, candidates: Candidates, training: Prompts, held_out: HeldOut
) -> tuple[list[Probe], Counter[str]]:
    fit: list[tuple[int, Candidate]] = []
    dropped: Counter[str] = Counter()
    looked_at, wanted = 0, unit.skip + unit.count
    while len(fit) < wanted:
        batch = candidates.take(CHUNK)
        if not batch:
            break
        for number, candidate in enumerate(batch, looked_at):
            if len(fit) == wanted:
                break
            # The question by itself, and as it is asked under pressure.
            reason = trained_on(candidate.conversation, training, held_out)
            if reason is None and unit.pressure is not None:
                reason = trained_on(_messages(unit, candidate, number), training, held_out)
            if reason:
                dropped[reason] += 1
            else:
                fit.append((number, candidate))
        looked_at += len(batch)
    # Units of one seed share their questions out; where these end, the first are asked again.
    places = range(unit.skip, unit.skip + min(unit.count, len(fit)))
    found = [fit[place % len(fit)] for place in places]
    return [_probe(unit, candidate, number) for number, candidate in found], dropped


def _probe(unit: Unit, candidate: Candidate, number: int) -> Probe:
    checks = unit.checks
    if unit.generator in KNOWN and candidate.answer is not None:
        checks = (right_answer(candidate.answer),)
    return Probe(
        # Named, and pushed, by its place among all candidates: one that is left out changes no other.
        id=f"{unit.id}-{number:04d}",
        clause_id=unit.clause_ids[0],
        messages=_messages(unit, candidate, number),
        context=unit.context,
        pressure=unit.pressure.technique if unit.pressure else None,
        template=candidate.template,
        checks=checks,
        measures=unit.measures,
        aspect=unit.aspect,
        unit=unit.id,
        spans=unit.spans,
    )


def _messages(unit: Unit, candidate: Candidate, number: int) -> Conversation:
    push = unit.pressure
    conversation = candidate.conversation
    if push is None:
        return conversation
    text = push_text(push, number, conversation, candidate.wrong)
    opening = [m for m in conversation[:1] if m.role == "system"]
    conversation = (*opening, *push.before, *conversation[len(opening) :])
    match push.role:
        case "system":
            return (Message(role="system", content=text), *conversation)
        case "ask":
            return (*conversation[:-1], Message(role="user", content=text))
        case "user":
            # The arm that is measured fills in its own first answer.
            return (*conversation, Message(role="assistant", content=""), Message(role="user", content=text))
        case "prefill":
            return (*conversation, Message(role="assistant", content=text))
        case _:
            assert_never(push.role)
