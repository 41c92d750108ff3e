"""What a comparison of two runs holds: every rendering reads it, and `--json` prints it.

In: nothing. Out: records. Differences are new less old, in shares of answers that keep the clause, so that a rise is
always for the better. This file must not compute.
"""

from __future__ import annotations

from typing import Literal

from compiler.records.figures import Figure
from compiler.records.record import Arm, Record

VERSION = 1

Outcome = Literal["moved", "stable", "unclear", "not compared"]
"""moved: beyond chance, and not shown to be within the margin. stable: within the margin (TOST at 5%). unclear:
neither."""

Quadrant = Literal["seen", "missing", "unintended", "stable", "unclear", "not compared"]
"""seen: the spec changed, and behaviour moved. missing: it changed, and behaviour is where it was. unintended: it did
not change, and behaviour moved. stable: neither."""


class Move(Record):
    """One figure of one clause in one arm: the same prompts in both runs.

    n: prompts that both runs decided. undecided: common prompts that one of them did not decide. old, new: shares kept.
    low, high: 95% interval of the difference (Newcombe). p: exact McNemar; adjusted_p: over the figures of the arm
    (Benjamini and Hochberg). equivalence_low, _high: 90% interval (Tango), which lies within the margin where the
    figure is stable. rejudged: old answers were held against the new version's checks, since those differ.
    """

    arm: Arm
    n: int
    undecided: int = 0
    old: float
    new: float
    difference: float
    low: float
    high: float
    p: float
    adjusted_p: float | None = None
    equivalence_low: float
    equivalence_high: float
    outcome: Outcome
    rejudged: bool = False


class FigureDiff(Record):
    """One figure of a clause. change: what the spec diff says of the clause (`equivalent` for nothing). was: its id in
    the old run, where that differs. quadrant, regression: of the arm that verdicts are for. regression: it fell, and
    the spec does not ask for less. reason: why it is not compared."""

    clause_id: str
    was: str | None = None
    figure: Figure
    change: str
    reasons: tuple[str, ...] = ()
    quadrant: Quadrant
    regression: bool = False
    moves: tuple[Move, ...] = ()
    reason: str | None = None


class EffectDiff(Record):
    """A side effect on common everyday prompts, old run against new. values: of the arm that verdicts are for. moved:
    more than its threshold, beyond chance where there is an interval. asked_by: changed clauses that ask for it."""

    id: str
    title: str
    unit: Literal["share", "words"]
    n: int
    old: float
    new: float
    low: float | None = None
    high: float | None = None
    moved: bool
    asked_by: tuple[str, ...] = ()


class RunDiff(Record):
    """old, new: names of the runs. subject: the arm that counts. margin: within which a difference does not matter.
    base_same, base_asked: how many of the common prompts the base answered alike, of how many. notes: what a reader
    must know before trusting a number."""

    version: int = VERSION
    old: str
    new: str
    subject: Arm
    arms: tuple[Arm, ...]
    margin: float
    common: int
    only_old: int
    only_new: int
    base_same: int | None = None
    base_asked: int | None = None
    clauses: tuple[FigureDiff, ...]
    facts: FigureDiff | None = None
    effects: tuple[EffectDiff, ...] = ()
    notes: tuple[str, ...] = ()

    def having(self, quadrant: Quadrant) -> tuple[FigureDiff, ...]:
        return tuple(row for row in self.clauses if row.quadrant == quadrant)

    @property
    def worse(self) -> tuple[FigureDiff, ...]:
        """Figures that fell though the spec does not ask for less, facts included."""
        facts = (self.facts,) if self.facts else ()
        return tuple(row for row in (*self.clauses, *facts) if row.regression)

    @property
    def unintended(self) -> tuple[FigureDiff | EffectDiff, ...]:
        """What moved and no changed clause asks for: figures, facts and side effects."""
        facts = (self.facts,) if self.facts and self.facts.quadrant == "unintended" else ()
        return (*self.having("unintended"), *facts, *(e for e in self.effects if e.moved and not e.asked_by))
