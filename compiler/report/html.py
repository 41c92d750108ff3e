"""diff.json -> one page: self-contained, offline, readable without scripts, on paper and on a phone.

In: a `DiffReport`. Out: the text of an HTML file. Styles and the one script are inlined from `page/`; the page asks
nothing of any network, and a content policy forbids it to. Answers and specs are untrusted text: the template escapes
all of it, and the policy names the script by its hash, so that no other could run. This file must not compute a
statistic.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from compiler.judges import BAR, LABELLED
from compiler.records import Arm
from compiler.report import figures
from compiler.report.record import ClauseRow, Comparison, DiffReport, Rate, SourceFile, Verdict

PAGE = Path(__file__).parent / "page"
ARM_NAMES: dict[Arm, str] = {
    "base": "base",
    "prompt": "base + prompt",
    "adapter": "adapter",
    "adapter+prompt": "adapter + prompt",
}
ARM_MEANS: dict[Arm, str] = {
    "base": "the base model as it came",
    "prompt": "the base with the compiled system prompt",
    "adapter": "the trained adapter, without any prompt",
    "adapter+prompt": "the trained adapter with the compiled prompt",
}
ROW_HEIGHT = 22
AXIS_HEIGHT = 18


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of the spec: `row` is the clause it belongs to, `first` whether the clause begins here."""

    number: int
    text: str
    row: ClauseRow | None
    first: bool


def render(report: DiffReport) -> str:
    """Return the page."""
    script = _asset("page.js")
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            report=report,
            style=Markup(_asset("page.css")),  # our own file, and style sheets are not HTML
            script=Markup(script),  # our own file; its hash below is taken over the same bytes
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            tallies=tallies(report),
            labelled=LABELLED,
            bar=BAR,
            summary=summary(report),
            arm_names=ARM_NAMES,
            arm_means=ARM_MEANS,
            compared=tuple(dict.fromkeys(arm for arm in ("base", report.subject) if arm in report.arms)),
            listings=[(source, list(annotate(source, report.clauses))) for source in report.sources],
            anchors={row.id: f"clause-{number}" for number, row in enumerate(report.clauses)},
            flipped=sum(1 for transcript in report.transcripts if transcript.flipped),
        )
    )


