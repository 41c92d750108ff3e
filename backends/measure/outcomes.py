"""From what an arm said to a measurement: which answers are held against which checks, and what came of it.

In: a probe, what an arm said, the checks of clauses that ride along. Out: cases to be decided, and from the decisions
the measurement. Of a dialogue every turn is a case: the probe's own clause on the turns that ask about it, the clauses
that ride along on all. This file must not know who decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from backends.deciding import Case, Decision
from backends.measure.arms import Said
from compiler.records.checks import Check
from compiler.records.measured import Measurement
from compiler.records.recipe import Recipe
from compiler.records.record import Arm
from compiler.records.rows import Probe

Further = Mapping[str, tuple[Check, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A case, the clause that it decides, and the turn of the user's (from 1) that it answers."""

    clause_id: str
    turn: int
    case: Case


def further_checks(probe: Probe, recipe: Recipe) -> Further:
    """Return the clauses beside the probe's own that decide on the same answer, with their checks."""
    return {c: recipe.measures[c] for c in probe.measures if c in recipe.measures and c != probe.clause_id}


def asked(probe: Probe, said: Said, further: Further) -> list[Asked]:
    """Return what has to be decided; nothing of a turn that has no answer."""
    turns = list(_turns(probe, said))
    found: list[Asked] = []
    for turn, question, answer in turns if probe.decides else turns[-1:]:
        if answer is None:
            # Nothing was said, so nothing can be held against it: an empty answer would keep every forbid.
            continue
        if not probe.decides or turn in probe.decides:
            found.append(Asked(probe.clause_id, turn, Case(question, answer, probe.checks)))
        found += [Asked(clause_id, turn, Case(question, answer, checks)) for clause_id, checks in further.items()]
    return found


def measurement(
    probe: Probe, arm: Arm, said: Said, further: Further, found: Sequence[tuple[Asked, Decision]]
) -> Measurement:
    """Return the measurement of one probe; a clause that is undecided on all of its turns is None."""
    kept = {(one.clause_id, one.turn): decision.kept for one, decision in found}
    clauses = (probe.clause_id, *further)
    count = sum(message.role == "user" for message in probe.messages)
    turns = {clause_id: tuple(kept.get((clause_id, turn)) for turn in range(1, count + 1)) for clause_id in clauses}
    first = next((decision for one, decision in found if one.clause_id == probe.clause_id), None)
    return Measurement(
        probe_id=probe.id,
        arm=arm,
        answer=said.answer or "",
        held={clause_id: _all(turns[clause_id]) for clause_id in clauses},
        judge_yes=first.judge_yes if first and not probe.decides else None,
        said=tuple(text or "" for text in said.before),
        turns=turns if probe.decides else {},
    )


def _all(turns: Sequence[bool | None]) -> bool | None:
    """Whether every decided turn kept it; None where none was decided."""
    if False in turns:
        return False
    return True if True in turns else None


def _turns(probe: Probe, said: Said) -> Iterator[tuple[int, str, str | None]]:
    """(turn, what the user said, what the arm answered) for each turn that the arm answers; the last one is
    `Said.answer`."""
    answers = iter((*said.before, said.answer))
    turn, question = 0, ""
    for place, message in enumerate(probe.messages):
        if message.role == "user":
            turn, question = turn + 1, message.content
        last = place == len(probe.messages) - 1
        if last or (message.role == "assistant" and not message.content):
            yield turn, question, next(answers)
