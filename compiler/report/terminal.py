"""diff.json -> what a terminal shows: one table, then what a reader should know besides.

In: a `DiffReport`. Out: something that rich prints, laid out for 80 columns, for 60, and for more. A verdict is a
sign and a word, so that nothing depends on colour. This file must not compute or read files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from compiler.records import Arm
from compiler.report import figures
from compiler.report.record import ClauseRow, DiffReport, Rate, Verdict

STYLES: dict[Verdict | None, str] = {"met": "green", "missed": "bold red", "unclear": "yellow", None: "dim"}
NARROW = 76


class Report:
    """A renderable that picks its columns by the width it is given."""

    def __init__(self, report: DiffReport, page: str | None = None) -> None:
        self.report = report
        self.page = page

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _report(self.report, self.page, options.max_width)


def render(report: DiffReport, page: str | None = None) -> Report:
    """Return the report for `Console.print`; `page` is the path of the HTML page, named at the end."""
    return Report(report, page)


def _report(report: DiffReport, page: str | None, width: int) -> Iterator[RenderableType]:
    yield _title(report)
    if report.status == "not engaged":
        yield _not_engaged(report)
        return
    arms = [arm for arm in report.arms if width >= NARROW or arm in ("base", report.subject)]
    yield _clauses(report, arms, width)
    if any(line.aspect != "author" for row in report.clauses for line in row.lines):
        yield Text()
        yield _lines(report, width)
    yield Text()
    yield _foot(report, page)


def _title(report: DiffReport) -> RenderableType:
    tally = Counter(row.verdict for row in report.clauses)
    title = Text.assemble((report.name, "bold"), ("  asked and measured", "dim"))
    summary = Text("  ").join(
        Text(f"{figures.SYMBOLS[verdict]} {tally[verdict]} {verdict}", style=STYLES[verdict])
        for verdict in ("met", "missed", "unclear")
        if tally[verdict]
    )
    where = Text(f"verdicts are for {_named(report.subject)}", style="dim")
    return Group(title, Text.assemble(summary, "   ", where) if report.clauses else Text(), Text())


def _named(arm: Arm) -> str:
    return {
        "base": "the base alone",
        "prompt": "the base with the compiled prompt",
        "adapter": "the adapter, without any prompt",
        "adapter+prompt": "the adapter with the compiled prompt",
    }[arm]


def _clauses(report: DiffReport, arms: list[Arm], width: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, expand=False)
    table.add_column(
        "clause", no_wrap=True, overflow="ellipsis", max_width=18 if width < NARROW else max(18, width - 62)
    )
    table.add_column("target", justify="right", no_wrap=True)
    for arm in arms:
        head = {"adapter+prompt": "adapter\n+ prompt", "prompt": "base\n+ prompt"}.get(arm, arm)
        table.add_column(
            head, justify="right", no_wrap=True, min_width=9, header_style="bold" if arm == report.subject else "dim"
        )
    table.add_column("verdict", no_wrap=True)
    for column in (table.columns[0], table.columns[1], table.columns[-1]):
        column.header_style = "dim"
    for place, row in enumerate(report.clauses):
        if place:
            table.add_row()
        rates = {rate.arm: rate for rate in row.rates}
        subject = rates.get(report.subject)
        table.add_row(
            Group(Text(row.id, style="bold"), Text(_aside(row), style="dim")),
            Group(
                Text(figures.target(row.comparison, row.target), justify="right"),
                Text(f"n {subject.n}" if subject else "", style="dim", justify="right"),
            ),
            *(_cell(rates.get(arm), arm == report.subject) for arm in arms),
            _verdict(row),
        )
    return table


def _aside(row: ClauseRow) -> str:
    return f"{'hard, ' if row.hard else ''}{row.level}{', judged' if row.judged else ''}"


def _cell(rate: Rate | None, subject: bool) -> RenderableType:
    if rate is None or not rate.n:
        return Text("–", style="dim", justify="right")
    style = STYLES[rate.verdict] if subject else ""
    return Group(
        Text(figures.percent(rate.share), style=f"bold {style}" if subject else "", justify="right"),
        Text(figures.span(rate.low, rate.high), style="dim", justify="right"),
    )


def _verdict(row: ClauseRow) -> RenderableType:
    sign = Text(f"{figures.SYMBOLS[row.verdict]} {row.verdict or 'no data'}", style=STYLES[row.verdict])
    return Group(sign, Text(f"+{row.more} settle" if row.more else "", style="dim"))


def _lines(report: DiffReport, width: int) -> Table:
    """Pressure, look-alikes and the other side of conditions: base and subject, each with its interval; where the width
    is short, the subject alone, since a number is never cut."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("besides", header_style="dim")
    table.add_column("n", justify="right", header_style="dim")
    pair: tuple[Arm, ...] = ("base", report.subject) if width >= NARROW else (report.subject,)
    arms = [arm for arm in dict.fromkeys(pair) if arm in report.arms]
    for arm in arms:
        table.add_column(arm, justify="right", no_wrap=True, header_style="bold" if arm == report.subject else "dim")
    for row in report.clauses:
        shown = [line for line in row.lines if line.aspect != "author"]
        if shown:
            table.add_row(Text(row.id, style="bold"))
        for line in shown:
            rates = {rate.arm: rate for rate in line.rates}
            label = f"under {line.label.replace('_', ' ')}" if line.aspect == "pressure" else line.label
            table.add_row(
                Text(f"  {label}"),
                Text(str(rates[report.subject].n), style="dim"),
                *(Text(figures.rate(rates[arm])) for arm in arms),
            )
    return table


