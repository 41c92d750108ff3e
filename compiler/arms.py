"""Arms: which of them see the compiled prompt, which the adapter, and whose verdicts count.

In: arms. Out: answers about them. This file must not know how an arm is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.records.record import Arm


def uses_adapter(arm: Arm) -> bool:
    return arm in ("adapter", "adapter+prompt")


def uses_prompt(arm: Arm) -> bool:
    return arm in ("prompt", "adapter+prompt")


def subject_of(arms: Sequence[Arm]) -> Arm:
    """Return the arm whose verdicts count: the adapter where it is there, else the prompt, else what is."""
    return next((arm for arm in ("adapter", "prompt") if arm in arms), arms[0])
