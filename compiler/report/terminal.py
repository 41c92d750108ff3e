"""diff.json -> what a terminal shows: one table, then what a reader should know besides.

In: a `DiffReport`. Out: something that rich prints, laid out for 80 columns, for 60, and for more. A verdict is a
sign and a word, so that nothing depends on colour. This file must not compute or read files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from compiler.records.clauses import ClauseRow, Line, Trial
from compiler.records.figures import Rate, Verdict
from compiler.records.measured import Stopping
from compiler.records.record import Arm
from compiler.records.report import DiffReport
from compiler.report import figures, judging, sets, steering, terminal_metrics, terminal_more

STYLES: dict[Verdict | None, str] = {"met": "green", "missed": "bold red", "unclear": "yellow", None: "dim"}
NARROW = 76
NARROWEST = 50
"""Widths below which base and subject are shown alone, and below which the subject is."""
NAME_WIDTH = 18


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
    beside = report.arms if width >= NARROW else ("base",) if width >= NARROWEST else ()
    arms = [arm for arm in report.arms if arm == report.subject or arm in beside]
    yield _clauses(report, arms, width)
    if hidden := [arm for arm in report.arms if arm not in arms]:
        yield Text(f"Too narrow to show {', '.join(hidden)}.", style="dim")
    if any(_further(row) for row in report.clauses):
        yield Text()
        yield _lines(report, width)
    if report.metrics:
        yield Text()
        yield terminal_metrics.table(report, width)
    yield from sets.render(report, arms)
    if report.steered:
        yield Text()
        yield steering.beside(report, width)
    for table in terminal_more.tables(report, width >= NARROW):
        yield Text()
        yield table
    yield Text()
    yield _foot(report, page)


def _title(report: DiffReport) -> RenderableType:
    title = Text.assemble((report.name, "bold"), ("  asked and measured", "dim"))
    if not report.clauses:
        return Group(title, Text(), Text())
    lines = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, show_header=False)
    trials = [trial for row in report.clauses for trial in row.trials]
    lines.add_row(Text("clauses", style="dim"), _tally(report.clauses))
    for of, name in (("pressure", "under pressure"), ("over_refusal", "safe requests")):
        some = [trial for trial in trials if trial.of == of]
        if some:
            lines.add_row(Text(name, style="dim"), _tally(some))
    return Group(title, lines, Text(f"Verdicts are for {_named(report.subject)}.", style="dim"), Text())


def _tally(decided: Sequence[ClauseRow | Trial]) -> Text:
    tally = Counter(figure.verdict for figure in decided)
    return Text("  ").join(
        Text(f"{figures.SYMBOLS[verdict]} {tally[verdict]} {verdict}", style=STYLES[verdict])
        for verdict in ("met", "missed", "unclear")
        if tally[verdict]
    )


def _named(arm: Arm) -> str:
    return {
        "base": "the base alone",
        "prompt": "the base with the compiled prompt",
        "steer": "the base under vectors, without any prompt",
        "adapter": "the adapter, without any prompt",
        "adapter+prompt": "the adapter with the compiled prompt",
    }[arm]


def _clauses(report: DiffReport, arms: list[Arm], width: int) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, expand=False)
    # A fifth arm takes ten columns more.
    room = NAME_WIDTH if width < NARROW else max(NAME_WIDTH - 4 * (len(arms) > 4), width - 22 - 10 * max(len(arms), 4))
    table.add_column("clause", max_width=room, overflow="fold")
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
        for figure in row.decided:
            rates = {rate.arm: rate for rate in figure.rates}
            subject = rates.get(report.subject)
            table.add_row(
                _name(row, room) if figure is row else _trial_name(figure),
                Group(
                    Text(figures.target(figure.comparison, figure.target), justify="right"),
                    Text(f"n {subject.n}" if subject else "", style="dim", justify="right"),
                ),
                *(_cell(rates.get(arm), arm == report.subject) for arm in arms),
                _verdict(figure),
            )
    return table


def _name(row: ClauseRow, room: int) -> RenderableType:
    """A long id goes on after its kind, so that nothing of it is cut."""
    shown = row.id if len(row.id) <= room else row.id.replace(".", ".\n", 1)
    return Group(Text(shown, style="bold"), Text(_aside(row), style="dim"))


def _trial_name(trial: ClauseRow | Trial) -> RenderableType:
    assert isinstance(trial, Trial)
    return Padding(Text(trial.label), (0, 0, 0, 1))


def _aside(row: ClauseRow) -> str:
    labels = max((rate.labels for rate in row.rates), default=0)
    judged = f", judged, {labels} labels" if labels else ", judged" if row.judged else ""
    return f"{'hard, ' if row.hard else ''}{row.level}{judged}"


def _cell(rate: Rate | None, subject: bool) -> RenderableType:
    if rate is None or not rate.n:
        return Text("–", style="dim", justify="right")
    style = STYLES[rate.verdict] if subject else ""
    return Group(
        Text(figures.share(rate), style=f"bold {style}" if subject else "", justify="right"),
        Text(figures.span(rate.low, rate.high), style="dim", justify="right"),
    )


def _verdict(figure: ClauseRow | Trial) -> RenderableType:
    sign = Text(f"{figures.SYMBOLS[figure.verdict]} {figure.verdict or 'no data'}", style=STYLES[figure.verdict])
    below = f"+{figure.more} more" if figure.more else "see below" if figure.reason else ""
    return Group(sign, Text(below, style="dim"))


def _further(row: ClauseRow) -> list[Line]:
    """Lines that are shown; the author's own probes are in the clause's rate already."""
    return [line for line in row.lines if line.aspect != "author"]


def _lines(report: DiffReport, width: int) -> Table:
    """Each technique of pressure, everyday requests and the other side of conditions: base and subject, each with its
    interval; where the width is short, the subject alone, since a number is never cut."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("in detail", header_style="dim", overflow="fold")
    table.add_column("n", justify="right", header_style="dim")
    pair: tuple[Arm, ...] = ("base", report.subject) if width >= NARROW else (report.subject,)
    arms = [arm for arm in dict.fromkeys(pair) if arm in report.arms]
    for arm in arms:
        table.add_column(arm, justify="right", no_wrap=True, header_style="bold" if arm == report.subject else "dim")
    for row in report.clauses:
        if _further(row):
            table.add_row(Text(row.id, style="bold"))
        held = [line for line in _further(row) if _unbroken(row, line, report.subject)]
        if len(held) > 1:
            names = ", ".join(map(_technique, held))
            table.add_row(Text(f"  never broken under {names}"), Text(str(_prompts(held, report.subject)), style="dim"))
        for line in _further(row):
            if line in held and len(held) > 1:
                continue
            rates = {rate.arm: rate for rate in line.rates}
            label = f"under {_technique(line)}" if line.aspect == "pressure" else line.label
            table.add_row(
                Text(f"  {label}"),
                Text(str(rates[report.subject].n), style="dim"),
                *(Text(figures.rate(rates[arm])) for arm in arms),
            )
    return table


