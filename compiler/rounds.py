"""Which probes are asked together, and which next: the plan of a sequential measuring.

In: a build's probes, and which verdicts are open. Out: streams of probes in rounds, and the rounds that
unsettled verdicts need next. The order is drawn by hash, so that the probes asked before a stop are a sample of their
clause's, and depends on the probe file alone: the same probes in the same rounds, whatever was asked before. This file
must not know how a probe is answered.

A *unit* is what counts as one outcome. Prompts of one template resemble each other: where a stream has
`FEWEST_CLUSTERS` templates or more, they are a sample of templates, each is one unit, and it is asked whole. A stream
with fewer names its topics itself, and its prompts are the units. Which of the two holds is read from the probes and
never from the answers.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from compiler.records.figures import Figure
from compiler.records.recipe import Unit as RecipeUnit
from compiler.records.rows import Probe
from compiler.statistics import FEWEST_CLUSTERS
from compiler.tallies import decided_by

FIRST = 12
"""Probes in a stream's first rounds: all kept, 36 settle a hard clause at 90% and 44 another."""
GROWTH = 2
"""A later round adds one part in this many of what was asked."""

WHOLE = ("dialogue", "reworded", "control")
"""Aspects that no verdict counts and metrics do, which have no stopping rule."""

Unit = tuple[Probe, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """A clause's own probes for one figure, in rounds; each round is one batch for every arm.

    figure: `other` where no figure of the clause itself counts them: they are asked for the clauses that ride along.
    """

    clause_id: str
    figure: Figure | None
    rounds: tuple[tuple[Probe, ...], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """always: probes of no clause (facts), which a test of equivalence needs whole, and those of aspects that metrics
    count. units: probe id -> its unit."""

    streams: tuple[Stream, ...]
    always: tuple[Probe, ...]
    units: Mapping[str, Hashable]

    @property
    def fixed(self) -> tuple[Probe, ...]:
        """What is asked whatever the answers are: each stream's first round, and `always`. Whatever has no stopping
        rule of its own (side effects) may count these, and no others."""
        return (*(probe for s in self.streams if s.figure for probe in s.rounds[0]), *self.always)


def plan(clause_ids: Sequence[str], probes: Sequence[Probe], seed: int = 0) -> Plan:
    """Return the plan of a probe file. clause_ids: of the program, the one with the most authority first."""
    streams: list[Stream] = []
    units: dict[str, Hashable] = {}
    for clause_id in clause_ids:
        own = [probe for probe in probes if probe.clause_id == clause_id and probe.aspect not in WHOLE]
        counted = decided_by(clause_id, own)
        placed = {probe.id for found in counted.values() for probe in found}
        groups: list[tuple[Figure | None, Sequence[Probe]]] = [*counted.items()]
        groups.append((None, [probe for probe in own if probe.id not in placed]))
        for figure, group in groups:
            found = _units(group, f"{seed}/{clause_id}/{figure}")
            units |= {probe.id: (clause_id, figure, name) for name, unit in found for probe in unit}
            if found:
                streams.append(Stream(clause_id, figure, tuple(_rounds([unit for _, unit in found]))))
    known = set(clause_ids)
    always = tuple(probe for probe in probes if probe.clause_id not in known or probe.aspect in WHOLE)
    # What rides along on them counts each template once too.
    units |= {probe.id: (None, name) for name, unit in _units(always, str(seed)) for probe in unit}
    return Plan(tuple(streams), always, units)


def _units(probes: Sequence[Probe], salt: str) -> list[tuple[str, Unit]]:
    by_template: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        by_template[probe.template or probe.id].append(probe)
    if len(by_template) < FEWEST_CLUSTERS:
        by_template = {probe.id: [probe] for probe in probes}
    found = [(name, tuple(unit)) for name, unit in by_template.items()]
    return sorted(found, key=lambda item: hashlib.sha256(f"{salt}/{item[0]}".encode()).digest())


def _rounds(units: Iterable[Unit]) -> Iterator[tuple[Probe, ...]]:
    asked, now = 0, list[Probe]()
    for unit in units:
        now += unit
        if len(now) >= max(FIRST, asked // GROWTH):
            yield tuple(now)
            asked, now = asked + len(now), []
    if now:
        yield tuple(now)


def fewest(clause_ids: Iterable[str], units: Iterable[RecipeUnit]) -> int:
    """Return how many probes a sequential measuring asks at least, read from a recipe: each stream's first round, and
    what is asked whatever the answers are. It may be more, since a template is asked whole."""
    known, probes = set(clause_ids), [unit for unit in units if unit.purpose == "probes"]
    alike = {unit.clause_ids[0] for unit in probes if unit.aspect == "safe"}
    always, streams = 0, Counter[tuple[str, str]]()
    for unit in probes:
        owner = unit.clause_ids[0]
        if owner not in known or unit.aspect in WHOLE:
            always += unit.count
        elif unit.aspect != "everyday":
            streams[owner, unit.aspect if unit.aspect in ("pressure", "safe") else "rate"] += unit.count
        elif owner not in alike:
            # Where there are look-alikes, no figure of the clause counts everyday requests.
            streams[owner, "safe"] += unit.count
    return always + sum(min(count, FIRST) for count in streams.values())


def looks(total: int) -> list[int]:
    """Return after how many of a stream's prompts its verdict is looked at, where each prompt is a unit.

    >>> looks(60)
    [12, 24, 36, 54, 60]
    """
    found: list[int] = []
    while not found or found[-1] < total:
        asked = found[-1] if found else 0
        found.append(min(total, asked + max(FIRST, asked // GROWTH)))
    return found


def at_most(plan: Plan, number: int) -> set[str]:
    """Return the ids of the first `number` probes of each figure, and of as many of those that are of no clause."""
    groups = [[probe for part in stream.rounds for probe in part] for stream in plan.streams if stream.figure]
    return {probe.id for group in (*groups, plan.always) for probe in group[:number]}


# ------------------------------------------------------------------ what to ask next


class Unsettled(NamedTuple):
    """A figure of a clause whose verdict is unclear. there: which part of the evidence for one it has, 1 for all."""

    clause_id: str
    figure: Figure
    there: float


def wanted(plan: Plan, done: Mapping[Stream, int], unsettled: Iterable[Unsettled]) -> list[Stream]:
    """Return the streams whose next round an unsettled verdict needs, the verdict that is furthest from settled first.

    Args:
        done: how many rounds of each stream were asked.
    """
    left = [stream for stream in plan.streams if done.get(stream, 0) < len(stream.rounds)]
    found: list[Stream] = []
    for one in sorted(unsettled, key=lambda one: one.there):
        own = [s for s in left if s.clause_id == one.clause_id and s.figure == one.figure]
        stream = own[0] if own else _ridden(one.clause_id, left, done) if one.figure == "rate" else None
        if stream is not None and stream not in found:
            found.append(stream)
    return found


def _ridden(clause_id: str, left: Sequence[Stream], done: Mapping[Stream, int]) -> Stream | None:
    """The stream whose next round tells most of a clause that rides along on it; the first of equals."""

    def told(stream: Stream) -> int:
        return sum(clause_id in probe.measures for probe in stream.rounds[done.get(stream, 0)])

    return max((stream for stream in left if told(stream)), key=told, default=None)
