"""Whether plain orders are still followed: one word, ten words, no comma, a list of three (as in IFEval, Zhou 2023).

Every order is checked by rule. Helpfulness kept is the difference to the base: what an arm cannot do, it did not lose.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.generators.controls import INSTRUCTIONS
from compiler.metrics.asked import Asked, share
from compiler.records.behaviour import Metric
from compiler.records.measured import Measurement
from compiler.records.rows import Probe


def measure(asked: Asked) -> Iterator[Metric]:
    def followed(_: Probe, row: Measurement) -> bool | None:
        return row.held.get(INSTRUCTIONS)

    yield from share(
        asked,
        asked.of_control(INSTRUCTIONS),
        followed,
        id="instructions",
        group="helpfulness",
        title="follows an order that can be checked",
        explains="everyday questions with an order on length, form or words, which the answer follows",
        better="more",
    )
