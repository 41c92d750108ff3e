"""diff.json -> one page: self-contained, offline, readable without scripts, on paper and on a phone.

In: a `DiffReport`. Out: the text of an HTML file. Styles and the one script are inlined from `page/`; the page asks
nothing of any network, and a content policy forbids it to. Answers and specs are untrusted text: the templates escape
all of it, and the policy names the script by its hash, so that no other could run. Sections are in `sections/`. This
file must not compute a statistic.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from compiler.records.figures import Verdict
from compiler.records.report import DiffReport
from compiler.report import arms, figures
from compiler.report.marked import marked, visible
from compiler.report.sections import shown
from compiler.report.sections.curves import number

PAGE = Path(__file__).parent / "page"
STYLES = ("page", "table", "plot", "section", "conversation", "narrow", "print")
"""Style sheets of `page/styles/`, in the order in which they overrule each other."""
MOST_BYTES = 5_000_000
"""A page that is larger is slow to open, and too large for many mail servers."""
SLACK = 2_000
"""Bytes that a page may grow by when it says how many conversations it holds."""


def render(report: DiffReport) -> str:
    """Return the page: with as many conversations as keep it within `MOST_BYTES`, the first ones first."""
    room = MOST_BYTES - SLACK - _size(_page(report, []))
    talks: list[Markup] = []
    for talk in _talks(report):
        room -= _size(talk)
        if room < 0:
            break
        talks.append(talk)
    return _page(report, talks)


def _page(report: DiffReport, talks: Sequence[Markup]) -> str:
    script = _asset("page.js")
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            **_names(report),
            # Our own files; style sheets are not HTML, and the script's hash is taken over the same bytes.
            style=Markup("\n".join(_asset(f"styles/{name}.css") for name in STYLES)),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            sections=shown(report),
            tallies=tallies(report),
            summary=summary(report),
            talks=talks,
            flipped=sum(1 for transcript in report.transcripts if transcript.flipped),
        )
    )


def _talks(report: DiffReport) -> list[Markup]:
    template, names = _environment().get_template("talk.html.jinja"), _names(report)
    return [Markup(template.render(**names, talk=talk)) for talk in report.transcripts]  # escaped by its template


def _names(report: DiffReport) -> dict[str, object]:
    """What every template may name."""
    return {
        "report": report,
        "anchors": {row.id: f"clause-{number}" for number, row in enumerate(report.clauses)},
        "compared": arms.compared(report),
        "bases_of": {r.basis for row in report.clauses for figure in row.decided for r in figure.rates if r.n},
    }


def _size(text: str) -> int:
    return len(text.encode("utf-8"))


@cache
def _asset(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8").strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["visible"] = visible
    environment.globals.update(figures=figures, arms=arms, marked=marked, number=number)
    return environment


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
