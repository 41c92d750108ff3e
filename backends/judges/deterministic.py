"""The judge that looks at the text alone: phrases, patterns, lengths, refusals.

In: cases. Out: kept or broken by every check that needs no model. This file must not know how a check is evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence

from backends.judges import Case, Decision
from compiler.checks import evaluate
from compiler.records.checks import JudgeCheck


class Deterministic:
    def decide(self, cases: Sequence[Case]) -> list[Decision]:
        return [
            Decision(all(evaluate(c, case.answer) for c in case.checks if not isinstance(c, JudgeCheck)))
            for case in cases
        ]
