"""What a spec compiles to, as far as an editor shows it: findings of the passes, prompt lines, rows and probes.

In: a checked document, and the texts that it was read from. Out: `Compiled`. It takes a multiple of a check's time, so
the server makes it when typing pauses, in a thread: it must not touch anything that changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from compiler.build import to_program
from compiler.ir import Program
from spec.diagnostics import Diagnostic
from spec.document import Document


@dataclass(frozen=True, slots=True)
class Counts:
    """How many probes and training rows the recipe asks for that name a clause."""

    probes: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """program: None where a pass found an error. lines: of the prompt, by clause. texts: what the files held."""

    document: Document
    texts: Mapping[Path, str]
    diagnostics: tuple[Diagnostic, ...]
    program: Program | None = None
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counts: Mapping[str, Counts] = field(default_factory=dict)


def compiled(document: Document, texts: Mapping[Path, str]) -> Compiled:
    """Run the passes, the prompt and the recipe over a document."""
    from compiler.lowering.recipe import make
    from compiler.rendering import render

    program, found = to_program(document)
    if any(d.severity == "error" for d in found):
        return Compiled(document, texts, found)
    lines: dict[str, list[str]] = defaultdict(list)
    for line in render(program):
        # A line that all clauses cause, such as a title, says nothing of one.
        for clause_id in line.clause_ids if line.text.startswith("- ") or len(line.clause_ids) == 1 else ():
            lines[clause_id].append(line.text)
    probes: dict[str, int] = defaultdict(int)
    pairs: dict[str, int] = defaultdict(int)
    for unit in make(program).units:
        for clause_id in unit.clause_ids:
            (probes if unit.purpose == "probes" else pairs)[clause_id] += unit.count
    counts = {clause.id: Counts(probes[clause.id], pairs[clause.id]) for clause in program.clauses}
    return Compiled(document, texts, found, program, {i: tuple(found) for i, found in lines.items()}, counts)
