"""Questions that a training is watched on: kept out of its rows before these are made, and no probes.

In: units with purpose `watch` and their candidates. Out: what they ask, for training rows to keep clear of; then, once
rows and probes are there, the rows of watch.jsonl, with those left out by reason. Questions of fact come last: a base
that holds no names out has them on the side of the probes, which take what they need first. This file must not know
how a training is watched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from backends.banks import right_answer
from backends.cached import CHUNK
from backends.engines import Conversation
from backends.generate.candidates import Candidate, Candidates
from backends.generate.disjoint import asks_of, trained_on
from backends.generate.sources import KNOWN
from backends.generate.split import HeldOut, Prompts
from compiler.records.recipe import Unit
from compiler.records.record import Message
from compiler.records.watch import WatchRow

PROBED = "asked by a probe, or nearly"


def kept_out(units: Sequence[Unit], of: Callable[[Unit], Candidates]) -> Prompts:
    """What the units of clauses ask, which no training row may ask."""
    found = Prompts()
    for unit in units:
        if unit.generator not in KNOWN:
            for candidate in of(unit).take(unit.count):
                for ask in asks_of(candidate.conversation):
                    found.add(ask)
    return found


def write_watched(
    unit: Unit, candidates: Candidates, training: Prompts, probes: Iterable[Conversation], held_out: HeldOut
) -> tuple[list[WatchRow], Counter[str]]:
    """The rows of one unit. A clause asks what was kept out for it, and no more; facts are drawn as they are needed."""
    probed = Prompts(ask for messages in probes for ask in asks_of(messages))
    rows: list[WatchRow] = []
    dropped: Counter[str] = Counter()
    number = 0
    while len(rows) < unit.count:
        batch = candidates.take(CHUNK if unit.generator in KNOWN else unit.count - number)
        if not batch:
            break
        for candidate in batch:
            if len(rows) == unit.count:
                break
            reason = trained_on(candidate.conversation, training, held_out)
            if reason is None and any(_is_probed(ask, probed, held_out) for ask in asks_of(candidate.conversation)):
                reason = PROBED
            if reason:
                dropped[reason] += 1
            else:
                rows.append(_row(unit, candidate, number))
            number += 1
    return rows, dropped


def _is_probed(ask: str, probed: Prompts, held_out: HeldOut) -> bool:
    # As with training rows: of a held-out thing, the same form is no obstacle.
    return probed.same(ask) if held_out.named_in(ask) else probed.near(ask)


def _row(unit: Unit, candidate: Candidate, number: int) -> WatchRow:
    system = [Message(role="system", content=unit.context)] if unit.context else []
    return WatchRow(
        id=f"{unit.id}-{number:04d}",
        clause_id=unit.clause_ids[0],
        messages=(*system, *candidate.conversation),
        checks=unit.checks,
        right=(right_answer(candidate.answer),) if candidate.answer is not None else (),
        aspect=unit.aspect,
        unit=unit.id,
        spans=unit.spans,
    )