@cache
def _asset(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8").strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["visible"] = visible
    environment.globals.update(
        figures=figures, plot=plot, plot_label=plot_label, by_arm=by_arm, row_height=ROW_HEIGHT, axis_height=AXIS_HEIGHT
    )
    return environment


# Control characters have no shape, and a NUL is no HTML; Unicode has a picture for each.
_PICTURES = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n"} | {0x7F: "\u2421"}


def visible(text: str) -> str:
    """Return `text` with control characters replaced by their pictures, and lone surrogates by a question mark.

    >>> visible("a\\x00b\\x1b[31m")
    'a␀b␛[31m'
    """
    return text.replace("\r\n", "\n").translate(_PICTURES).encode("utf-8", "replace").decode("utf-8")


def by_arm(rates: Sequence[Rate], arms: Sequence[Arm]) -> list[Rate]:
    """Return the rates of `arms`, in their order."""
    found = {rate.arm: rate for rate in rates}
    return [found[arm] for arm in arms if arm in found]


def tallies(report: DiffReport) -> list[tuple[str, Counter[str]]]:
    """Return how many verdicts of each sort there are: on the clauses, under pressure, and on safe requests."""
    trials = [trial for row in report.clauses for trial in row.trials]
    found: list[tuple[str, list[Verdict | None]]] = [
        ("clauses", [row.verdict for row in report.clauses]),
        ("under pressure", [trial.verdict for trial in trials if trial.of == "pressure"]),
        ("safe requests", [trial.verdict for trial in trials if trial.of == "over_refusal"]),
    ]
    return [(name, Counter(str(verdict) for verdict in verdicts)) for name, verdicts in found if verdicts]


def summary(report: DiffReport) -> str:
    """Return the report in a sentence or two: `6 of 7 clauses met, none missed, 1 unclear.`"""
    if report.status == "not engaged":
        return "The adapter does nothing, so there is nothing to judge."
    tally = Counter(row.verdict for row in report.clauses)
    total = len(report.clauses)
    parts = [
        f"{tally['met'] or 'None'} of {total} clauses met" if tally["met"] != total else f"All {total} clauses met"
    ]
    parts.append(f"{tally['missed']} missed" if tally["missed"] else "none missed")
    if tally["unclear"]:
        parts.append(f"{tally['unclear']} unclear")
    said = ", ".join(parts) + "."
    for of, what in (("pressure", "missed under pressure"), ("over_refusal", "missed on safe requests")):
        missed = [
            row.id for row in report.clauses for trial in row.trials if trial.of == of and trial.verdict == "missed"
        ]
        if missed:
            said += f" {len(missed)} {what}."
    return said


def plot_label(rates: Sequence[Rate], comparison: Comparison, target: float | None) -> str:
    """Return what a plot shows, for who cannot see it."""
    said = "; ".join(
        f"{ARM_NAMES[rate.arm]} {figures.percent(rate.share)}, interval {figures.number(rate.low)} to "
        f"{figures.number(rate.high)}"
        if rate.n
        else f"{ARM_NAMES[rate.arm]} not measured"
        for rate in rates
    )
    wanted = f"Target {figures.target(comparison, target)}. " if target is not None else ""
    return f"{wanted}{said}."


def plot(
    rates: Sequence[Rate], comparison: Comparison, target: float | None, subject: Arm, axis: bool = True
) -> Markup:
    """Return dots with whiskers, a row for each rate, over a scale from 0 to 100%; the target's good side is shaded.

    Places are percentages of the width, so that the figure grows and shrinks with the page while dots stay round.
    """
    height = ROW_HEIGHT * len(rates) + (AXIS_HEIGHT if axis else 0)
    body = ROW_HEIGHT * len(rates)
    # A margin on both sides keeps a dot at 0 or 100% whole.
    out = [
        Markup('<svg class="plot" role="img" width="100%" height="{}" aria-label="{}">').format(
            height, plot_label(rates, comparison, target)
        )
    ]

    def place(share: float) -> str:
        return f"{2.0 + share * 96.0:.2f}%"

    if target is not None:
        left, width = (target, 1.0 - target) if comparison == ">=" else (0.0, target)
        out.append(
            Markup('<rect class="good" x="{}" y="0" width="{}" height="{}"/>').format(
                place(left), f"{width * 96.0:.2f}%", body
            )
        )
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        out.append(Markup('<line class="grid" x1="{0}" x2="{0}" y1="0" y2="{1}"/>').format(place(tick), body))
        if axis and tick in (0.0, 0.5, 1.0):
            anchor = {0.0: "start", 1.0: "end"}.get(tick, "middle")
            out.append(
                Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>').format(
                    place(tick) if 0.0 < tick < 1.0 else f"{tick * 100:.0f}%", body + 13, anchor, f"{tick * 100:.0f}%"
                )
            )
    if target is not None:
        out.append(Markup('<line class="target" x1="{0}" x2="{0}" y1="0" y2="{1}"/>').format(place(target), body))
    for number, rate in enumerate(rates):
        if not rate.n:
            continue
        middle = ROW_HEIGHT * number + ROW_HEIGHT / 2
        kind = "subject" if rate.arm == subject else "other"
        verdict = rate.verdict if rate.arm == subject and rate.verdict else "none"
        out.append(
            Markup(
                '<g class="{} {}"><line class="whisker" x1="{}" x2="{}" y1="{}" y2="{}"/>'
                '<circle class="dot" cx="{}" cy="{}" r="{}"/></g>'
            ).format(
                kind,
                verdict,
                place(rate.low),
                place(rate.high),
                middle,
                middle,
                place(rate.share),
                middle,
                4.5 if kind == "subject" else 3.5,
            )
        )
    out.append(Markup("</svg>"))
    return Markup("").join(out)


def annotate(source: SourceFile, rows: Sequence[ClauseRow]) -> Iterator[SourceLine]:
    """Yield the file's lines, each with the clause that stands there."""
    owners: dict[int, ClauseRow] = {}
    starts: set[int] = set()
    for row in rows:
        if row.place is None or row.place.path != source.path:
            continue
        starts.add(row.place.line)
        for number in range(row.place.line, row.place.last_line + 1):
            owners.setdefault(number, row)
    for number, text in enumerate(source.text.rstrip("\n").split("\n"), 1):
        yield SourceLine(number, text, owners.get(number), number in starts)
