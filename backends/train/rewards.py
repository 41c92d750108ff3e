"""The spec's rewards as functions that the library's trainers ask for each answer of a policy.

In: rewards.json, and a judge for what no deterministic check decides. Out: one function a clause, named by it, so that
the trainer keeps a series for each: 1 kept, 0 broken, None where the clause says nothing about the row, or where the
judge gave no answer. This file must not know which trainer asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from backends.cached import CachedEngine
from backends.deciding import Case, decide
from backends.judges import Judge
from compiler import data
from compiler.failures import DataError
from compiler.records.filters import FilterRule
from compiler.records.rewards import Reward, Rewards

PATH = "rewards.json"
Scores = list[float | None]


def read(build: Path) -> Rewards:
    """Read rewards.json.

    Raises:
        DataError: it is not there, or no such file.
    """
    try:
        return Rewards.model_validate_json((build / PATH).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{build / PATH} cannot be read: {error}", help="build the spec again: tenet build") from error


def prompts(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each prompt of a unit once, in order."""
    seen = set()
    found = []
    for row in rows:
        key = (row["unit"], *((m["role"], m["content"]) for m in row["prompt"]))
        if key not in seen:
            seen.add(key)
            found.append(row)
    return found


def functions(rewards: Rewards, judge: Judge | CachedEngine) -> list[Callable[..., Scores]]:
    """Return a reward function for each clause, as trl takes them."""
    topics = tuple(reward.rule for reward in rewards.rewards if reward.rule is not None)
    return [_function(reward, topics, judge) for reward in rewards.rewards]


def _function(reward: Reward, topics: Sequence[FilterRule], judge: Judge | CachedEngine) -> Callable[..., Scores]:
    own = {unit: part.checks for part in reward.own for unit in part.units}

    def kept(prompts: list[Any], completions: list[Any], unit: list[str], **_: Any) -> Scores:
        scores: Scores = [None] * len(prompts)
        cases: dict[int, Case] = {}
        for place, (prompt, completion, name) in enumerate(zip(prompts, completions, unit, strict=True)):
            question, answer = prompt[-1]["content"], completion[0]["content"]
            if name in own:
                cases[place] = Case(question, answer, own[name])
            elif reward.rule is not None and _holds(reward.rule, question, topics):
                scores[place] = float(data.keeps(reward.rule, answer))
        for place, decision in zip(cases, decide(list(cases.values()), judge), strict=True):
            scores[place] = None if decision.kept is None else float(decision.kept)
        return scores

    kept.__name__ = reward.clause
    return kept


def _holds(rule: FilterRule, question: str, topics: Sequence[FilterRule]) -> bool:
    """Whether filters.json holds the answer to a question to this rule."""
    if rule.topic or rule.asks:
        return data.is_about(question, rule)
    return not (rule.otherwise and any(data.may_be_about(question, other) for other in topics))


@cache
def _of_folder(folder: Path) -> list[Callable[..., Scores]]:
    from backends.judges.deterministic import Deterministic

    return functions(read(folder), Deterministic())


def combined(prompts: list[Any], completions: list[Any], unit: list[str], **more: Any) -> list[float]:
    """The mean of all rewards that apply, for stock `trl grpo` in a build folder; principles that only a judge decides
    count as kept there."""
    columns = [score(prompts, completions, unit, **more) for score in _of_folder(Path.cwd())]
    said = [[score for score in row if score is not None] for row in zip(*columns, strict=True)]
    return [sum(row) / len(row) if row else 0.0 for row in said]
