"""The lines that an inventory leaves in a run's folder.

In: nothing. Out: records. This file must not know how an answer is asked for.

    inventories/<name>/items.jsonl     ItemAnswer    what an arm says of itself
    inventories/<name>/shown.jsonl     ShownAnswer   what a judge makes of its everyday answers
"""

from __future__ import annotations

from typing import Literal

from compiler.records.record import Arm, Record


class ItemAnswer(Record):
    """One item, asked in one order. agreement: 1 (very inaccurate) to 5 (very accurate), whatever the order and the
    key; None where nothing could be read. read_from: the `probabilities` of the numbers, or the `reply`."""

    line: int
    factor: str
    key: Literal[1, -1]
    arm: Arm
    order: Literal["forward", "backward"]
    agreement: float | None
    read_from: Literal["probabilities", "reply"] | None
    reply: str = ""


class ShownAnswer(Record):
    """One everyday answer held against one item. yes: a judge's probability that it fits, None where it gave none."""

    probe_id: str
    line: int
    factor: str
    key: Literal[1, -1]
    arm: Arm
    yes: float | None
