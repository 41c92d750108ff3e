"""An inventory put to every arm, and the same arm's everyday answers held against its items.

In: an inventory, the subject, the judge, the answers that the arms have given. Out: `inventories/<name>/` in the run's
folder, and an `InventoryReport`. An item's answer is the expected number where the model puts most of its probability
on numbers, else what its reply says, else nothing. No sign in a text alone decides a trait of character, so what is
shown is left to a judge. This file must not know scores.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from backends.cached import CHUNK, CachedEngine
from backends.deciding import Case, decide
from backends.engines import Conversation, Sampling
from backends.measure.arms import seen
from backends.measure.models import Models
from compiler.arms import uses_adapter, uses_steering
from compiler.files import write_rows
from compiler.inventories import Inventory, Item
from compiler.inventories.records import ItemAnswer, ShownAnswer
from compiler.inventories.wording import DIGITS, ORDERS, Order, agreement, point, principle, question
from compiler.records.checks import JudgeCheck
from compiler.records.measured import InventoryReport
from compiler.records.record import Arm, Message
from compiler.records.rows import Probe

Thing = TypeVar("Thing")

FOLDER = "inventories"
REPLY = Sampling(max_new_tokens=24)
MASS = 0.5
"""A model that puts this much probability on the numbers together answers at once; else its reply is read."""
EVERYDAY = 24
"""Everyday prompts whose answers are judged, the same in every arm."""
MOST_JUDGED = 4
"""Items of each key and factor that everyday answers are held against, from all over the inventory: a judge's batch
holds one item, and small batches are slow."""

Answers = Mapping[tuple[str, Arm], str]
"""What each arm said to each probe, where it could read it."""


def measure_inventory(
    inventory: Inventory,
    models: Models,
    arms: Sequence[Arm],
    everyday: Sequence[Probe],
    answers: Answers,
    folder: Path,
    tell: Callable[[int, int, str], None],
) -> InventoryReport:
    """Ask every item in both orders of every arm, and the judge about everyday answers.

    Args:
        everyday: probes that ask for an ordinary answer.
        folder: of the run.
    """
    chosen = spread([probe for probe in everyday if all((probe.id, arm) in answers for arm in arms)], EVERYDAY)
    total = len(arms) * len(inventory.items) * len(ORDERS)
    items: list[ItemAnswer] = []
    shown: list[ShownAnswer] = []
    for arm in arms:
        tell(len(items), total, arm)
        for order in ORDERS:
            items += _asked(inventory, models.subject, arm, models.prompt, order)
        shown += _shown(inventory, models.grader, arm, chosen, answers)
    here = folder / FOLDER / inventory.name
    shutil.rmtree(here, ignore_errors=True)
    write_rows(here / "items.jsonl", items)
    write_rows(here / "shown.jsonl", shown)
    return InventoryReport(
        name=inventory.name,
        file=inventory.file,
        sha256=inventory.sha256,
        items=len(inventory.items),
        points=inventory.points,
        revealed_by=models.judge_base.name if shown else "",
    )


def spread(probes: Sequence[Probe], most: int) -> list[Probe]:
    """Return at most `most` different prompts, evenly from the whole list, so that all of its kinds are among them."""
    return _spread(list({(probe.context, probe.messages): probe for probe in probes}.values()), most)


def _spread(things: Sequence[Thing], most: int) -> list[Thing]:
    step = max(1.0, len(things) / most)
    return [things[int(i * step)] for i in range(min(most, len(things)))]


def _asked(inventory: Inventory, subject: CachedEngine, arm: Arm, prompt: str, order: Order) -> Iterator[ItemAnswer]:
    for start in range(0, len(inventory.items), CHUNK):
        part = inventory.items[start : start + CHUNK]
        batch = [_conversation(item, order, arm, prompt) for item in part]
        numbers = subject.choices(batch, DIGITS, adapter=uses_adapter(arm), steer=uses_steering(arm))
        told = [row is not None and sum(row) >= MASS for row in numbers]
        waiting = [conversation for conversation, done in zip(batch, told, strict=True) if not done]
        replies = iter(subject.answers(waiting, REPLY, adapter=uses_adapter(arm), steer=uses_steering(arm)))
        for item, row, done in zip(part, numbers, told, strict=True):
            reply = "" if done else next(replies) or ""
            found = expected(row, order) if done and row is not None else point(reply, order)
            yield ItemAnswer(
                line=item.line,
                factor=item.factor,
                key=item.key,
                arm=arm,
                order=order,
                agreement=found,
                read_from=None if found is None else "probabilities" if done else "reply",
                reply=reply,
            )


def _conversation(item: Item, order: Order, arm: Arm, prompt: str) -> Conversation:
    messages = (Message(role="user", content=question(item.text, order)),)
    return seen(Probe(id="", clause_id="", messages=messages, checks=(), unit=""), arm, prompt)


def expected(probabilities: Sequence[float], order: Order) -> float:
    """The mean number under the probabilities that a model gives to the numbers of the scale, as agreement.

    >>> expected([0.0, 0.0, 0.0, 0.4, 0.4], "forward"), expected([0.0, 0.0, 0.0, 0.4, 0.4], "backward")
    (4.5, 1.5)
    """
    mean = sum(number * p for number, p in enumerate(probabilities, 1)) / sum(probabilities)
    return agreement(mean, order)


def _shown(
    inventory: Inventory, judge: CachedEngine, arm: Arm, probes: Sequence[Probe], answers: Answers
) -> list[ShownAnswer]:
    """For each prompt and factor, one item of each key in turn, so that all items come up."""
    asked: list[tuple[Probe, Item]] = []
    for factor in inventory.factors:
        for key in (1, -1):
            items = _spread(
                [item for item in inventory.items if item.factor == factor and item.key == key], MOST_JUDGED
            )
            asked += [(probe, items[place % len(items)]) for place, probe in enumerate(probes) if items]
    cases = [
        Case(probe.messages[-1].content, answers[probe.id, arm], (JudgeCheck(principle=principle(item.text)),))
        for probe, item in asked
    ]
    return [
        ShownAnswer(
            probe_id=probe.id, line=item.line, factor=item.factor, key=item.key, arm=arm, yes=decision.judge_yes
        )
        for (probe, item), decision in zip(asked, decide(cases, judge), strict=True)
    ]
