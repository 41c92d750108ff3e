"""What a composed adapter keeps of its parents: each parent's clauses, by the parent alone and by the composition.

In: two reports on one spec's probes, of a parent and of what it was put into. Out: parents.json as a record, and a line
for a person. This file must not know how adapters are put together or measured.
"""

from __future__ import annotations

from compiler.records.clauses import ClauseRow
from compiler.records.figures import Comparison, Verdict
from compiler.records.record import RECORD_VERSION, Record
from compiler.records.report import DiffReport
from compiler.report.figures import SYMBOLS, percent

PARENTS = "parents.json"


class Side(Record):
    """As `compiler.records.figures.Rate` has it, of the adapter arm."""

    share: float
    low: float
    high: float
    n: int
    verdict: Verdict | None


class Kept(Record):
    """A clause of a parent's spec. alone: by the parent's own adapter; composed: by the composition. None where it was
    not measured."""

    clause_id: str
    comparison: Comparison
    target: float
    alone: Side | None
    composed: Side | None


class Parent(Record):
    """run: of the parent. measured_as: the run in which its probes were put to the composition. engaged: whether the
    composition does anything at all; where it does not, none of its answers was held against a clause."""

    run: str
    spec: str
    weight: float
    measured_as: str
    engaged: bool = True
    clauses: tuple[Kept, ...]


class Composition(Record):
    version: int = RECORD_VERSION
    parents: tuple[Parent, ...]


def parent(run: str, weight: float, measured_as: str, alone: DiffReport, composed: DiffReport) -> Parent:
    before, after = ({row.id: row for row in report.clauses} for report in (alone, composed))
    kept = tuple(
        Kept(
            clause_id=row.id,
            comparison=row.comparison,
            target=row.target,
            alone=_side(before.get(row.id), alone),
            composed=_side(after.get(row.id), composed),
        )
        for row in {**before, **after}.values()
    )
    engaged = composed.status == "measured"
    return Parent(run=run, spec=composed.name, weight=weight, measured_as=measured_as, engaged=engaged, clauses=kept)


def _side(row: ClauseRow | None, report: DiffReport) -> Side | None:
    rate = next((rate for rate in row.rates if rate.arm == report.subject), None) if row else None
    if rate is None or row is None or not rate.n:
        return None
    return Side(share=rate.share, low=rate.low, high=rate.high, n=rate.n, verdict=row.verdict)


def told(parent: Parent) -> str:
    """
    >>> sides = [Side(share=s, low=s, high=s, n=9, verdict=v) for s, v in ((1.0, "met"), (0.4, "missed"))]
    >>> kept = Kept(clause_id="trait.caring", comparison=">=", target=0.9, alone=sides[0], composed=sides[1])
    >>> told(Parent(run="caring-0123", spec="caring", weight=0.7, measured_as="caring-4567", clauses=(kept,)))
    '0.7 caring-0123: alone it meets 1 of 1 clauses, composed 0; lost: trait.caring (✓ 100% -> ✗ 40%)'
    """
    alone, composed = (
        sum(side is not None and side.verdict == "met" for side in sides)
        for sides in ([kept.alone for kept in parent.clauses], [kept.composed for kept in parent.clauses])
    )
    line = (
        f"{parent.weight:g} {parent.run}: alone it meets {alone} of {len(parent.clauses)} clauses, composed {composed}"
    )
    line += "" if parent.engaged else ", since it does nothing"
    lost = [kept for kept in parent.clauses if _met(kept.alone) and not _met(kept.composed)]
    won = [kept for kept in parent.clauses if _met(kept.composed) and not _met(kept.alone)]
    for word, moved in (("lost", lost), ("won", won)):
        if moved:
            line += f"; {word}: " + ", ".join(f"{k.clause_id} ({_said(k.alone)} -> {_said(k.composed)})" for k in moved)
    return line


def _met(side: Side | None) -> bool:
    return side is not None and side.verdict == "met"


def _said(side: Side | None) -> str:
    return "not measured" if side is None else f"{SYMBOLS[side.verdict]} {percent(side.share)}"
