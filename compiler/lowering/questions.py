"""Where the questions of training rows may come from beside the recipe's own: the user's prompts, a writer's many.

In: units, the user's prompt files, and who writes questions. Out: the units with their sources filled in. A prompt that
names a clause is asked for that clause's rows alone; one that names none is asked wherever everyday questions are.
nano is asked for one question at a time, in the words that it has learned; any other writer for several, as
Self-Instruct does (Wang et al. 2023), with the clause's own questions shown. This file must not know rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.ir import Program
from compiler.records.recipe import OwnPrompts, PromptFile, PromptSource, Unit
from spec.document import ELISION

SEVERAL = 8
"""Questions that a writer is asked for at once."""
SHOTS = 6
"""Questions of the clause's own that a writer is shown at most, as in Self-Instruct."""
ASKED_FOR = ("kept", "pressure", "outside")
"""What a user's prompts about a clause are asked for: not for what must be answered beside it."""


def sourced(program: Program, units: Sequence[Unit], files: Sequence[PromptFile] = ()) -> tuple[Unit, ...]:
    return tuple(unit.model_copy(update={"prompts": _filled(program, unit, files)}) for unit in units)


def _filled(program: Program, unit: Unit, files: Sequence[PromptFile]) -> PromptSource:
    prompts = unit.prompts
    changed: dict[str, object] = {}
    if unit.is_trained and files:
        changed["own"] = _own(unit, files)
    if prompts.about and (program.model.teacher or program.model.base) != "nano":
        changed |= {"several": SEVERAL, "shots": _shots(program, unit)}
    return prompts.model_copy(update=changed) if changed else prompts


def _own(unit: Unit, files: Sequence[PromptFile]) -> tuple[OwnPrompts, ...]:
    found: list[OwnPrompts] = []
    if unit.generator == "examples":
        return ()
    prompts = unit.prompts
    if unit.aspect in ASKED_FOR and any(file.by_clause.get(unit.clause_ids[0]) for file in files):
        found.append("clause")
    if prompts.bank and not prompts.kinds and any(file.everyday for file in files):
        found.append("everyday")
    return tuple(found)


def _shots(program: Program, unit: Unit) -> tuple[str, ...]:
    """What the unit's clause itself asks: its `asks`, then its examples. Of what is to be told apart, nothing."""
    if unit.aspect in ("safe", "everyday"):
        return tuple(given[-1].content for given in unit.prompts.given)[:SHOTS]
    clause = next((c for c in program.clauses if c.id == unit.clause_ids[0]), None)
    if clause is None:
        return ()
    asked = [*getattr(clause.body, "asks", ()), *(e.turns[-1].text for e in clause.examples if e.turns)]
    return tuple(dict.fromkeys(text for text in asked if ELISION not in text))[:SHOTS]
