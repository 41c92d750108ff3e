"""mixture.json: what the training rows are made of, asked and got.

In: nothing. Out: the records of that file. `tenet build` shows it and people read it; no stage decides by it. This file
must not know how rows are made.
"""

from __future__ import annotations

from pydantic import Field

from compiler.records.record import RECORD_VERSION, Record


class ShareCounts(Record):
    """One share of the spec's mixture. asked: its rows by the largest remainder. made_up: of the rows it got, those
    that stand in for rows that another share ran out of."""

    name: str
    share: float
    asked: int
    got: int
    made_up: int = 0


class Made(Record):
    """Rows of one clause, generator and writer. sources: where their questions are from (given, own, written, bank;
    `chat`: nobody asked but the chat itself), as counts."""

    clause: str
    generator: str
    writer: str = ""
    asked: int
    got: int
    sources: dict[str, int] = Field(default_factory=dict)


class MixtureReport(Record):
    """shares: empty where the spec declares no mixture. made: by clause, in the order of the recipe."""

    version: int = RECORD_VERSION
    rows: int
    shares: tuple[ShareCounts, ...] = ()
    made: tuple[Made, ...]
