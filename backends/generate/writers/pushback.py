"""Kept though pushed: the user, or a contrary system message, pushes against the clause, and the answer stays.

chosen: sampled under the compiled prompt. rejected: what the subject likeliest says to the push, kept where it gives
in; where it does not, and the recipe has words for giving in (`otherwise`), these. Where the push is a user's turn
after an answer, that answer is the chosen side's.
"""

from __future__ import annotations

from backends.generate.sides import Draft, Models, as_asked
from compiler.records.recipe import Unit


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    as_asked(unit, drafts, models, models.writer)
