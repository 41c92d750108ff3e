"""How arms are named on the page, and their sign in its figures.

In: arms. Out: names, what they mean, a small figure of each arm's sign. This file must not know sections.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from compiler.records.figures import Rate
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.report.svg import Drawing

NAMES: dict[Arm, str] = {
    "base": "base",
    "prompt": "base + prompt",
    "steer": "steer",
    "adapter": "adapter",
    "adapter+prompt": "adapter + prompt",
}
MEANS: dict[Arm, str] = {
    "base": "the base model as it came",
    "prompt": "the base with the compiled system prompt",
    "steer": "the base under vectors for its clauses, without any prompt",
    "adapter": "the trained adapter, without any prompt",
    "adapter+prompt": "the trained adapter with the compiled prompt",
}


def sign(arm: Arm, subject: Arm) -> Markup:
    """Return the arm's sign, as wide as a letter, to stand before its name."""
    drawing = Drawing("", "", 14, 12, "sign")
    drawing.arm(arm, arm == subject, 7, 6)
    return drawing.markup


def of(rates: Sequence[Rate], arms: Sequence[Arm]) -> list[Rate]:
    """Return the rates of `arms`, in their order."""
    found = {rate.arm: rate for rate in rates}
    return [found[arm] for arm in arms if arm in found]


def rate_of(rates: Sequence[Rate], arm: Arm) -> Rate | None:
    """Return the rate of one arm, None where it has decided nothing."""
    return next((rate for rate in rates if rate.arm == arm and rate.n), None)


def compared(report: DiffReport) -> tuple[Arm, ...]:
    """Return the arms that a reader looks at first: base and subject."""
    return tuple(dict.fromkeys(arm for arm in ("base", report.subject) if arm in report.arms))
