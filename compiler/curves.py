"""events.jsonl -> the curves of a training: every series of numbers that its events hold.

In: a run's folder. Out: a `Curve` for each stage and series, the usual ones first. A series that this file has never
heard of is one too; how long things took is none, for it would differ between two runs that are the same. This file
must not know how a curve is drawn.

>>> curves([{"stage": "dpo", "step": n, "of": 2, "loss": 1 / n, "clauses": {"trait.a": n}} for n in (1, 2)])[1].name
'clauses/trait.a'
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from compiler import events
from compiler.records.curves import Curve

NO_SERIES = frozenset({"step", "of", "time", "tokens", "tokens_per_second", "steps_per_second"})
FIRST = ("loss", "reward", "clauses", "reward_accuracy", "reward_margin", "kl", "held_out", "held_out_clauses")
OF_CLAUSES = ("clauses", "held_out_clauses", "trained_on")
LAST = ("learning_rate", "gradient_norm", "entropy")
MOST = 200
"""Points of a curve; of a longer one each point is a mean."""


def read(run: Path) -> tuple[Curve, ...]:
    return curves(events.read(run / events.NAME))


def curves(told: Iterable[dict[str, Any]]) -> tuple[Curve, ...]:
    """Return the curves of a run's events, stage by stage in the order in which they were trained."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    steps: dict[str, int] = {}
    for event in told:
        stage, step = event.get("stage"), event.get("step")
        if not isinstance(stage, str) or not isinstance(step, int):
            continue
        steps[stage] = max(steps.get(stage, 0), step, _whole(event.get("of")))
        for name, value in _numbers(event):
            found.setdefault((stage, name), {})[step] = value
    stages = list(steps)
    lines = [
        _curve(stage, name, steps[stage], sorted(values.items()))
        for (stage, name), values in found.items()
        if len(values) > 1
    ]
    return tuple(sorted(lines, key=lambda curve: (stages.index(curve.stage), _rank(curve.name), curve.name)))


def _numbers(event: dict[str, Any], above: str = "") -> Iterator[tuple[str, float]]:
    for name, value in event.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{above}{name}/")
        elif above + name not in NO_SERIES and _is_number(value):
            yield above + name, float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _rank(name: str) -> int:
    """The usual series first, then those of others, then what only says how it was computed."""
    group = name.partition("/")[0]
    order = (*FIRST, "", *LAST)
    return order.index(group if group in order else "")


def _curve(stage: str, name: str, of: int, values: list[tuple[int, float]]) -> Curve:
    every = -(-len(values) // MOST)
    parts = [values[start : start + every] for start in range(0, len(values), every)]
    numbers = [value for _, value in values]
    group, _, clause_id = name.partition("/")
    return Curve(
        stage=stage,
        name=name,
        clause_id=clause_id if group in OF_CLAUSES else None,
        of=of,
        points=tuple((part[-1][0], math.fsum(value for _, value in part) / len(part)) for part in parts),
        every=every,
        first=numbers[0],
        last=numbers[-1],
        least=min(numbers),
        most=max(numbers),
    )
