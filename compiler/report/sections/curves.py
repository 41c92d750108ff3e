"""How it was trained: each series of a stage over its steps, in a figure of its own.

In: a report. Out: small figures, each with its name and its numbers in words. Series have scales of their own: what a
loss means and what a share means is not the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from compiler.records.curves import Curve
from compiler.records.report import DiffReport
from compiler.report.svg import Drawing, across

TOP, BOTTOM, HEIGHT = 10, 104, 124
WIDE = 0.84
"""Share of the width that curves take; the rest is for the numbers of their scale."""
NAMES = {
    "loss": "loss",
    "reward": "reward, all clauses together",
    "reward_accuracy": "share of pairs in the right order",
    "reward_margin": "margin of chosen over rejected",
    "kl": "divergence from the base, in nats",
    "learning_rate": "learning rate",
    "gradient_norm": "norm of the gradient",
    "entropy": "entropy of the next token",
    "answer_tokens": "tokens of an answer",
    "held_out": "score on questions held out",
    "kl_to_base": "divergence from the base on questions held out, in nats",
}
GROUPS = {"clauses": "reward of", "held_out_clauses": "held out:", "trained_on": "trained on:"}
"""Series of a clause each."""
SHARES = ("reward_accuracy", "clauses/", "held_out", "trained_on/")
"""Series that lie between 0 and 1, and are drawn on that scale."""


@dataclass(frozen=True, slots=True)
class Figure:
    """before: what stands before the clause's name where the series is one of a clause; title: all of it in words."""

    title: str
    before: str
    curve: Curve
    drawing: Markup


def view(report: DiffReport) -> dict[str, object] | None:
    stages: dict[str, list[Figure]] = {}
    for curve in report.curves:
        before = GROUPS.get(curve.name.partition("/")[0], "") if curve.clause_id else ""
        stages.setdefault(curve.stage, []).append(Figure(title(curve.name), before, curve, draw(curve)))
    return {"stages": stages} if stages else None


def title(name: str) -> str:
    """Return a series' name in words.

    >>> title("kl"), title("clauses/trait.caring"), title("length_drift/long")
    ('divergence from the base, in nats', 'reward of trait.caring', 'length drift, long')
    """
    if name in NAMES:
        return NAMES[name]
    group, _, rest = name.partition("/")
    if group in GROUPS and rest:
        return f"{GROUPS[group]} {rest}"
    return ", ".join(part for part in (group.replace("_", " "), rest) if part)


def number(value: float) -> str:
    """
    >>> number(0.69314), number(12345.6), number(5e-05), number(0.0)
    ('0.693', '12,346', '5e-05', '0')
    """
    if value and (abs(value) < 0.001 or abs(value) >= 1e6):
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def told(curve: Curve) -> str:
    """Return a curve in words."""
    mean = f" Each point is the mean of {curve.every} steps." if curve.every > 1 else ""
    return (
        f"From {number(curve.first)} to {number(curve.last)} in {curve.of} steps, between {number(curve.least)} and "
        f"{number(curve.most)}.{mean}"
    )


def scale(curve: Curve) -> tuple[float, float]:
    """The values at the figure's foot and head."""
    if curve.name.startswith(SHARES):
        return min(0.0, curve.least), max(1.0, curve.most)
    values = [value for _, value in curve.points]
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - abs(low or 1.0) / 2, high + abs(high or 1.0) / 2)


def draw(curve: Curve) -> Markup:
    low, high = scale(curve)
    drawing = Drawing(f"{title(curve.name)}, {curve.stage}", told(curve), "100%", HEIGHT)
    for share in (0.0, 0.5, 1.0):
        drawing.line(across(0), across(WIDE), _height(share), _height(share), "grid")
    steps = max(curve.of - 1, 1)
    drawing.path(
        [((step - 1) / steps * WIDE, 1 - (value - low) / (high - low)) for step, value in curve.points], TOP, BOTTOM
    )
    # Beside the lines, where no curve goes.
    for share, value in ((1.0, high), (0.0, low)):
        drawing.text(across(1), _height(share) + 4, number(value), "end")
    drawing.text(across(0), BOTTOM + 17, "step 1", "start")
    drawing.text(across(WIDE), BOTTOM + 17, str(curve.of), "end")
    return drawing.markup


def _height(share: float) -> float:
    return BOTTOM - share * (BOTTOM - TOP)
