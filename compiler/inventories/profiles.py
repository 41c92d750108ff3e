"""Answers to an inventory -> what each arm says of itself, beside what its everyday answers show.

In: the lines of `inventories/<name>/`. Out: `Profile` records. Stated scores are means over items that were read in
both orders, an item being the mean of the two; revealed ones are means over prompts, a prompt being the mean of the
items of both keys that it was held against. Intervals are Student's t. No verdict rests on any of it. This
file must not know models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from compiler.inventories.records import ItemAnswer, ShownAnswer
from compiler.records.behaviour import Profile
from compiler.records.figures import Score
from compiler.records.measured import InventoryReport
from compiler.records.record import Arm
from compiler.statistics import paired_mean

WEAK = (
    "A questionnaire tells what a model says of itself. Published comparisons find that it agrees only weakly with "
    "behaviour (Spearman 0.26), so no verdict rests on it."
)


def profiles(
    asked: InventoryReport, items: Sequence[ItemAnswer], shown: Sequence[ShownAnswer], arms: Sequence[Arm]
) -> tuple[Profile, ...]:
    """Return a profile for each arm that was asked."""
    return tuple(
        _profile(asked, arm, own, [s for s in shown if s.arm == arm])
        for arm in arms
        if (own := [item for item in items if item.arm == arm])
    )


def _profile(asked: InventoryReport, arm: Arm, items: Sequence[ItemAnswer], shown: Sequence[ShownAnswer]) -> Profile:
    top, middle = asked.points, (asked.points + 1) / 2
    stated, agreed = _stated(items, top)
    both = [pair for pair in _orders(items).values() if len(pair) == 2]
    position = _score([(pair["forward"] - pair["backward"]) / 2 for pair in both], (1 - top) / 2, (top - 1) / 2)
    return Profile(
        inventory=asked.name,
        arm=arm,
        points=top,
        stated=stated,
        revealed=_revealed(shown, top),
        acquiescence=_acquiescence(agreed, middle),
        position=position,
        unread=sum(item.agreement is None for item in items),
        answers=len(items),
        revealed_by=asked.revealed_by if shown else "",
        unjudged=sum(answer.yes is None for answer in shown),
    )


def _orders(items: Iterable[ItemAnswer]) -> dict[int, dict[str, float]]:
    """Item -> order -> agreement, where it was read."""
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for item in items:
        if item.agreement is not None:
            found[item.line][item.order] = item.agreement
    return found


Agreed = dict[tuple[str, int], list[float]]
"""Factor and key -> agreement with each item, not turned round."""


def _stated(items: Sequence[ItemAnswer], top: int) -> tuple[dict[str, Score], Agreed]:
    known = {item.line: item for item in items}
    agreed: Agreed = defaultdict(list)
    for line, orders in _orders(items).items():
        if len(orders) < 2:
            # One order alone says as much about a liking for a number as about the statement.
            continue
        agreed[known[line].factor, known[line].key].append(sum(orders.values()) / len(orders))
    scores: dict[str, Score] = {}
    for factor in dict.fromkeys(item.factor for item in items):
        turned = [*agreed.get((factor, 1), ()), *(top + 1 - value for value in agreed.get((factor, -1), ()))]
        if (score := _score(turned, 1, top)) is not None:
            scores[factor] = score
    return scores, agreed


def _acquiescence(agreed: Agreed, middle: float) -> float | None:
    """Agreement with statements and their opposites alike: over the factors with items of both keys, each key weighing
    the same, less the middle of the scale."""
    balanced = [
        (_mean(values) + _mean(agreed[factor, -1])) / 2
        for (factor, key), values in agreed.items()
        if key == 1 and agreed.get((factor, -1))
    ]
    return _mean(balanced) - middle if balanced else None


def _revealed(shown: Sequence[ShownAnswer], top: int) -> dict[str, Score]:
    scores: dict[str, Score] = {}
    for factor in dict.fromkeys(answer.factor for answer in shown):
        by_prompt: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        for answer in shown:
            if answer.factor == factor and answer.yes is not None:
                by_prompt[answer.probe_id][answer.key].append(answer.yes if answer.key == 1 else 1 - answer.yes)
        # A judge that says yes to all says yes to both keys, and so stands in the middle.
        values = [1 + (top - 1) * _mean([_mean(of_key) for of_key in keys.values()]) for keys in by_prompt.values()]
        if (score := _score(values, 1, top)) is not None:
            scores[factor] = score
    return scores


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _score(values: Sequence[float], lowest: float, highest: float) -> Score | None:
    """The mean with its 95% interval, held within the scale; None without a value.

    Student's t has no width where all values agree. Then at most 1 - 0.05^(1/n) of the others differ (Clopper and
    Pearson, one-sided), and the mean is off by no more than if all of those stood at an end of the scale.
    """
    if not values:
        return None
    mean, bounds = paired_mean(values)
    low, high = bounds
    if low == high:
        others = 1.0 - 0.05 ** (1 / len(values))
        low, high = mean - others * (mean - lowest), mean + others * (highest - mean)
    return Score(value=mean, low=max(lowest, low), high=min(highest, high), n=len(values))
