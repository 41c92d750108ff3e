"""Rank the clauses: by level, overlays first, then by the spec's priority statements, then as they stand in the source.

In: clauses in source order. Out: the same with `rank` set, 0 for the one that wins over all others, and
`Program.priority`, the ids that the priority statements order. A name in a statement stands for the clause of that name
or id, or for all clauses with that tag. A statement cannot lift a clause over one of a higher level: that is a warning.

>>> from compiler.build import from_text
>>> program = from_text('''
... trait brief { means: "Be brief." }
... trait kind { means: "Be kind." }
... forbid canned { phrases: ["Certainly!"] }
... priority: kind > brief
... ''')
>>> sorted((c.rank, c.id) for c in program.clauses)
[(0, 'forbid.canned'), (1, 'trait.kind'), (2, 'trait.brief')]
"""

from __future__ import annotations

from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from compiler.codes import diagnose
from compiler.ir import Clause, Program
from spec.diagnostics import Diagnostic


def order(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    by_name = {name: named(name, program.clauses) for s in program.priorities for name in s.names}
    listed = _listed(program, by_name)
    place = {clause_id: index for index, clause_id in enumerate(listed)}
    ranking = sorted(
        enumerate(program.clauses),
        key=lambda item: (-item[1].level, not item[1].overlay, place.get(item[1].id, len(place)), item[0]),
    )
    ranks = {clause.id: rank for rank, (_, clause) in enumerate(ranking)}
    clauses = tuple(replace(clause, rank=ranks[clause.id]) for clause in program.clauses)
    ordered = tuple(sorted(listed, key=ranks.__getitem__))
    return replace(program, clauses=clauses, priority=ordered), _upside_down(program, by_name)


def named(name: str, clauses: tuple[Clause, ...]) -> list[Clause]:
    """Return the clauses that a priority statement means by `name`: by id, else by name, else by tag."""
    for matches in (
        [c for c in clauses if c.id == name],
        [c for c in clauses if c.name == name],
        [c for c in clauses if name in c.tags],
    ):
        if matches:
            return matches
    return []


def _listed(program: Program, by_name: dict[str, list[Clause]]) -> list[str]:
    """Merge the statements into one order that keeps them all; ties go to the source order."""
    source = {clause.id: index for index, clause in enumerate(program.clauses)}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for statement in program.priorities:
        for name in statement.names:
            for clause in by_name[name]:
                sorter.add(clause.id)
        for higher, lower in pairwise(statement.names):
            for below in by_name[lower]:
                sorter.add(below.id, *(above.id for above in by_name[higher] if above.id != below.id))
    try:
        sorter.prepare()
    except CycleError:
        # Checking the spec has reported it; source order keeps the rest of the compiler going.
        return sorted({c.id for cs in by_name.values() for c in cs}, key=source.__getitem__)
    listed: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=source.__getitem__)
        first = ready.pop(0)
        listed.append(first)
        sorter.done(first)
    return listed


def _upside_down(program: Program, by_name: dict[str, list[Clause]]) -> tuple[Diagnostic, ...]:
    return tuple(
        diagnose(
            "T0501",
            f"the priority cannot lift {above.id} over {below.id}",
            statement.span,
            label=f"{above.id} is at {above.level.name.lower()}, {below.id} at {below.level.name.lower()}",
            help=f"levels decide first; give {above.id} the level {below.level.name.lower()} or leave it out",
        )
        for statement in program.priorities
        for higher, lower in pairwise(statement.names)
        for above in by_name[higher]
        for below in by_name[lower]
        if above.level < below.level
    )
