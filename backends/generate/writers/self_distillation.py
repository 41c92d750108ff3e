"""Self-distillation: the subject under the compiled prompt teaches the subject without it (Askell et al. 2021,
"context distillation", arXiv 2112.00861, here as pairs).

chosen: sampled from the subject under `unit.chosen.system`. rejected: what it likeliest says under the row's messages.
A teacher that the spec names is not asked.
"""

from __future__ import annotations

from backends.generate.sides import Draft, Models, as_asked
from compiler.records.recipe import Unit


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    as_asked(unit, drafts, models, models.subject)
