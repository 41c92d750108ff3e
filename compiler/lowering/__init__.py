"""Lowerings, one file each: a program becomes files under `build/<spec>/`. Each docstring shows spec and result.

In: a program and facts. Out: artifacts. `LOWERINGS` are independent of each other; `emit` runs them, then the source
map and the lock, which are made of what the others gave. To add one: write `compiler/lowering/<name>.py` with a
`lower(program, facts)` and put it into the tuple. This file must not write files.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from compiler import ir_file
from compiler.artifact import Artifact
from compiler.facts import Facts
from compiler.ir import Program
from compiler.lowering import filters, jobs, lock, prompt, recipe, trace

Lowering = Callable[[Program, Facts], tuple[Artifact, ...]]

LOWERINGS: tuple[Lowering, ...] = (
    lambda program, facts: (prompt.lower(program),),
    lambda program, facts: (filters.lower(program),),
    lambda program, facts: (recipe.lower(program, facts.data, facts),),  # asks for pairs and probes
    lambda program, facts: jobs.lower(program, facts),
)


def emit(program: Program, facts: Facts) -> tuple[Artifact, ...]:
    """Return every file of the build that needs no model."""
    made = [artifact for lower in LOWERINGS for artifact in lower(program, facts)]
    sources = json.dumps({"version": 1, "files": dict(facts.sources)}, ensure_ascii=False, indent=1) + "\n"
    return (
        Artifact("ir.json", ir_file.dumps(program)),
        Artifact("sources.json", sources),
        *made,
        trace.lower(program, made),
        lock.lower(program, facts, made),
    )
