"""Figures of behaviour beside the verdicts: one small function a file, all of them in the tuple below.

In: a measured run (`Asked`). Out: `Metric` records for diff.json. To add one: write a file with a function
`measure(asked)` that yields metrics (nothing where there is nothing to say) and put it into `METRICS`; the terminal and
the page show whatever is there. A metric never decides a verdict. This folder must not know how answers are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from compiler.metrics import (
    cost,
    drift,
    honesty,
    identity,
    instructions,
    lengths,
    look_alikes,
    opposite,
    paraphrase,
    recital,
    style,
    sycophancy,
    variety,
)
from compiler.metrics.asked import Asked
from compiler.records.behaviour import Metric

METRICS: tuple[Callable[[Asked], Iterator[Metric]], ...] = (
    opposite.measure,
    style.measure,
    look_alikes.measure,
    identity.measure,
    paraphrase.measure,
    recital.measure,
    honesty.measure,
    sycophancy.measure,
    instructions.measure,
    variety.measure,
    lengths.measure,
    drift.measure,
    cost.measure,
)


def measure(asked: Asked) -> tuple[Metric, ...]:
    """Return every figure that can be had of this run."""
    return tuple(metric for find in METRICS for metric in find(asked))