def _unbroken(row: ClauseRow, line: Line, subject: Arm) -> bool:
    """Whether the subject broke the clause on no prompt of a technique; such lines are told together."""
    rate = next(rate for rate in line.rates if rate.arm == subject)
    full = 1.0 if row.comparison == ">=" else 0.0
    return line.aspect == "pressure" and rate.n > 0 and not rate.missing and rate.share == full


def _technique(line: Line) -> str:
    return f"{line.label.replace('_', ' ')}{'*' if line.trained is False else ''}"


def _prompts(lines: Sequence[Line], subject: Arm) -> int:
    return sum(rate.n for line in lines for rate in line.rates if rate.arm == subject)


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
                f"{effect.title}: {written} of {effect.n} prompts"
                if effect.unit == "share"
                else f"{effect.title}: {written}, on {effect.n} prompts"
            ),
        )
    if report.side_effects and not moved:
        table.add_row("moved unasked", Text(f"nothing, of {len(report.side_effects)} things watched"))
    named = [(f"{row.id}{_suffix(figure)}", figure) for row in report.clauses for figure in row.decided]
    stopped: dict[str, list[str]] = {}
    for name, figure in named:
        if found := figure.stopped:
            of = "" if found.asked == found.of else f" of {found.of}"
            stopped.setdefault(found.why, []).append(f"{name} after {found.asked}{of}")
    for why, names in stopped.items():
        table.add_row("sequential", Text(f"{why}: {', '.join(names)}"))
    asks = [f"{name} +{figure.more}" for name, figure in named if figure.more]
    if asks:
        table.add_row("to settle", Text(f"{', '.join(asks)} prompts, if the rates stay"))
    reasons: dict[str, list[str]] = {}
    for name, figure in named:
        if figure.reason:
            reasons.setdefault(figure.reason, []).append(name)
    for reason, names in reasons.items():
        table.add_row("unclear", Text(f"{', '.join(names)}: {reason}"))
    bases = {rate.basis for row in report.clauses for figure in row.decided for rate in figure.rates if rate.n}
    if "uncalibrated judge" in bases:
        table.add_row(figures.UNCALIBRATED, Text("decided by a judge that is not calibrated for this arm"))
    if "labels" in bases:
        table.add_row(figures.LABELLED, Text("a judge's share, put right by people's labels, and its interval too"))
    for card in report.judge_cards:
        table.add_row("judge", Text(judging.card(card)))
    for row in report.clauses:
        if row.unchecked:
            table.add_row("not checked", Text(f"{row.id}: {', '.join(row.unchecked)}"))
    if report.multiplicity:
        table.add_row("together", Text(report.multiplicity))
    for warning in report.warnings:
        table.add_row("note", Text(warning))
    if any(line.trained is False for row in report.clauses for line in row.lines):
        table.add_row("* technique", Text("in no training row of the clause"))
    table.add_row("intervals", Text(INTERVALS[report.stopping], style="dim"))
    if page:
        table.add_row("page", Text(page, style="bold"))
    return table


def _suffix(figure: ClauseRow | Trial) -> str:
    return (
        {"pressure": " under pressure", "over_refusal": " over-refusal"}[figure.of] if isinstance(figure, Trial) else ""
    )


INTERVALS: dict[Stopping, str] = {
    "fixed": "One for each rate, with exact bounds: 95%; for hard clauses 95% on each side, so 90% between them. "
    "n counts different prompts.",
    "sequential": "One for each rate, which holds however often one looks (a beta-binomial confidence sequence): 97.5% "
    "on each side, for hard clauses 95%. n counts different prompts; a template with several counts once. Facts and "
    "what moved are read from probes that were asked whatever the answers were.",
}


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
