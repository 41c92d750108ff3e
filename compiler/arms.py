"""Arms: which of them see the compiled prompt, which the adapter or the vectors, and whose verdicts count.

In: arms. Out: answers about them. This file must not know how an arm is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.records.record import ALL_ARMS, ARMS, Arm


def uses_adapter(arm: Arm) -> bool:
    return arm in ("adapter", "adapter+prompt")


def uses_prompt(arm: Arm) -> bool:
    return arm in ("prompt", "adapter+prompt")


def uses_steering(arm: Arm) -> bool:
    return arm == "steer"


def usual_arms(steering: bool) -> tuple[Arm, ...]:
    """The arms that are measured where nobody names any. steering: whether vectors are there."""
    return tuple(arm for arm in ALL_ARMS if arm in ARMS or (steering and uses_steering(arm)))


def subject_of(arms: Sequence[Arm]) -> Arm:
    """Return the arm whose verdicts count: the adapter where it is there, else the prompt, else the vectors,
    else what is."""
    return next((arm for arm in ("adapter", "prompt", "steer") if arm in arms), arms[0])
