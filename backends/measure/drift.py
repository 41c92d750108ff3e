"""How far the adapter's answers are from the base: divergence and implicit reward of its answers to questions of fact.

In: the adapter arm's measurements, the probes, an engine with the adapter. Out: the same measurements, those of the
factual controls with `drift` and `reward`. This file must not know what a metric makes of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from backends.cached import CHUNK, CachedEngine
from backends.measure.arms import seen
from compiler.lowering.probes import FACTS
from compiler.records import Measurement, Probe

MOST = CHUNK
"""Answers that are compared: a sample, since each costs two readings and the mean is soon known."""


def with_drift(
    measurements: Sequence[Measurement], probes: Sequence[Probe], subject: CachedEngine
) -> list[Measurement]:
    facts = {probe.id: probe for probe in probes if probe.clause_id == FACTS}
    sample = [row for row in measurements if row.probe_id in facts and row.answer][:MOST]
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
        row.model_copy(update={"drift": pair[0], "reward": pair[1]}) if (pair := found.get(row.probe_id)) else row
        for row in measurements
    ]
