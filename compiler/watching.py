"""When a training is looked at, what stops it, and which of the steps that were looked at is kept.

In: looks and budgets. Out: steps, reasons in words, and a choice. This file must not know trainers, or how a look is
had.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import assert_never

from compiler.records.recipe import Unit
from compiler.records.watch import Budget, Look, Watch

SAMPLED = 32
"""Questions whose answers are sampled at each look, to tell how far from the base they are."""
MOST_DEGENERATE = 0.5
"""A share of empty and looping answers, beyond the base's own, that is a collapse."""


def steps(every: float, of: int) -> tuple[int, ...]:
    """The steps after which it is looked; the last one always.

    >>> steps(0.25, 10), steps(0.01, 3)
    ((2, 5, 8, 10), (1, 2, 3))
    """
    looks = math.floor(1 / every + 1e-9)
    found = {round(number * every * of) for number in range(1, looks + 1)}
    return tuple(sorted((found | {of}) - {0}))


def answers(watch: Watch, units: Sequence[Unit], stages: Sequence[int]) -> int:
    """How many answers the watching of a training asks for.

    Args:
        stages: the steps of each that trains an adapter.
    """
    watched = [unit for unit in units if unit.purpose == "watch"]
    held_out = sum(unit.count for unit in watched)
    clauses = {unit.clause_ids[0] for unit in watched if unit.checks}
    each = held_out + len(clauses) * watch.rows
    sampled = min(SAMPLED, held_out)
    # The base and the start of each stage are asked as well.
    return sum(held_out + (len(steps(watch.every, of)) + 1) * (each + sampled) for of in stages)


def broken(look: Look, budgets: Sequence[Budget]) -> tuple[str, ...]:
    """The budgets that a look breaks, each with its value."""
    found = []
    for budget in budgets:
        match budget.name:
            case "max_kl":
                value, told = look.kl, f"{look.kl:.3g} nats a token from the base, max_kl is {budget.at_most:g}"
            case "max_facts_lost":
                value = look.facts_lost or 0.0
                told = f"{100 * value:.3g} points of the facts lost, max_facts_lost is {100 * budget.at_most:g}"
            case "max_length":
                value = look.length_ratio
                told = f"answers {value:.3g} times as long as the base's, max_length is {budget.at_most:g}"
            case _:
                assert_never(budget.name)
        if value > budget.at_most + 1e-9:
            found.append(told)
    return tuple(found)


def collapsed(look: Look, before: Sequence[Look], max_fall: float, degenerate_base: float) -> str | None:
    """Why a look shows a collapse, or None.

    Args:
        degenerate_base: the share of the base's own answers that are empty or loops.
    """
    degenerate = look.empty + look.looping
    if degenerate - degenerate_base > MOST_DEGENERATE:
        return f"{look.empty:.0%} of the answers are empty and {look.looping:.0%} repeat themselves"
    best = max((each.score for each in before if not each.stops), default=0.0)
    if best - look.score > max_fall + 1e-9:
        return f"the held-out score fell from {best:.0%} to {look.score:.0%}, by more than max_fall, {max_fall:.0%}"
    return None


def best(looks: Sequence[Look]) -> Look | None:
    """The look with the best held-out score of those that break nothing; None where each breaks something.

    Of equal ones the last: how far a training may go is what budgets say, and what more training gives beyond (the
    clause kept under pressure) is not in the score.
    """
    good = [look for look in looks if not look.stops]
    return max(good, key=lambda look: (look.score, look.step), default=None)
