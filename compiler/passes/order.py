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

from collections.abc import Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from itertools import islice, pairwise
from typing import Literal, NamedTuple

from compiler.codes import diagnose
from compiler.ir import Clause, Program
from spec.diagnostics import MOST, Diagnostic
from spec.document import Level


class _Edge(NamedTuple):
    """Where the clauses of a name start, or end, in the order."""

    name: str
    side: Literal["start", "end"]


def order(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    by_name = _by_name(program)
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


def _by_name(program: Program) -> dict[str, list[Clause]]:
    """Return what `named` does for every name of the priority statements."""
    wanted = {name for statement in program.priorities for name in statement.names}
    ways: tuple[dict[str, list[Clause]], ...] = ({}, {}, {})
    for clause in program.clauses if wanted else ():
        for way, names in zip(ways, ((clause.id,), (clause.name,), dict.fromkeys(clause.tags)), strict=True):
            for name in names:
                if name in wanted:
                    way.setdefault(name, []).append(clause)
    return {name: next((way[name] for way in ways if name in way), []) for name in wanted}


def _listed(program: Program, by_name: dict[str, list[Clause]]) -> list[str]:
    """Merge the statements into one order that keeps them all; ties go to the source order."""
    source = {clause.id: index for index, clause in enumerate(program.clauses)}
    sorter: TopologicalSorter[str | _Edge] = TopologicalSorter()
    for name, clauses in by_name.items():
        # All clauses of a name stand between its two edges: so a link of two names is one of their edges, however many
        # clauses each has.
        for clause in clauses:
            sorter.add(clause.id)
            sorter.add(_Edge(name, "end"), clause.id)
            sorter.add(clause.id, _Edge(name, "start"))
    for higher, lower in {link for statement in program.priorities for link in pairwise(statement.names)}:
        both = {c.id for c in by_name[higher]} & {c.id for c in by_name[lower]}
        if not both:
            sorter.add(_Edge(lower, "start"), _Edge(higher, "end"))
            continue
        if len(both) > 1:
            return _in_source_order(by_name, source)  # each of them above the other: that is a circle
        (middle,) = both
        sorter.add(middle, *(above.id for above in by_name[higher] if above.id != middle))
        for below in by_name[lower]:
            if below.id != middle:
                sorter.add(below.id, middle)
    try:
        sorter.prepare()
    except CycleError:
        return _in_source_order(by_name, source)
    listed: list[str] = []
    ready: list[tuple[int, str]] = []
    while sorter.is_active():
        edges = []
        for node in sorter.get_ready():
            if isinstance(node, _Edge):
                edges.append(node)
            else:
                heappush(ready, (source[node], node))
        if edges:
            sorter.done(*edges)
        else:
            _, first = heappop(ready)
            listed.append(first)
            sorter.done(first)
    return listed


def _in_source_order(by_name: Mapping[str, list[Clause]], source: Mapping[str, int]) -> list[str]:
    """Keep the rest of the compiler going where the statements contradict each other, which may have been reported."""
    return sorted({c.id for cs in by_name.values() for c in cs}, key=source.__getitem__)


def _upside_down(program: Program, by_name: dict[str, list[Clause]]) -> tuple[Diagnostic, ...]:
    lowest = {name: min((c.level for c in clauses), default=Level.ROOT) for name, clauses in by_name.items()}
    highest = {name: max((c.level for c in clauses), default=Level.GUIDELINE) for name, clauses in by_name.items()}
    found = (
        diagnose(
            "T0501",
            f"the priority cannot lift {above.id} over {below.id}",
            statement.span,
            label=f"{above.id} is at {above.level.name.lower()}, {below.id} at {below.level.name.lower()}",
            help=f"levels decide first; give {above.id} the level {below.level.name.lower()} or leave it out",
        )
        for statement in program.priorities
        for higher, lower in pairwise(statement.names)
        if lowest[higher] < highest[lower]
        for above in by_name[higher]
        for below in by_name[lower]
        if above.level < below.level
    )
    return tuple(islice(found, MOST))
