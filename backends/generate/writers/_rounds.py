"""An answer put right by one principle after the other: a request to the writer for each.

In: drafts with an answer to begin with, and what is asked of an answer by a principle. Out: the last answer of each.
This file must not know which writer asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from backends.engines import Sampling
from backends.generate.candidates import seed_of
from backends.generate.sides import Draft, Models
from compiler.records.recipe import Unit
from compiler.records.record import Message
from compiler.rubrics import is_plain


class Request(Protocol):
    def __call__(self, principle: str, question: str, answer: str, *, plain: bool) -> str:
        """What the writer is asked; plain: in the words that nano has learned."""


def by_principles(
    unit: Unit,
    drafts: Sequence[Draft],
    models: Models,
    request: Request,
    sampling: Sampling,
    seed: tuple[str, int],
    read: Callable[[str], str] = str,
) -> list[str | None]:
    """Return the rejected side of each draft after a round for each of `unit.principles`, in their order.

    Args:
        seed: what tells these rounds from others: the writer's name for them, and the attempt.
        read: a reply to the answer that it holds; empty where it holds none, and no further round is asked then.

    Returns:
        None where the writer cannot read what it is asked.
    """
    plain = is_plain(models.writer.base.name)
    now: list[str | None] = [draft.raw["rejected"] for draft in drafts]
    for number, principle in enumerate(unit.principles):
        places = [place for place, answer in enumerate(now) if answer]
        requests = [
            request(principle.text, drafts[place].messages[-1].content, now[place] or "", plain=plain)
            for place in places
        ]
        drawn = replace(sampling, seed=seed_of(unit.seed, *seed, number, drafts[0].number))
        replies = models.writer.answers([(Message(role="user", content=text),) for text in requests], drawn)
        for place, reply in zip(places, replies, strict=True):
            now[place] = None if reply is None else read(reply)
    return now
