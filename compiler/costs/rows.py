"""How many tokens the rows of a training have, and how many of them are computed and learned.

In: rows as the row files hold them, and a way to count a text's tokens. Out: `Lengths`, which the figures of a stage
follow from. The two answers of a pair share their prompt, which is computed once. This file must not read files.

>>> def words(text): return len(text.split())
>>> pair = {"prompt": [{"role": "user", "content": "How are you today?"}],
...         "chosen": [{"role": "assistant", "content": "Fine, and you?"}],
...         "rejected": [{"role": "assistant", "content": "Fine."}]}
>>> lengths([pair], "dpo", words)
Lengths(rows=1, computed=20.0, learned=12.0, longest=20, is_assumed=False)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.lowering.losses import METHODS

PER_MESSAGE = 4
"""Tokens that a chat template puts around a message, about."""
ASSUMED = {"prompt": 30, "answer": 60}
"""Tokens where no row was made yet."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """computed, learned: tokens of a row, on average; of a pair, both sides. longest: computed tokens of the longest
    row. is_assumed: whether no row was there to count."""

    rows: int
    computed: float
    learned: float
    longest: int
    is_assumed: bool = False


def lengths(rows: Sequence[Mapping[str, Any]], stage: str, count: Callable[[str], int]) -> Lengths:
    """
    Args:
        count: how many tokens a text has.
    """
    found = [_of_row(row, stage, count) for row in rows]
    computed, learned = [sum(pair) for pair in found], [pair[1] for pair in found]
    return Lengths(len(rows), sum(computed) / len(rows), sum(learned) / len(rows), max(computed))


def assumed(rows: int, stage: str) -> Lengths:
    """What a stage is taken to read before its rows are made."""
    prompt, answer = ASSUMED["prompt"] + PER_MESSAGE, ASSUMED["answer"] + PER_MESSAGE
    sides = sum(column in ("chosen", "rejected", "messages") for column in METHODS[stage].columns)
    computed = prompt + sides * answer
    return Lengths(rows, computed, sides * answer, 2 * computed, is_assumed=True)


def _of_row(row: Mapping[str, Any], stage: str, count: Callable[[str], int]) -> tuple[int, int]:
    """Tokens of a row that are read only, and that are learned, too."""

    def told(messages: Sequence[Mapping[str, Any]]) -> int:
        return sum(count(message["content"]) + PER_MESSAGE for message in messages)

    if "messages" in METHODS[stage].columns:
        learned = told([message for message in row["messages"] if message["role"] == "assistant"])
        return told(row["messages"]) - learned, learned
    sides = [side for side in ("chosen", "rejected") if side in METHODS[stage].columns]
    return told(row["prompt"]), sum(told(row[side]) for side in sides)
