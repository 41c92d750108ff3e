"""What a terminal shows of steering: the vectors that were chosen, and what they give beside prompt and adapter.

In: a `Steered`, or a `DiffReport` with the arm. Out: tables for rich. This file must not compute or read files.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compiler.records.figures import Difference
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.records.steered import SteeredRow
from compiler.records.steering import Steered
from compiler.report import figures

WIDE = 76
GUARDS = {"facts": "right answers", "fluent": "reads as text", "safe": "safe requests answered"}
PLACES = {"answer": "every token", "opening": "prompt's tokens"}


def render(record: Steered, folder: str) -> RenderableType:
    """Return what was chosen, clause by clause, and what it keeps."""
    table = _table("steered", "layer", "strength", "added at", "n", "base", "alone", "together")
    for vector in record.used:
        table.add_row(
            Text(vector.clause_id, style="bold"),
            f"{vector.layer} of 0–{record.layers - 1}",
            f"{vector.strength:g}",
            PLACES[vector.read or "answer"],
            str(vector.prompts),
            *(figures.percent(share) if share is not None else "–" for share in (vector.base, vector.alone)),
            figures.percent(vector.together) if vector.together is not None else "–",
        )
    foot = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, show_header=False)
    foot.add_column(style="dim", no_wrap=True)
    foot.add_column(overflow="fold")
    for vector in record.vectors:
        if vector.layer is None:
            at = f" ({figures.percent(vector.alone)} alone)" if vector.alone is not None else ""
            foot.add_row("no vector", f"{vector.clause_id}{at}: {vector.why}")
    for name, guard in record.guards.items():
        kept = f"{figures.percent(guard.base)} → {figures.percent(guard.steered)} of {guard.n} prompts"
        foot.add_row("kept", f"{GUARDS[name]}: {kept}")
    foot.add_row("chosen on", f"training prompts that gave no direction, among {record.tried} sets of vectors")
    foot.add_row("vectors", Text(folder, style="bold"))
    return Group(*((table, Text()) if record.used else ()), foot)


def beside(report: DiffReport, width: int) -> Table:
    """Return the arm `steer` and its differences, by clause; where the width is short, without the base's."""
    arms: list[Arm] = [arm for arm in ("base", "prompt", "adapter") if arm in report.arms]
    if width < WIDE:
        arms = arms[1:]
    table = _table("steering", "n", "steer", *(f"less {arm}" for arm in arms))
    for row in report.steered:
        if row.of == "technique":
            continue
        steer = next(rate for rate in row.rates if rate.arm == "steer")
        table.add_row(_name(row), str(steer.n), figures.rate(steer), *_less(row, arms))
    return table


def _name(row: SteeredRow) -> Text:
    if row.of == "rate":
        return Text(row.clause_id, style="bold")
    return Text("facts kept", style="bold") if row.of == "facts" else Text(f"  {row.label}")


def _less(row: SteeredRow, arms: list[Arm]) -> Iterator[Text]:
    found: dict[Arm, Difference] = {less.against: less for less in row.less}
    for arm in arms:
        if arm not in found:
            yield Text("–", style="dim")
            continue
        style = "green" if arm in row.behind else "bold red" if arm in row.ahead else ""
        yield Text(f"{figures.points(found[arm].difference)} {between(found[arm])}", style=style)


def between(less: Difference) -> str:
    return f"[{figures.points(less.low)}, {figures.points(less.high)}]"


def _table(name: str, *numbers: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column(name, header_style="dim", overflow="fold")
    for head in numbers:
        table.add_column(head, header_style="dim", justify="right", no_wrap=True)
    return table
