"""What a metric is read from, and the ways in which figures are made of answers.

In: probes and answers. Out: `Metric` records with an interval for each arm. The unit is the prompt: answers to one
prompt are averaged, and prompts of one form count for less (`statistics.effective_n`). This file must not know what a
metric means.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compiler import statistics, tallies
from compiler.ir import Program
from compiler.records.behaviour import Metric
from compiler.records.figures import Score
from compiler.records.measured import Measurement
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.statistics import Paired
from compiler.statistics.means import clustered_mean
from compiler.tallies import Answers, Cell, Column

Shows = Callable[[Probe, Measurement], bool | None]
"""Whether an answer shows what is counted; None where it cannot be said, or does not count."""
Value = Callable[[Probe, Measurement], float | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A measured run. prompt: the compiled one. prompt_tokens: its length to the subject, None where not counted."""

    program: Program
    probes: Sequence[Probe]
    answers: Answers
    arms: Sequence[Arm]
    subject: Arm
    prompt: str = ""
    prompt_tokens: int | None = None

    def of_control(self, name: str) -> list[Probe]:
        return [probe for probe in self.probes if probe.clause_id == name]

    def of_clause(self, clause_id: str, *aspects: str) -> list[Probe]:
        return [probe for probe in self.probes if probe.clause_id == clause_id and probe.aspect in aspects]


def share(asked: Asked, probes: Sequence[Probe], shows: Shows, **head: Any) -> Iterator[Metric]:
    """Yield the share of prompts whose answers show something; nothing where no arm has one that counts.

    Intervals: Wilson's on the effective number of prompts; the difference on common prompts is Newcombe's. head: the
    fields of `Metric` that name it.
    """
    columns = {arm: _column(asked, arm, probes, shows) for arm in asked.arms}
    scores = {arm: found for arm, column in columns.items() if (found := _share(column))}
    if scores:
        yield Metric(unit="share", scores=scores, difference=_difference(asked, columns), **head)


def mean(asked: Asked, probes: Sequence[Probe], value: Value, **head: Any) -> Iterator[Metric]:
    """Yield the mean over prompts, if any, with the cluster-robust t interval; the difference is of paired prompts."""
    columns = {arm: _values(asked, arm, probes, value) for arm in asked.arms}
    scores = {arm: found for arm, column in columns.items() if (found := of_mean(list(column.values())))}
    if not scores:
        return
    first, base = columns[asked.subject], columns.get("base", {})
    common = [(first[key][0] - base[key][0], first[key][1]) for key in first if key in base]
    difference = of_mean(common) if asked.subject != "base" else None
    yield Metric(scores=scores, difference=difference, **head)


def of_mean(values: Sequence[tuple[float, Hashable]]) -> Score | None:
    """Return the mean of values with their clusters; None for fewer than two clusters, of which no interval is had."""
    clusters = [cluster for _, cluster in values]
    if len(set(clusters)) < 2:
        return None
    found = clustered_mean([number for number, _ in values], clusters)
    return Score(value=found.value, low=found.low, high=found.high, n=len(values))


def of_counts(shown: float, n: int) -> Score | None:
    """Return a share of independent prompts; None of no prompt."""
    if not n:
        return None
    bounds = statistics.wilson(shown, n)
    return Score(value=shown / n, low=bounds.low, high=bounds.high, n=n)


def _column(asked: Asked, arm: Arm, probes: Sequence[Probe], shows: Shows) -> Column:
    found: dict[tallies.Key, list[bool]] = defaultdict(list)
    clusters: dict[tallies.Key, Hashable] = {}
    for probe in probes:
        row = asked.answers.get((probe.id, arm))
        if row is None or not row.was_given or (shown := shows(probe, row)) is None:
            continue
        key = tallies.prompt_key(probe)
        found[key].append(shown)
        clusters[key] = probe.template or key
    return {key: Cell(sum(rows) / len(rows), clusters[key]) for key, rows in found.items()}


def _share(column: Column) -> Score | None:
    values = [cell.kept for cell in column.values() if cell.kept is not None]
    if not values:
        return None
    worth = statistics.effective_n(values, [cell.cluster for cell in column.values()])
    value = sum(values) / len(values)
    bounds = statistics.wilson(value * worth, worth)
    return Score(value=value, low=bounds.low, high=bounds.high, n=len(values))


def _difference(asked: Asked, columns: Mapping[Arm, Column]) -> Score | None:
    if asked.subject == "base" or "base" not in columns:
        return None
    ours, base = columns[asked.subject], columns["base"]
    pairs: Paired = tallies.paired(ours, base)
    if not pairs.n:
        return None
    bounds = statistics.newcombe_paired(pairs, worth=tallies.worth(ours, base))
    return Score(value=pairs.difference, low=bounds.low, high=bounds.high, n=pairs.n)


def _values(asked: Asked, arm: Arm, probes: Sequence[Probe], value: Value) -> dict[tallies.Key, tuple[float, Hashable]]:
    found: dict[tallies.Key, tuple[float, Hashable]] = {}
    for probe in probes:
        row = asked.answers.get((probe.id, arm))
        if row is not None and row.was_given and (number := value(probe, row)) is not None:
            # Greedy answers to one prompt are alike: the first counts.
            key = tallies.prompt_key(probe)
            found.setdefault(key, (number, probe.template or key))
    return found
