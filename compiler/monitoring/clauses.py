"""Which clauses any answer decides, and how: what a monitor can watch without asking anybody.

In: a build's program and recipe. Out: clause id -> checks, for clauses that always apply and that text alone decides,
and a watch for each. A clause that a judge decides is left out: no judge is calibrated on conversations that nobody
has labelled. This file must not know logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compiler.checks import evaluate_all
from compiler.ir import Program
from compiler.monitoring.watch import Watch
from compiler.records.checks import Check, JudgeCheck
from compiler.records.recipe import Recipe


def always_on(program: Program, recipe: Recipe) -> dict[str, tuple[Check, ...]]:
    """The checks of each clause that every answer decides by its text."""
    known = {clause.id for clause in program.clauses}
    return {clause_id: checks for clause_id, checks in recipe.measures.items() if clause_id in known and plain(checks)}


def plain(checks: Iterable[Check]) -> bool:
    """Whether text alone decides, and something is to be decided."""
    checks = tuple(checks)
    return bool(checks) and not any(isinstance(check, JudgeCheck) for check in checks)


def watches(program: Program, clause_ids: Iterable[str]) -> dict[str, Watch]:
    found = {}
    for clause_id in clause_ids:
        clause = program.clause(clause_id)
        found[clause_id] = Watch(
            clause_id=clause_id,
            comparison=clause.target.comparison,
            target=clause.target.share,
            digest=clause.digest,
        )
    return found


def kept_by(answers: Iterable[str], checks: Mapping[str, tuple[Check, ...]]) -> dict[str, bool]:
    """Whether a conversation keeps each clause: all of its answers do. Answers of one conversation resemble each other,
    so that it counts once."""
    said = tuple(answers)
    return {clause_id: all(evaluate_all(own, answer) for answer in said) for clause_id, own in checks.items()}
