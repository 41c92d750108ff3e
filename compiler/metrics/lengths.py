"""How long everyday answers are. Training that rewards length shows here first."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks.length import count_words
from compiler.metrics.asked import Asked, mean
from compiler.metrics.everyday import everyday
from compiler.records.behaviour import Metric
from compiler.records.measured import Measurement
from compiler.records.rows import Probe


def measure(asked: Asked) -> Iterator[Metric]:
    def words(_: Probe, row: Measurement) -> float | None:
        return count_words(row.answer)

    yield from mean(
        asked,
        everyday(asked.program, asked.probes),
        words,
        id="words",
        group="length",
        title="words in an everyday answer",
        explains="words in an answer to an everyday or safe prompt, on average",
        unit="words",
        better=None,
    )
