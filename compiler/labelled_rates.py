"""A rate that a judge decided, put right by people's labels on a uniform sample of its prompts.

In: what the judge said on every prompt, and people's mean label on some. Out: the rate and its interval, which hold
however bad the judge is. A prompt on which the judge gave no verdict counts as half kept: any guess will do, since
labels put it right like any other. This file must not know who labelled or where a target comes from.
"""

from __future__ import annotations

from collections.abc import Mapping

from compiler import statistics
from compiler.records.figures import Comparison, Rate
from compiler.statistics import Interval
from compiler.tallies import Cell, Column, Key

FEWEST = 30
"""Labelled prompts below which labels put no rate right."""
RARE = 5
"""Labels of the rarer sort, and errors of the judge, below which a large-sample interval covers too little."""


def corrected(rate: Rate, column: Column, labels: Mapping[Key, float], comparison: Comparison, exact: bool) -> Rate:
    """Return `rate` as labels put it right; as it is where fewer than `FEWEST` of its prompts have one.

    PPI++ (`statistics.ppi`) where labels of both sorts and errors of the judge are not rare; where one is, a variance
    cannot be estimated, and bounds are exact (Clopper and Pearson). Where labels of one sort are rare, or all prompts
    have one, those of the labels alone; where the judge's errors are, those of the judge's share, of the share on which
    it is too lenient and of that on which it is too strict, together at the interval's confidence (Bonferroni).
    exact: 95% on each side, else 95% in all.
    """
    known = {key: labels[key] for key in column if key in labels}
    if len(known) < FEWEST:
        return rate
    confidence = 0.90 if exact else 0.95
    said = {key: 0.5 if cell.kept is None else cell.kept for key, cell in column.items()}
    lenient = [max(0.0, said[key] - label) for key, label in known.items()]
    strict = [max(0.0, label - said[key]) for key, label in known.items()]
    kept = sum(known.values())
    if min(kept, len(known) - kept) < RARE or len(known) == len(column):
        value, bounds = kept / len(known), _bound(known, column, (1.0 - confidence) / 2.0)
    elif sum(lenient) + sum(strict) < RARE:
        value, bounds = _bounded(column, said, known, confidence)
    else:
        value, bounds = _powered(column, said, known, confidence)
    if comparison == "<=":
        value, bounds = 1.0 - value, Interval(1.0 - bounds.high, 1.0 - bounds.low)
    return rate.model_copy(
        update={"share": value, "low": bounds.low, "high": bounds.high, "basis": "labels", "labels": len(known)}
    )


def _powered(
    column: Column, said: Mapping[Key, float], known: Mapping[Key, float], confidence: float
) -> tuple[float, Interval]:
    from compiler.statistics.ppi import Labelled, Unlabelled, prediction_powered_mean

    rest = [key for key in column if key not in known]
    found = prediction_powered_mean(
        Labelled(list(known.values()), [said[key] for key in known], [column[key].cluster for key in known]),
        Unlabelled([said[key] for key in rest], [column[key].cluster for key in rest]),
        confidence,
    ).estimate
    return _within(found.value), Interval(_within(found.low), _within(found.high))


def _bounded(
    column: Column, said: Mapping[Key, float], known: Mapping[Key, float], confidence: float
) -> tuple[float, Interval]:
    tail = (1.0 - confidence) / 4.0  # each side of the interval adds two bounds
    lenient = {key: max(0.0, said[key] - label) for key, label in known.items()}
    strict = {key: max(0.0, label - said[key]) for key, label in known.items()}
    low = _bound(said, column, tail).low - _bound(lenient, column, tail).high
    high = _bound(said, column, tail).high + _bound(strict, column, tail).high
    value = sum(said.values()) / len(said) + (sum(strict.values()) - sum(lenient.values())) / len(known)
    return _within(value), Interval(_within(low), _within(high))


def _bound(values: Mapping[Key, float], cells: Mapping[Key, Cell], tail: float) -> Interval:
    """Exact bounds of a mean, each at `tail`."""
    worth = statistics.effective_n(list(values.values()), [cells[key].cluster for key in values])
    return statistics.clopper_pearson(sum(values.values()) / len(values) * worth, worth, 1.0 - tail, sides="each")


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))
