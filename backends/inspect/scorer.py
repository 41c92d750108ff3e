"""The scorer: Tenet's own checks and judge, and the share of answers that keep each clause.

In: a finished sample. Out: a score of 1 or 0 for the probe's own clause; of every clause that the answer decides,
whether it is kept, in the score's metadata. An answer that nobody could decide is unscored: missing data. The unit of
these shares is the answer; `tenet diff` counts prompts and gives intervals. This file must not know arms.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, accuracy, metric, scorer
from inspect_ai.solver import TaskState
from pydantic import TypeAdapter

from backends.deciding import Case, Decision, decide
from backends.inspect.loading import ONE_AT_A_TIME, models_at
from compiler.records.checks import Check

CHECKS: TypeAdapter[dict[str, tuple[Check, ...]]] = TypeAdapter(dict[str, tuple[Check, ...]])


@metric
def by_clause() -> Metric:
    """Of the answers that decide a clause, the share that keeps it; each clause has its own."""

    def shares(scores: list[SampleScore]) -> Value:
        found: dict[str, list[bool]] = defaultdict(list)
        for one in scores:
            for name, held in ((one.score.metadata or {}).get("held") or {}).items():
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
        checks = CHECKS.validate_python(state.metadata["checks"])
        own = str(state.metadata["clause"])
        if state.output.error or state.output.stop_reason == "model_length":
            return Score.unscored(reason="no answer", answer="", metadata={"held": dict.fromkeys(checks), "yes": None})
        answer = state.output.completion
        question = [message.text for message in state.messages if message.role == "user"][-1]
        cases = [Case(question, answer, rules) for rules in checks.values()]
        decisions = dict(
            zip(checks, await _aside(lambda: decide(cases, models_at(Path(build), Path(root)).judge)), strict=True)
        )
        about = {
            "held": {name: decision.kept for name, decision in decisions.items()},
            "yes": decisions[own].judge_yes,
        }
        if decisions[own].kept is None:
            return Score.unscored(reason="undecided", answer=answer, metadata=about)
        return Score(value=1 if decisions[own].kept else 0, answer=answer, metadata=about)

    return score


async def _aside(work: Callable[[], Sequence[Decision]]) -> Sequence[Decision]:
    """Do it in a thread, so that Inspect's loop goes on; one at a time."""

    def alone() -> Sequence[Decision]:
        with ONE_AT_A_TIME:
            return work()

    return await asyncio.to_thread(alone)
