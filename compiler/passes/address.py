"""Give every clause and the program a digest over all that can change an artifact.

In: resolved clauses. Out: `digest` set. Spans, `because` and tags are not in it (tags matter through `priority`,
which is in the program's digest). Ranks are in the program's digest and not in a clause's: rows are written under the
clauses that they name, in order, whatever else is in the spec.
"""

from __future__ import annotations

from dataclasses import replace

from compiler.digests import digest
from compiler.ir import Clause, Program
from spec.diagnostics import Diagnostic


def address(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    clauses = tuple(replace(clause, digest=clause_digest(clause)) for clause in program.clauses)
    ranked = sorted(clauses, key=lambda c: c.rank)
    whole = digest(
        {
            "name": program.name,
            "model": program.model,
            "train": program.train,
            "clauses": [[c.id, c.digest] for c in ranked],
            "dimensions": program.dimensions,
            "priority": program.priority,
            "voice": program.voice,
            "probes": program.probes,
        }
    )
    return replace(program, clauses=clauses, digest=whole), ()


def clause_digest(clause: Clause) -> str:
    return digest(replace(clause, because=None, tags=(), rank=0, depends=(), digest=""))
