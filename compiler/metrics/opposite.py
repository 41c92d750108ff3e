"""What a trait must not turn into, and does: `not: "Saccharine."` of a trait, apart from whether the trait shows.

Where a judge was given no rubric for the opposite (the trait names none) there is no figure.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.facets import OPPOSITE
from compiler.metrics.asked import Asked, share
from compiler.records.behaviour import Metric
from compiler.records.measured import Measurement
from compiler.records.rows import Probe
from spec.constructs import Trait


def measure(asked: Asked) -> Iterator[Metric]:
    for clause in asked.program.clauses:
        if not isinstance(clause.body, Trait) or not clause.body.avoid:
            continue
        facet = f"{clause.id}/{OPPOSITE}"

        def shows(_: Probe, row: Measurement, facet: str = facet) -> bool | None:
            kept = row.held.get(facet)
            return None if kept is None else not kept

        yield from share(
            asked,
            asked.of_clause(clause.id, "kept"),
            shows,
            id=facet,
            group="clauses",
            title="shows what it must not turn into",
            explains=f'answers that a judge finds to be: "{clause.body.avoid}"',
            better="less",
            clause_ids=(clause.id,),
        )
