"""Whether answers keep their checks: the deterministic ones first, then a judge for what only a model can say.

In: answers with their questions and checks. Out: kept, broken or undecided, with the judge's probability of yes. The
judge is asked only where no deterministic check has decided already. This file must not know who asks.
"""

from __future__ import annotations

from collections.abc import Sequence

from backends.cached import CachedEngine
from backends.judges import Case, Decision, Judge
from backends.judges.deterministic import Deterministic
from backends.judges.model import ModelJudge

__all__ = ["Case", "Decision", "decide"]


def decide(cases: Sequence[Case], judge: Judge | CachedEngine) -> list[Decision]:
    """Decide each case. judge: an engine is asked about principles as they stand, without rubrics."""
    judge = ModelJudge(judge) if isinstance(judge, CachedEngine) else judge
    decisions = Deterministic().decide(cases)
    left = [place for place, decision in enumerate(decisions) if decision.kept]
    for place, decision in zip(left, judge.decide([cases[place] for place in left]), strict=True):
        decisions[place] = decision
    return decisions
