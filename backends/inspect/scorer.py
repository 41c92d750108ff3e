"""The scorer: Tenet's own checks and judge, and the share of answers that keep each clause.

In: a finished sample. Out: a score of 1 or 0 for the probe's own clause; in the score's metadata the measurement, as
`tenet measure` makes it: of every clause that the answers decide, whether it is kept, in a dialogue turn by turn. What
nobody could decide is unscored: missing data. The unit of these shares is the sample; `tenet diff` counts prompts and
gives intervals. This file must not know arms.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, accuracy, metric, scorer
from inspect_ai.solver import TaskState
from pydantic import TypeAdapter

from backends.deciding import decide
from backends.inspect.loading import ONE_AT_A_TIME, models_at
from backends.inspect.said import SAID, as_said
from backends.measure import outcomes
from compiler.records.checks import Check
from compiler.records.measured import Measurement
from compiler.records.record import Arm
from compiler.records.rows import Probe

CHECKS: TypeAdapter[dict[str, tuple[Check, ...]]] = TypeAdapter(dict[str, tuple[Check, ...]])
MEASUREMENT = "tenet"
"""Where a score's metadata holds the measurement."""
ANY_ARM: Arm = "base"
"""A scorer does not know whose answers it decides; `reading` puts the arm in."""


@metric
def by_clause() -> Metric:
    """Of the samples that decide a clause, the share that keeps it; each clause has its own."""

    def shares(scores: list[SampleScore]) -> Value:
        found: dict[str, list[bool]] = defaultdict(list)
        for one in scores:
            for name, held in ((one.score.metadata or {}).get(MEASUREMENT, {}).get("held") or {}).items():
                if held is not None:
                    found[name].append(held)
        return {name: sum(held) / len(held) for name, held in sorted(found.items())}

    return shares


@scorer(metrics=[accuracy(), by_clause()], name="tenet/kept")
def kept(build: str, root: str = "") -> Scorer:
    """Decide every answer as `tenet measure` does.

    Args:
        build: the folder whose judge decides what no deterministic check can.
        root: the folder that paths of the spec start from.
    """

    async def score(state: TaskState, target: Target) -> Score:
        probe = Probe.model_validate(state.metadata["probe"])
        further = CHECKS.validate_python(state.metadata["further"])
        said = as_said(state.store.get(SAID, []))
        asked = outcomes.asked(probe, said, further)
        cases = [one.case for one in asked]
        decisions = await _aside(lambda: decide(cases, models_at(Path(build), Path(root)).judge))
        found = outcomes.measurement(probe, ANY_ARM, said, further, list(zip(asked, decisions, strict=True)))
        about = {MEASUREMENT: found.model_dump(mode="json")}
        own = found.held[probe.clause_id]
        if own is None:
            reason = "no answer" if said.answer is None else "undecided"
            return Score.unscored(reason=reason, answer=found.answer, metadata=about)
        return Score(value=1 if own else 0, answer=found.answer, metadata=about)

    return score


def measurement_of(score: Score) -> Measurement | None:
    """Return what a score of this scorer says; None for a score of another."""
    found = (score.metadata or {}).get(MEASUREMENT)
    return Measurement.model_validate(found) if found else None


Answered = TypeVar("Answered")


async def _aside(work: Callable[[], Answered]) -> Answered:
    """Do it in a thread, so that Inspect's loop goes on; one at a time."""

    def alone() -> Answered:
        with ONE_AT_A_TIME:
            return work()

    return await asyncio.to_thread(alone)
