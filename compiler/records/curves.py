"""How a training went, as a report holds it: one series of numbers over its steps.

In: nothing. Out: `Curve`. `compiler.curves` reads them from events.jsonl. This file must not compute.
"""

from __future__ import annotations

from compiler.records.record import Record


class Curve(Record):
    """One series of one stage. name: as an event calls it; `clauses/trait.caring` of a clause, clause_id. of: steps of
    the stage. points: step and value, by step; each is the mean of up to `every` values, at the step of the last of
    them. first, last, least, most: of all values, before any mean."""

    stage: str
    name: str
    clause_id: str | None = None
    of: int
    points: tuple[tuple[int, float], ...]
    every: int = 1
    first: float
    last: float
    least: float
    most: float
