"""generate.json: what a recipe asked for, what was kept, and why the rest was left out.

In: nothing. Out: the records of that file. Commands show it and people read it; no stage decides by it, but
`tenet explain-row` asks a unit as often as it says. This file must not know how rows are made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from compiler.records.recipe import Unit

if TYPE_CHECKING:
    from backends.generate.candidates import Candidates

REPORT_VERSION = 2


def by_reason(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


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

    @classmethod
    def of(
        cls, unit: Unit, candidates: Candidates, kept: int, dropped: Counter[str], asks: Sequence[int] = ()
    ) -> UnitCounts:
        return cls(
            unit=unit.id,
            clause_ids=unit.clause_ids,
            purpose=unit.purpose,
            share=unit.share,
            writer=unit.writer or "",
            aspect=unit.aspect,
            wanted=unit.count,
            asked=candidates.asked,
            kept=kept,
            dropped=by_reason(candidates.left_out + dropped),
            asks=tuple(asks) if len(asks) > 1 else (),
        )


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
