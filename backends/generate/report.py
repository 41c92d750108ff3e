"""generate.json: what a recipe asked for, what was kept, and why the rest was left out.

In: nothing. Out: the records of that file. Commands show it and people read it; no stage decides by it, but
`tenet explain-row` asks a unit as often as it says. This file must not know how rows are made.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

REPORT_VERSION = 2


class Counted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UnitCounts(Counted):
    """wanted: rows the recipe asks for. asked: prompts looked at. dropped: by reason, prompts and rows alike. share: of
    the mixture, that its rows count for. asks: how many rows it was asked for, one time after the other, where it was
    asked again for rows that others lacked; else empty."""

    unit: str
    clause_ids: tuple[str, ...]
    purpose: str
    writer: str = ""
    aspect: str
    wanted: int
    asked: int
    kept: int
    dropped: dict[str, int]
    share: str | None = None
    asks: tuple[int, ...] = ()


class DataCounts(Counted):
    """cut: kept rows that are longer than the job's `max_length`, so that their end is not trained on."""

    path: str
    rows: int
    kept: int
    dropped: dict[str, int]
    cut: int = 0
    max_length: int | None = None


class RuleCounts(Counted):
    """What one rule of filters.json left out: of the generated rows, and of the user's own. 0 is a rule that held."""

    rule: str
    clause_ids: tuple[str, ...]
    generated: int
    own: int


class DisjointCounts(Counted):
    """training: user messages of all training rows, each once. probes: written. left_out: prompts that would have been
    probes and stand, or nearly stand, among the training rows."""

    training: int
    probes: int
    left_out: int


class GenerateReport(Counted):
    """generate.json. Digests are those of the bases; rows are counts by file. duplicates: generated chats that stand in
    sft.jsonl already, word for word, and are not written again. struck: rows that a person has struck out, as the build
    lists them; those that were made and left out for it stand in `dropped`."""

    version: int = REPORT_VERSION
    base: str
    base_digest: str
    teacher: str
    teacher_digest: str
    judge: str
    judge_digest: str
    units: tuple[UnitCounts, ...]
    filters: tuple[RuleCounts, ...]
    data: tuple[DataCounts, ...] = ()
    disjoint: DisjointCounts
    duplicates: int
    struck: int = 0
    rows: dict[str, int]
