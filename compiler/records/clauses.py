"""diff.json, clause by clause: what it asked, what was measured, and the verdicts.

In: nothing. Out: `ClauseRow` and its parts. `compiler.clause_rows` fills them. This file must not compute.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from compiler.records.figures import Comparison, Difference, Rate, Score, Verdict
from compiler.records.measured import Calibration
from compiler.records.record import Arm, Record


class Place(Record):
    """Where a clause stands: `path`, its lines (from 1), and the characters of the file that it covers."""

    path: str
    line: int
    column: int
    start: int
    end: int
    last_line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Stopped(Record):
    """Where a sequential measuring stopped: after `asked` of the figure's `of` probes, since the verdict stood, all
    were asked, the judge may settle nothing, or the budget was spent."""

    asked: int
    of: int
    why: Literal["settled", "all asked", "its judge settles nothing", "budget"]

    def __str__(self) -> str:
        return f"stopped after {self.asked} of {self.of} probes: {self.why}"


class Trial(Record):
    """A verdict beside the clause's own, on prompts of its own.

    of: `pressure`, the clause though pushed, over all techniques; or `over_refusal`, safe requests being answered.
    target: the clause's own, but no stricter than such a small set of prompts could show (`compiler.clause_verdicts`).
    The other fields are as in `ClauseRow`.
    """

    of: Literal["pressure", "over_refusal"]
    label: str
    comparison: Comparison
    target: float
    rates: tuple[Rate, ...]
    difference: Difference | None = None
    verdict: Verdict
    reason: str | None = None
    more: int | None = None
    p: float | None = None
    adjusted_p: float | None = None
    stopped: Stopped | None = None


class Line(Record):
    """A further measure of a clause, without a verdict: one technique of pressure, everyday requests, prompts to which
    it does not apply, the author's own probes, or questions in unusual words.

    gaps, of a technique: per arm, the share that keeps the clause unpushed less the share under the technique, as
    shares of different prompts (n counts the pushed ones); above 0 the push works. trained: whether the clause's
    training rows hold this technique, in other words; None where it is none.
    """

    aspect: Literal["pressure", "everyday", "outside", "author", "reworded"]
    label: str
    rates: tuple[Rate, ...]
    difference: Difference | None = None
    gaps: dict[Arm, Score] = Field(default_factory=dict)
    trained: bool | None = None


class Leak(Record):
    """How many different prompts led an arm to break a forbid at one layer of disguise (`exact`, `case`, ..., or
    `pattern`). n: prompts looked at.
    """

    arm: Arm
    layer: str
    count: int
    n: int = 0


class ClauseRow(Record):
    """One clause. verdict: of the report's subject arm; `reason` says why where the interval alone does not.

    p: the chance of a rate this good or better from a model exactly at the target. adjusted_p: after Holm's correction
    for all verdicts on hard clauses; no verdict rests on it. stopped: where a sequential measuring did. methods: how
    each check decides. unchecked: what the clause asks for and no check decides. trials: verdicts on prompts of their
    own.
    """

    id: str
    kind: str
    name: str
    level: str
    says: str
    because: str | None = None
    comparison: Comparison
    target: float
    hard: bool
    place: Place | None = None
    text: str | None = None
    methods: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    judged: bool = False
    calibrations: tuple[Calibration, ...] = ()
    rates: tuple[Rate, ...] = ()
    difference: Difference | None = None
    verdict: Verdict | None = None
    reason: str | None = None
    more: int | None = None
    p: float | None = None
    adjusted_p: float | None = None
    stopped: Stopped | None = None
    trials: tuple[Trial, ...] = ()
    lines: tuple[Line, ...] = ()
    leaks: tuple[Leak, ...] = ()

    @property
    def decided(self) -> tuple[ClauseRow | Trial, ...]:
        """Everything about the clause that has a verdict: itself first."""
        return (self, *self.trials)
