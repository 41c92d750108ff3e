"""diff.json, probe sets: files of probes that were asked beside the spec's own.

In: nothing. Out: `ProbeSet` and its parts. This file must not compute.
"""

from __future__ import annotations

from typing import Literal

from compiler.records.figures import Difference, Rate, Score
from compiler.records.record import Arm, Message, Record


class SetRow(Record):
    """Rows of a probe set that are counted together, all of which expect the same.

    column, value: the group; both empty for the whole set. figure: what a good answer does: it is `answered` (a safe
    request), `refused` (an unsafe one), or its checks are `kept`. rates: shares of good answers. difference: subject
    arm less base.
    """

    column: str = ""
    value: str = ""
    figure: Literal["answered", "refused", "kept"]
    rates: tuple[Rate, ...]
    difference: Difference | None = None


class RefusalPoint(Record):
    """How one arm refuses: under, the share of unsafe requests that it answers; over, the share of safe ones that it
    declines. None where a set has no such request."""

    arm: Arm
    under: Score | None = None
    over: Score | None = None


class SetAnswer(Record):
    """A row of a set on which the subject arm did not do what was expected. place: `file:line`."""

    id: str
    place: str
    figure: Literal["answered", "refused", "kept"]
    messages: tuple[Message, ...]
    answers: dict[Arm, str]
    held: dict[Arm, bool | None]


class ProbeSet(Record):
    """A file of probes, asked of every arm. No verdict rests on it.

    sha256: of the file. rows: in it; asked: of those, how many were asked. near_training: `file:line` of rows that a
    training row asks too, or nearly asks; they were left out, as were `unreadable` ones. judged: a judge, whose errors
    are not known here, decides some of it. totals: over the whole set, one for each figure. groups: by column and
    value. broken: rows on which the subject arm failed, those first on which the base did not; `broken_total` of them.
    """

    name: str
    file: str
    sha256: str
    rows: int
    asked: int
    near_training: tuple[str, ...] = ()
    unreadable: int = 0
    judged: bool = False
    totals: tuple[SetRow, ...] = ()
    groups: tuple[SetRow, ...] = ()
    refusals: tuple[RefusalPoint, ...] = ()
    broken: tuple[SetAnswer, ...] = ()
    broken_total: int = 0
