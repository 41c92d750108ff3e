"""Lowerings, one file each: a program becomes files under `build/<spec>/`. Each docstring shows spec and result.

In: a program and facts. Out: artifacts. `LOWERINGS` are independent of each other; `emit` runs them, then the source
map and the lock, which are made of what the others gave. To add one: write `compiler/lowering/<name>.py` with a
`lower(program, facts)` (or one that reads the recipe) and put it into the tuple. This file must not write files.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from compiler import ir_file
from compiler.artifact import Artifact
from compiler.facts import Facts
from compiler.ir import Program
from compiler.lowering import filters, jobs, lock, prompt, recipe, trace
from compiler.records.recipe import Recipe

Lowering = Callable[[Program, Facts, Recipe], tuple[Artifact, ...]]

LOWERINGS: tuple[Lowering, ...] = (
    lambda program, facts, asked: (prompt.lower(program),),
    lambda program, facts, asked: (filters.lower(program),),
    lambda program, facts, asked: (recipe.artifact(asked),),  # asks for pairs and probes
    lambda program, facts, asked: jobs.lower(program, facts, asked),
)


def emit(program: Program, facts: Facts) -> tuple[Artifact, ...]:
    """Return every file of the build that needs no model."""
    # The units are what costs time in a long spec, so they are made once.
    asked = recipe.pinned(recipe.make(program, facts.data, facts.prompts), facts)
    made = [artifact for lower in LOWERINGS for artifact in lower(program, facts, asked)]
    sources = json.dumps({"version": 1, "files": dict(facts.sources)}, ensure_ascii=False, indent=1) + "\n"
    return (
        Artifact("ir.json", ir_file.dumps(program)),
        Artifact("sources.json", sources),
        *made,
        trace.lower(program, made),
        lock.lower(program, facts, made, asked),
    )
