"""Which rows give directions and which choose: pairs.jsonl, sorted by steering.json.

In: a plan, the pairs of a build, its probes, the base's bank. Out: `Rows`. A row is drawn to one side by a hash of what
it asks, so that no question that chooses has given a direction, or nearly, of whatever clause. None is near a probe,
since no training row is, and questions of fact are held against the probes here. This file must not know models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from backends import banks
from backends.bases import Base
from backends.engines import Conversation
from backends.generate.candidates import ask_of
from backends.generate.disjoint import asks_of
from backends.generate.split import HeldOut, Prompts, normal
from compiler.failures import DataError
from compiler.records.checks import Check
from compiler.records.record import Message
from compiler.records.rows import PreferencePair, Probe
from compiler.records.steering import ContrastUnit, SteeringPlan, Use

FEWEST = 4
"""Pairs that give a direction, and questions that choose: of fewer, chance is most of what is seen."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of a row, chosen first: what it asks, behind the side's own system message, and the answer."""

    sides: tuple[tuple[Conversation, str], tuple[Conversation, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that chooses, and what an answer to it passes."""

    conversation: Conversation
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """By clause: pairs that give a direction, and questions that choose. safe: what must still be answered. facts:
    questions with a known answer. left_out: clauses without enough of either, with the reason."""

    pairs: dict[str, list[Pair]] = field(default_factory=dict)
    choosing: dict[str, list[Asked]] = field(default_factory=dict)
    safe: list[Asked] = field(default_factory=list)
    facts: list[Asked] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def read_plan(build: Path) -> SteeringPlan:
    """Return steering.json.

    Raises:
        DataError: there is none, or it cannot be read.
    """
    path = build / "steering.json"
    try:
        return SteeringPlan.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{path} is not there: no clause of the spec can be steered, or the build is of an earlier version",
            help="build the spec again: tenet build SPEC",
        ) from None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(f"{path} cannot be read: {error}", help="build the spec again: tenet build SPEC") from error


def read_pairs(build: Path) -> list[PreferencePair]:
    """Return the pairs of a build.

    Raises:
        DataError: they are missing or cannot be read.
    """
    path = build / "pairs.jsonl"
    try:
        with path.open(encoding="utf-8") as lines:
            return [PreferencePair.model_validate_json(line) for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(f"{path} cannot be read: {error}", help="build the spec first: tenet build SPEC") from error


def sort_rows(plan: SteeringPlan, pairs: Sequence[PreferencePair], probes: Iterable[Probe], base: Base) -> Rows:
    by_unit: dict[str, list[PreferencePair]] = {}
    for row in pairs:
        by_unit.setdefault(row.unit, []).append(row)
    found = Rows()
    directing = Prompts(
        ask_of(row.prompt)
        for contrast in plan.contrasts
        for unit in contrast.units
        if unit.use == "direction"
        for row in by_unit.get(unit.unit, ())
        if not _chooses(row, plan)
    )
    for contrast in plan.contrasts:
        given: list[Pair] = []
        choosing: dict[Use, list[Asked]] = {"direction": [], "pushed": [], "safe": []}
        for unit in contrast.units:
            for row in by_unit.get(unit.unit, ()):
                if _chooses(row, plan):
                    if not directing.near(ask_of(row.prompt)):
                        choosing[unit.use].append(Asked(row.prompt, unit.checks))
                elif unit.use == "direction":
                    given.append(_pair(row, unit))
        found.safe.extend(choosing.pop("safe"))
        own = [asked for some in choosing.values() for asked in drawn(some, plan)]
        if min(len(given), len(own)) < FEWEST:
            found.left_out[contrast.clause_id] = (
                f"{len(given)} pairs to read a direction from and {len(own)} questions to choose by: "
                f"at least {FEWEST} of each are needed"
            )
            continue
        found.pairs[contrast.clause_id], found.choosing[contrast.clause_id] = given, own
    found.safe[:] = drawn(found.safe, plan)
    found.facts[:] = _facts(plan, probes, base)
    return found


def drawn(some: Sequence[Asked], plan: SteeringPlan) -> list[Asked]:
    """At most `most` different questions, by a hash of what they ask."""
    different = {asked.conversation: asked for asked in some}
    return sorted(different.values(), key=lambda asked: _hash(ask_of(asked.conversation), plan.seed))[: plan.most]


def _facts(plan: SteeringPlan, probes: Iterable[Probe], base: Base) -> list[Asked]:
    held_out = HeldOut.of(banks.held_out(base))
    measured = Prompts(ask for probe in probes for ask in asks_of(probe.messages))
    known = [
        Asked((Message(role="user", content=row.prompt),), (banks.right_answer(row.answer),))
        for row in banks.bank(base)
        if row.answer is not None and row.safe and not row.heldout and not held_out.for_probes(row.prompt)
    ]
    known.sort(key=lambda asked: _hash(asked.conversation[-1].content, plan.seed))
    found: list[Asked] = []
    for asked in known:
        if len(found) == plan.facts:
            break
        if not measured.near(asked.conversation[-1].content):
            found.append(asked)
    return found


def _pair(row: PreferencePair, unit: ContrastUnit) -> Pair:
    chosen = _behind(unit.toward, row.prompt), row.chosen[0].content
    rejected = _behind(unit.away, row.prompt), row.rejected[0].content
    return Pair((chosen, rejected))


def _behind(system: str | None, prompt: Conversation) -> Conversation:
    if system is None:
        return prompt
    return (Message(role="system", content=system), *(m for m in prompt if m.role != "system"))


def _chooses(row: PreferencePair, plan: SteeringPlan) -> bool:
    return _hash(ask_of(row.prompt), plan.seed) < plan.held_back


def _hash(ask: str, seed: int) -> float:
    """A number from 0 to 1 that the words of a question alone decide."""
    return int.from_bytes(hashlib.sha256(f"steer {seed} {normal(ask)}".encode()).digest()[:6], "big") / 2.0**48