def _foot(report: DiffReport, page: str | None) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    if report.facts:
        table.add_row("facts kept", _facts(report))
    moved = [effect for effect in report.side_effects if effect.notable]
    for effect in moved:
        was, now = effect.values.get("base", 0.0), effect.values[report.subject]
        written = (
            f"{was:.0f} → {now:.0f} words"
            if effect.unit == "words"
            else f"{figures.percent(was)} → {figures.percent(now)}"
        )
        table.add_row(
            "moved unasked",
            Text(
                f"{effect.title}: {written} of {effect.n} answers"
                if effect.unit == "share"
                else f"{effect.title}: {written}"
            ),
        )
    if report.side_effects and not moved:
        table.add_row("moved unasked", Text(f"nothing, of {len(report.side_effects)} things watched"))
    asks = [f"{row.id} +{row.more}" for row in report.clauses if row.more]
    if asks:
        table.add_row("to settle", Text(f"{', '.join(asks)} prompts, if the rates stay"))
    for row in report.clauses:
        if row.reason:
            table.add_row("unclear", Text(f"{row.id}: {row.reason}"))
    if report.multiplicity:
        table.add_row("together", Text(report.multiplicity))
    for warning in report.warnings:
        table.add_row("note", Text(warning))
    table.add_row("intervals", Text("95%; hard clauses: exact, each side at 95%. n counts prompts.", style="dim"))
    if page:
        table.add_row("page", Text(page, style="bold"))
    return table


def _facts(report: DiffReport) -> Text:
    facts = report.facts
    assert facts is not None
    rates = {rate.arm: rate for rate in facts.rates}
    rate = rates[report.subject]
    text = Text(f"{figures.count(rate.count)} of {rate.n}")
    if facts.difference is None:
        return text
    base = rates["base"]
    moved = facts.difference
    text.append(f", base {figures.count(base.count)} of {base.n}: ")
    text.append(
        f"{figures.points(moved.difference)} points [{figures.points(moved.low)}, {figures.points(moved.high)}]"
    )
    margin = f"{facts.margin * 100:.0f} points"
    said, style = {
        "kept": (f", kept within {margin}", "green"),
        "lost": (f", more than {margin} lost", "bold red"),
        "unclear": (f", {'within' if facts.within_margin else 'beyond'} {margin}, not settled", "yellow"),
        None: ("", ""),
    }[facts.verdict]
    text.append(said, style=style)
    return text


def _not_engaged(report: DiffReport) -> RenderableType:
    engaged = report.engaged
    assert engaged is not None
    return Group(
        Text("✗ The adapter does nothing, so there is nothing to judge.", style="bold red"),
        Padding(
            Text(
                f"Next-token divergence from the base is {engaged.divergence:.2g} nats over {engaged.probes} prompts "
                f"(at least {engaged.floor:.2g} is asked), and {engaged.answers_that_differ} of {engaged.answers} "
                "answers differ. Keys that match no layer are the usual cause."
            ),
            (0, 0, 0, 2),
        ),
    )
