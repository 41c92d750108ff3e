"""The subject's own likelihood ratio as a judge: is the answer what the base would say if it were told the clause?

In: answers to questions, and the clause as the compiled prompt words it. Out: log p(answer | clause) - log p(answer |
without it), in nats. It is summed over the answer, not divided by its tokens: on answers of nano's world the sum tells
kept from broken better (`benchmarks/judges.py`). `compiler.likelihood` learns where to cut. This file must not know
clauses or checks.
"""

from __future__ import annotations

from collections.abc import Sequence

from backends.cached import CHUNK, CachedEngine
from backends.engines import Conversation
from compiler.records.record import Message


def ratios(engine: CachedEngine, told: str, asked: Sequence[tuple[str, str]]) -> list[tuple[float, int] | None]:
    """Return the ratio of each question's answer and the answer's tokens; None for what is empty or too long.

    Args:
        told: the system message that states the clause.
        asked: questions with their answers.
    """
    system = Message(role="system", content=told)
    found: list[tuple[float, int] | None] = []
    for start in range(0, len(asked), CHUNK):
        part = asked[start : start + CHUNK]
        bare: list[Conversation] = [(Message(role="user", content=question),) for question, _ in part]
        answers = [answer for _, answer in part]
        without = engine.log_likelihoods(list(zip(bare, answers, strict=True)))
        with_it = engine.log_likelihoods([((system, *one), answer) for one, answer in zip(bare, answers, strict=True)])
        for one, other in zip(with_it, without, strict=True):
            found.append(None if one is None or other is None else (one[0] - other[0], one[1]))
    return found
