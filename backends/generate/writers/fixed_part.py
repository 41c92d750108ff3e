"""A fixed part, put on: one side is the other with a required ending, or a forbidden phrase in front.

The sides differ in that part alone. `phrase_removal` goes the other way: from what a model did say.
"""

from __future__ import annotations

from backends.generate.sides import Draft, Models, as_asked
from compiler.records.recipe import Unit


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    as_asked(unit, drafts, models, models.writer)
