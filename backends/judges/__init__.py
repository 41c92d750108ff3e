"""Judges: what says whether an answer keeps its checks. One file each in this folder, behind one small interface.

    deterministic   checks that look at the text
    model           an engine in the judging role: nano, a local base, a served model
    likelihood      the subject's own likelihood ratio: a second opinion on what a model decides
    pairwise        which of two answers, by a model asked in both orders

In: answers with their questions and checks. Out: kept, broken or undecided. This folder must not know arms, targets or
verdicts; `backends.deciding` puts a deterministic judge and a model together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from compiler.records.checks import Check


@dataclass(frozen=True, slots=True)
class Case:
    """An answer to be decided: `question` is the user's last message."""

    question: str
    answer: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """kept: None where a judge was needed and gave no answer: missing data, never a verdict. judge_yes: what the first
    judge asked put on yes, 0 to 1."""

    kept: bool | None
    judge_yes: float | None = None


class Judge(Protocol):
    def decide(self, cases: Sequence[Case]) -> list[Decision]:
        """Decide each case by those of its checks that are this judge's; a case with none of them is kept."""


def both(one: bool | None, other: bool | None) -> bool | None:
    """Whether both are kept: a broken one decides, then an undecided one."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True
