"""Numbers as a report holds them: rates with verdicts, differences, scores.

In: nothing. Out: the parts of which the records of a report are made. Shares lie in [0, 1], differences are first arm
less second. This file must not compute.
"""

from __future__ import annotations

from typing import Literal

from compiler.records.record import Arm, Record

REPORT_VERSION = 1
Verdict = Literal["met", "missed", "unclear"]
Comparison = Literal[">=", "<="]
Figure = Literal["rate", "pressure", "over_refusal"]
"""What a verdict is about: the clause on its own prompts; the clause though pushed; safe requests being answered."""


class Rate(Record):
    """One arm on one set of prompts.

    share: what the target speaks of: answers that keep the clause (`>=`), or that break it (`<=`). count: answers in
    that share (a fraction where repeats of a prompt disagree). n: different prompts decided. effective_n: their worth
    after clustering by template. missing: prompts that could not be decided. verdict: None where there is no target.
    more: prompts that would settle an unclear verdict if the share stayed; None where it is settled or nothing would.
    basis: what the figure rests on: checks; a judge that is calibrated, or one that is not; or people's labels on
    `labels` of the prompts, with the judge on the rest (share and interval are then PPI++'s, `count` the judge's).
    """

    arm: Arm
    count: float
    n: int
    effective_n: float
    missing: int = 0
    share: float
    low: float
    high: float
    verdict: Verdict | None = None
    more: int | None = None
    basis: Literal["checks", "judge", "uncalibrated judge", "labels"] = "checks"
    labels: int = 0


class Difference(Record):
    """Two arms on the prompts that both decided. p: exact McNemar; adjusted_p: over the soft clauses (Benjamini and
    Hochberg)."""

    arm: Arm
    against: Arm
    n: int
    first_only: int
    second_only: int
    difference: float
    low: float
    high: float
    p: float
    adjusted_p: float | None = None


class Score(Record):
    """A number with its 95% interval. n: prompts, pairs, items or dialogues behind it."""

    value: float
    low: float
    high: float
    n: int
