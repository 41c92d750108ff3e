"""Refusals in the clause's style: what it is about is declined.

rejected: an answer, without any prompt or in the same voice, or a refusal in another clause's manner, so that the style
is learned beside the declining. The unit's checks hold both sides to it.
"""

from __future__ import annotations

from backends.generate.sides import Draft, Models, as_asked
from compiler.records.recipe import Unit


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    as_asked(unit, drafts, models, models.writer)
