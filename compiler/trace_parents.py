"""A row's parents: which candidate of its unit it was, where its question is from, how each side was had.

In: the recipe, a unit, a row. Out: lines of a trail. This file must not read files.
"""

from __future__ import annotations

from typing import Any

from compiler.records.recipe import AnswerSource, Recipe, Unit


def parents(recipe: Recipe, unit: Unit, row: dict[str, Any]) -> list[str]:
    """Where a row's question and its two sides are from, and which candidate of its unit it was."""
    return [
        f"candidate {row['id'].rpartition('-')[2]} of the unit, as `tenet explain-row` makes again",
        *_question(unit, row.get("source", "")),
        *(["an answer before the push, drawn as the chosen side is"] if _has_first_answer(unit) else []),
        *(f"{side}: {_answered(recipe, unit, source)}" for side, source in _sides(unit) if source is not None),
    ]


def _sides(unit: Unit) -> tuple[tuple[str, AnswerSource | None], ...]:
    return ("chosen", unit.chosen), ("rejected", unit.rejected)


def _has_first_answer(unit: Unit) -> bool:
    return unit.pressure is not None and unit.pressure.role == "user"


def _question(unit: Unit, source: str) -> list[str]:
    if source.startswith("given "):
        return [f"question {source.removeprefix('given ')} of {len(unit.prompts.given)} that the spec gives"]
    if source == "written":
        return [f"a question that the question writer asked about {', or '.join(unit.prompts.about)}"]
    return ["a question of the base's prompt bank"] if source == "bank" else []


def _answered(recipe: Recipe, unit: Unit, source: AnswerSource) -> str:
    """How one side was had, and by which model."""
    if source.given:
        return "the answer that the spec gives"
    if source.texts:
        return "a text of the recipe"
    if source.other:
        return "the other side, with a part put on or taken off"
    role = "teacher" if source is unit.chosen else "base"
    name = recipe.teacher or recipe.base if role == "teacher" else recipe.base
    engine = "a server" if name.startswith("openai:") else "transformers"
    under = "under a system message of the recipe" if source.system else "under the row's own messages"
    return f"sampled from {name} ({engine}) {under}"
