"""Lowerings, one file each: a program becomes files under `build/<spec>/`. Each docstring shows spec and result.

In: a program and facts. Out: artifacts. `LOWERINGS` are independent of each other; `emit` runs them, then the source
map and the lock, which are made of what the others gave. To add one: write `compiler/lowering/<name>.py` with a
`lower(program, facts)` (or one that reads the recipe) and put it into the tuple. This file must not write files.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from compiler import choosing, ir_file, struck
from compiler.artifact import Artifact
from compiler.facts import Facts
from compiler.ir import Program
from compiler.lowering import filters, guard, jobs, lock, prompt, recipe, rewards, steering, trace, watch
from compiler.records.recipe import Recipe

Lowering = Callable[[Program, Facts, Recipe, Program], tuple[Artifact, ...]]
"""Of the program, the facts, the recipe, and the program that rows are made from."""

LOWERINGS: tuple[Lowering, ...] = (
    lambda program, facts, asked, taught: (prompt.lower(program),),
    lambda program, facts, asked, taught: (filters.lower(taught),),
    lambda program, facts, asked, taught: guard.lower(program),
    lambda program, facts, asked, taught: (recipe.artifact(asked),),  # asks for pairs and probes
    lambda program, facts, asked, taught: jobs.lower(program, facts, asked),
    lambda program, facts, asked, taught: rewards.lower(taught, asked),
    lambda program, facts, asked, taught: watch.lower(program, facts, asked),
    lambda program, facts, asked, taught: steering.lower(taught, asked),
)


def emit(program: Program, facts: Facts, taught: Program | None = None) -> tuple[Artifact, ...]:
    """Return every file of the build that needs no model.

    Args:
        taught: what training rows are made from, and held to, where that is another program (`leaving_out.py`).
    """
    taught = taught or program
    # The units are what costs time in a long spec, so they are made once.
    asked = recipe.pinned(recipe.make(program, facts.data, facts.prompts, taught), facts)
    if program.train.method == "auto":
        program, taught = (choosing.settled(each, facts, asked) for each in (program, taught))
        asked = asked.model_copy(update={"method": program.train.method, "chosen": program.train.chosen})
    made = [artifact for lower in LOWERINGS for artifact in lower(program, facts, asked, taught)]
    made += struck.artifacts(facts.struck)
    sources = json.dumps({"version": 1, "files": dict(facts.sources)}, ensure_ascii=False, indent=1) + "\n"
    return (
        Artifact("ir.json", ir_file.dumps(program)),
        Artifact("sources.json", sources),
        *made,
        trace.lower(program, made),
        lock.lower(program, facts, made, asked),
    )
