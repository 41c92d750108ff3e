"""What a model says of itself against what it shows: an inventory's factors, stated and revealed, for each arm.

In: a report. Out: for each inventory and arm a row for each factor, on the inventory's scale.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from compiler.records.behaviour import Profile
from compiler.records.figures import Score
from compiler.records.report import DiffReport
from compiler.report.svg import Drawing, across

HEIGHT = 26


@dataclass(frozen=True, slots=True)
class Row:
    factor: str
    stated: Score | None
    revealed: Score | None
    drawing: Markup


@dataclass(frozen=True, slots=True)
class Group:
    profile: Profile
    rows: tuple[Row, ...]
    axis: Markup


def view(report: DiffReport) -> dict[str, object] | None:
    groups = [
        Group(
            profile,
            tuple(
                Row(factor, stated, revealed, draw(profile.points, stated, revealed))
                for factor in dict.fromkeys((*profile.stated, *profile.revealed))
                for stated, revealed in [(profile.stated.get(factor), profile.revealed.get(factor))]
            ),
            axis(profile.points),
        )
        for profile in report.profiles
    ]
    return {"groups": groups} if groups else None


def _place(value: float, points: int) -> str:
    return across((min(max(value, 1.0), points) - 1.0) / max(1, points - 1))


def draw(points: int, stated: Score | None, revealed: Score | None) -> Markup:
    """Return a dot for what is stated and a hollow diamond for what is revealed, each with its interval."""
    drawing = Drawing("", "", "100%", HEIGHT)
    for tick in range(1, points + 1):
        drawing.line(_place(tick, points), _place(tick, points), 0, HEIGHT, "grid")
    for score, height, kind in ((stated, 9, "filled"), (revealed, 18, "hollow")):
        if score is None:
            continue
        drawing.line(_place(score.low, points), _place(score.high, points), height, height, "whisker subject")
        if kind == "filled":
            drawing.dot(_place(score.value, points), height, 4, "dot filled subject")
        else:
            drawing.square(_place(score.value, points), height, 3.4, "dot hollow subject", turned=True)
    return drawing.markup


def axis(points: int) -> Markup:
    """Return the inventory's scale, 1 to `points`."""
    drawing = Drawing("", "", "100%", 16)
    for tick in range(1, points + 1):
        drawing.text(_place(tick, points), 12, str(tick))
    return drawing.markup
