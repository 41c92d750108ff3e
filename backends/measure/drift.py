"""How far the adapter's answers are from the base: divergence and implicit reward of its answers to questions of fact.

In: measurements, the probes, an engine with the adapter. Out: the same measurements, the adapter arm's on factual
controls with `drift` and `reward`. This file must not know what a metric makes of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from backends.cached import CHUNK, CachedEngine
from backends.measure.arms import seen
from compiler.lowering.probes import FACTS
from compiler.records.measured import Measurement
from compiler.records.rows import Probe

MOST = CHUNK
"""Answers that are compared: a sample, since each costs two readings and the mean is soon known."""


def with_drift(
    measurements: Sequence[Measurement], probes: Sequence[Probe], subject: CachedEngine
) -> list[Measurement]:
    facts = {probe.id: probe for probe in probes if probe.clause_id == FACTS}
    of_adapter = [row for row in measurements if row.arm == "adapter" and row.probe_id in facts and row.answer]
    sample = of_adapter[:MOST]
    if not sample:
        return list(measurements)
    conversations = [seen(facts[row.probe_id], "adapter", "") for row in sample]
    found = dict(
        zip(
            (row.probe_id for row in sample),
            subject.compared(conversations, [row.answer for row in sample]),
            strict=True,
        )
    )
    return [
        row.model_copy(update={"drift": pair[0], "reward": pair[1]})
        if row.arm == "adapter" and (pair := found.get(row.probe_id))
        else row
        for row in measurements
    ]
