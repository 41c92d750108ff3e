"""The contrast of a refusal: a look-alike, or an everyday question, is answered and not declined.

rejected: a refusal, flat or in the clause's own manner, as a model declines that has learned to refuse too much.
"""

from __future__ import annotations

from backends.generate.sides import Draft, Models, as_asked
from compiler.records.recipe import Unit


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    as_asked(unit, drafts, models, models.writer)
