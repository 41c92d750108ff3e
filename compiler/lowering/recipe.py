"""The units of pairs and probes -> `recipe.json`, which an engine follows.

In: a program and what is known of the user's data files. Out: the file, with a mark for each unit. A unit is written on
one line, so that a diff of two recipes shows the units that changed.

>>> from compiler.build import from_text
>>> artifact = lower(from_text('trait pirate { means: "Talk like a pirate." }'))
>>> artifact.path, artifact.marks[0].place, artifact.marks[0].clause_ids
('recipe.json', 'trait.pirate/distill', ('trait.pirate',))
"""

from __future__ import annotations

import json
from typing import Any

from compiler.artifact import Artifact, Mark
from compiler.deciding import deciding_checks
from compiler.facets import facets, is_facet
from compiler.facts import Facts
from compiler.ir import Program
from compiler.lowering import mixture, pairs, probes, questions, watch
from compiler.records.checks import Check
from compiler.records.recipe import DataFile, PromptFile, Recipe
from compiler.stages import USUAL


def lower(program: Program, data: tuple[DataFile, ...] = (), facts: Facts | None = None) -> Artifact:
    return artifact(pinned(make(program, data), facts or Facts()))


def artifact(recipe: Recipe) -> Artifact:
    marks = tuple(Mark(unit.id, unit.clause_ids) for unit in recipe.units)
    return Artifact("recipe.json", written(recipe), marks)


def make(
    program: Program,
    data: tuple[DataFile, ...] = (),
    prompts: tuple[PromptFile, ...] = (),
    taught: Program | None = None,
) -> Recipe:
    """taught: what training rows are made from, where that is another program."""
    taught = taught or program
    trained = questions.sourced(taught, (*pairs.lower(taught), *pairs.chats(taught)), prompts)
    trained, shares = mixture.mixed(taught, trained, prompts)
    units = (*trained, *questions.sourced(program, probes.lower(program)), *watch.units(taught, trained))
    measured = dict.fromkeys(clause_id for unit in units for clause_id in unit.measures)
    return Recipe(
        base=program.model.base,
        revision=program.model.revision,
        chat_template=program.model.chat_template,
        teacher=program.model.teacher,
        judge=program.model.judge,
        method=program.train.method or USUAL,
        chosen=program.train.chosen,
        units=units,
        measures={name: _checks(program, name) for name in measured},
        data=data,
        prompts=prompts,
        mixture=shares,
        embedder=program.model.embedder,
    )


def _checks(program: Program, name: str) -> tuple[Check, ...]:
    """The checks of a clause, or of a facet of one."""
    clause = program.clause(name.partition("/")[0])
    return facets(clause)[name] if is_facet(name) else deciding_checks(clause)


def pinned(recipe: Recipe, facts: Facts) -> Recipe:
    """Return the recipe with the commits that were found, so that every later stage takes the same models."""
    teacher, judge = facts.teacher, facts.judge
    return recipe.model_copy(
        update={
            "revision": facts.base.revision or recipe.revision,
            "teacher_revision": teacher.revision if teacher else None,
            "judge_revision": judge.revision if judge else None,
        }
    )


def written(recipe: Recipe) -> str:
    """Return the recipe as JSON with one unit a line."""
    whole = lean(recipe.model_dump(mode="json"))
    units = ",\n".join("  " + json.dumps(unit, ensure_ascii=False) for unit in whole.pop("units", []))
    head = json.dumps({**whole, "units": []}, ensure_ascii=False, indent=1)
    return head.replace('"units": []', f'"units": [\n{units}\n ]') + "\n"


def lean(value: Any) -> Any:
    """Leave out what says nothing (None, empty texts and lists, switches that are off); reading fills it in."""
    if isinstance(value, dict):
        return {
            k: lean(v) for k, v in value.items() if v not in (None, "", [], {}) and (v is not False or k == "present")
        }
    return [lean(item) for item in value] if isinstance(value, list) else value
