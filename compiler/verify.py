"""What must hold for every program after every pass; tests run it between passes.

In: a program, and how far it is. Out: nothing, or `BrokenProgram`, which is a bug of a pass and never of a spec.
"""

from __future__ import annotations

from collections import Counter

from compiler.ir import Program
from compiler.passes.address import clause_digest


class BrokenProgram(AssertionError):
    """A pass returned a program that lowerings cannot rely on."""


def verify(program: Program) -> None:
    """Check ids, ranks, references, targets and digests.

    Raises:
        BrokenProgram: with every breach in its message.
    """
    breaches = [*_ids(program), *_ranks(program), *_references(program), *_targets(program), *_digests(program)]
    if breaches:
        raise BrokenProgram("; ".join(breaches))


def _ids(program: Program) -> list[str]:
    counted = Counter(clause.id for clause in program.clauses)
    found = [f"the id {clause_id} stands {n} times" for clause_id, n in counted.items() if n > 1]
    return found + [f"{c.id} is not kind.name" for c in program.clauses if c.id != f"{c.kind}.{c.name}"]


def _ranks(program: Program) -> list[str]:
    ranks = sorted(clause.rank for clause in program.clauses)
    if ranks != list(range(len(ranks))):
        return [f"ranks are {ranks}"]
    if not program.digest:
        # Before the last pass the source order may still stand for ranks.
        return []
    by_rank = sorted(program.clauses, key=lambda c: c.rank)
    levels = [clause.level for clause in by_rank]
    return [] if levels == sorted(levels, reverse=True) else ["a clause of a lower level outranks a higher one"]


def _references(program: Program) -> list[str]:
    known = {clause.id for clause in program.clauses}
    found = [f"{c.id} depends on {i}, which is not there" for c in program.clauses for i in c.depends if i not in known]
    found += [f"{c.id} depends on itself" for c in program.clauses if c.id in c.depends]
    found += [f"the priority names {i}, which is not there" for i in program.priority if i not in known]
    return found + [f"the voice names {i}, which is not there" for i in program.voice if i not in known]


def _targets(program: Program) -> list[str]:
    return [f"{c.id} has the target {c.target.share}" for c in program.clauses if not 0 <= c.target.share <= 1]


def _digests(program: Program) -> list[str]:
    if not program.digest:
        return []
    return [f"{c.id} has a stale digest" for c in program.clauses if c.digest != clause_digest(c)]
