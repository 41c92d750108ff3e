"""Asking a served model the probes of a build, a few at a time.

In: a build's probes with the checks that text alone decides, a server, the number of the round. Out: for each clause,
whether each answer kept it. Each round draws anew, with replacement, from the clause's own probes: given all rounds
before, an answer keeps the clause with just the share that the served model keeps over these probes, also where the
model answers the same each time. Nothing is cached, since it is the answer of now that counts. This file must not know
alarms.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backends import bases, engines
from backends.engines import Engine
from backends.measure.answering import ANSWERS
from backends.measure.arms import seen, waiting
from backends.recipes import prompt_of, read_probes, read_recipe
from compiler.checks import evaluate_all
from compiler.ir import Program
from compiler.monitoring.clauses import plain
from compiler.records.checks import Check
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.tallies import decided_by


@dataclass(frozen=True, slots=True)
class Question:
    probe: Probe
    checks: tuple[Check, ...]


def questions(build: Path, program: Program) -> dict[str, tuple[Question, ...]]:
    """Return, for each clause that text decides, the probes that its rate counts and that are one question each.

    Raises:
        DataError: the build has no probes, or cannot be read.
    """
    probes = [p for p in read_probes(build) if waiting(p.messages) is None]
    further = read_recipe(build).measures
    found = {}
    for clause in program.clauses:
        counted = decided_by(clause.id, probes).get("rate", ())
        own = [Question(p, p.checks if p.clause_id == clause.id else further.get(clause.id, ())) for p in counted]
        if asked := tuple(question for question in own if plain(question.checks)):
            found[clause.id] = asked
    return found


def drawn(pool: Sequence[Question], clause_id: str, number: int, count: int) -> list[Question]:
    """Return the questions of one round, drawn with replacement; the same for the same round."""
    return random.Random(f"monitor/{clause_id}/{number}").choices(pool, k=count)


def server(name: str) -> Engine:
    """Return the engine of a served model.

    Raises:
        ModelLoadError: the name leads to no server.
    """
    return engines.load(bases.resolve_role(name))


def ask(
    engine: Engine, build: Path, pools: Mapping[str, Sequence[Question]], number: int, count: int, *, prompt: bool
) -> dict[str, list[bool]]:
    """Ask one round; return for each clause whether each answer kept it. What is too long to be read is left out.

    Args:
        prompt: send the compiled prompt as the system message.

    Raises:
        NetworkError: the server does not answer.
    """
    arm: Arm = "prompt" if prompt else "base"
    text = prompt_of(build) if prompt else ""
    outcomes: dict[str, list[bool]] = {}
    for clause_id, pool in pools.items():
        own = drawn(pool, clause_id, number, count)
        # A question that is drawn twice is asked twice: a model that samples may answer otherwise.
        answers = engine.answers([seen(question.probe, arm, text) for question in own], ANSWERS)
        outcomes[clause_id] = [
            kept
            for question, answer in zip(own, answers, strict=True)
            if answer and (kept := evaluate_all(question.checks, answer)) is not None
        ]
    return outcomes
