"""Everything that was emitted -> `trace.json`: which place in which file leads back to which clause and line.

In: a program and the artifacts of the other lowerings. Out: the source map. Rows that an engine writes later lead back
through the clause ids and spans that they carry themselves, and through their unit's place in recipe.json.

>>> from compiler.build import from_text
>>> from compiler.lowering import prompt
>>> program = from_text('trait pirate { means: "Talk like a pirate." }')
>>> import json; json.loads(lower(program, [prompt.lower(program)]).text)["files"]
{'prompt.md': {'1': ['trait.pirate'], '2': ['trait.pirate']}}
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from compiler.artifact import Artifact
from compiler.generators.controls import CONTROLS
from compiler.ir import Program

VERSION = 1
# Places that no clause caused but a statement of the spec, or the compiler itself.
STATEMENTS = ("model", "train", "facts", *CONTROLS)


def lower(program: Program, artifacts: Iterable[Artifact]) -> Artifact:
    causes: dict[str, dict[str, Any]] = {
        clause.id: {"at": str(clause.span), "fields": {name: str(span) for name, span in clause.field_spans}}
        for clause in program.clauses
    }
    causes["model"] = {"at": str(program.model.span) if program.model.span.path else None}
    causes["train"] = {"at": str(program.train.span) if program.train.span.path else None}
    # Controls show what training cost; the compiler adds them to every spec.
    causes |= {name: {"at": None} for name in ("facts", *CONTROLS)}
    files = {a.path: {mark.place: list(mark.clause_ids) for mark in a.marks} for a in artifacts if a.marks}
    whole = {"version": VERSION, "causes": causes, "files": files}
    return Artifact("trace.json", json.dumps(whole, ensure_ascii=False, indent=1) + "\n")
