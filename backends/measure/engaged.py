"""Gate 0: does the adapter do anything at all? An adapter that loads to nothing is a known silent failure.

In: conversations, the base's and the adapter's answers to them. Out: the mean next-token divergence and how many
answers differ, over the conversations that the base can read. This file must not know clauses.
"""

from __future__ import annotations

from collections.abc import Sequence

from backends.cached import CachedEngine
from backends.engines import Conversation
from compiler.failures import DataError
from compiler.records.measured import Engaged

FLOOR = 1e-3
"""Nats. A trained adapter moves the next token by tenths; one that loads to nothing by less than rounding."""


def engaged(
    subject: CachedEngine, asked: Sequence[Conversation], base: Sequence[str | None], adapter: Sequence[str | None]
) -> Engaged:
    """
    Raises:
        DataError: the base can read none of them.
    """
    divergences = [found for found in subject.divergences(asked) if found is not None]
    if not divergences:
        raise DataError(
            f"every prompt that would show what the adapter does is longer than {subject.base.name} can read",
            help="take a base with a longer context, or ask shorter probes",
        )
    mean = sum(divergences) / len(divergences)
    differ = sum(one != other for one, other in zip(base, adapter, strict=True))
    return Engaged(
        probes=len(divergences),
        divergence=round(mean, 6),
        floor=FLOOR,
        answers=sum(answer is not None for answer in base),
        answers_that_differ=differ,
        engaged=mean > FLOOR and differ > 0,
    )
