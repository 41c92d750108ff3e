"""Distillation from a stronger model: `model { teacher: ... }` writes the chosen side under the compiled prompt.

rejected: what the subject likeliest says under the row's messages.
"""

from __future__ import annotations

from backends.generate.sides import Draft, Models, as_asked
from compiler.records.recipe import Unit


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    as_asked(unit, drafts, models, models.writer)
