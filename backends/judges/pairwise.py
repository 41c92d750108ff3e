"""Which of two answers keeps a clause better, by a model that is asked in both orders.

In: a rubric, questions with two answers each. Out: for each, which one it prefers, and whether the order turned it. A
preference that the order turns is nobody's; what cannot be read in one of the orders is missing. This file must not
know arms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from backends.cached import CHUNK, CachedEngine
from compiler.replies import SIDES
from compiler.rubrics import Rubric

Preferred = Literal["first", "second", "flipped"]


def prefer(engine: CachedEngine, rubric: Rubric, asked: Sequence[tuple[str, str, str]]) -> list[Preferred | None]:
    """Return the preference for each question with its two answers; None where the model gave no verdict.

    Which answer is shown first in the first of the two requests says nothing: both orders are always asked.
    """
    one_way = [rubric.pairwise_request(question, first, second) for question, first, second in asked]
    other_way = [rubric.pairwise_request(question, second, first) for question, first, second in asked]
    said = _chances(engine, [*one_way, *other_way])
    return [_preferred(said[one], said[other]) for one, other in zip(one_way, other_way, strict=True)]


def _preferred(one: float | None, other: float | None) -> Preferred | None:
    """one: the chance of the answer in front, which is the first; other: of the one in front, which is the second."""
    if one is None or other is None:
        return None
    if (one > 0.5) == (other > 0.5):
        return "flipped"
    return "first" if one > 0.5 else "second"


def _chances(engine: CachedEngine, requests: Sequence[str]) -> dict[str, float | None]:
    different = list(dict.fromkeys(requests))
    said: dict[str, float | None] = {}
    for start in range(0, len(different), CHUNK):
        batch = different[start : start + CHUNK]
        said.update(zip(batch, engine.yes(batch, SIDES), strict=True))
    return said
