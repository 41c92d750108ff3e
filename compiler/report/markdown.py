"""A report as Markdown for a pull request: a table, and the conversations that flipped folded away.

In: reports. Out: text that GitHub renders, within what it takes in one comment. What a spec, a user or a model said is
escaped or stands in a fence: it can neither break the table, nor become markup, nor call a person. This file must not
read files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from compiler.markdown import code, fence_of, plain
from compiler.records.behaviour import SideEffect
from compiler.records.clauses import ClauseRow, Trial
from compiler.records.figures import Verdict
from compiler.records.report import DiffReport, Transcript
from compiler.report import figures, findings
from compiler.report.findings import Found
from compiler.report.junit import facts_sentence

COMMENT = 65_536
"""Characters that GitHub takes in one comment."""
ROOM = 60_000
MOST_TALKS = 25
LONGEST_ANSWER = 1_200
SIGNS: dict[Verdict | None, str] = {"met": "✅", "missed": "❌", "unclear": "❔", None: ""}


def render(reports: Sequence[Found]) -> str:
    room = ROOM // max(1, len(reports))
    return "\n".join("\n".join(_lines(found, room)) + "\n" for found in reports)


def _lines(found: Found, room: int) -> Iterator[str]:
    report = found.report
    if report.status == "not engaged":
        yield f"### {plain(report.name)}: the adapter does nothing"
        yield ""
        yield f"Its answers are the base's, so nothing was measured of it. Run: {code(report.run)}"
        return
    head = [f"### {plain(report.name)}: {_tally(report)}", ""]
    head += [
        f"Verdicts are for **{report.subject}**, over different prompts, {findings.INTERVALS[report.stopping]}.",
        "",
    ]
    head += [*_table(found), "", *_besides(report)]
    yield from head
    spent = sum(map(len, head))
    missed = {row.id for row in report.clauses if any(figure.verdict == "missed" for figure in row.decided)}
    flipped = [talk for talk in report.transcripts if talk.flipped or talk.broken]
    flipped.sort(key=lambda talk: not missed & set(talk.broken))
    shown: list[str] = []
    for talk in flipped[:MOST_TALKS]:
        lines = list(_talk(report, talk))
        if spent + sum(map(len, lines)) > room:
            break
        spent += sum(map(len, lines))
        shown.append("\n".join(lines))
    if shown:
        yield f"<details><summary>What flipped or broke ({len(shown)} of {len(flipped)} conversations)</summary>"
        yield ""
        yield "\n\n".join(shown)
        yield ""
        yield "</details>"


def _tally(report: DiffReport) -> str:
    tally = Counter(figure.verdict for row in report.clauses for figure in row.decided)
    order: tuple[Verdict, ...] = ("missed", "unclear", "met")
    return ", ".join(f"{tally[verdict]} {verdict}" for verdict in order if tally[verdict])


def _table(found: Found) -> Iterator[str]:
    arms = found.report.arms
    named = [f"**{arm}**" if arm == found.report.subject else arm for arm in arms]
    yield f"| | clause | target | {' | '.join(named)} | n | against base |"
    yield f"| --- | --- | ---: |{' ---: |' * (len(arms) + 2)}"
    for row in found.report.clauses:
        for figure in row.decided:
            yield _row(found, row, figure)


def _row(found: Found, row: ClauseRow, figure: ClauseRow | Trial) -> str:
    report = found.report
    name = (
        f"↳ {plain(findings.label(figure))}"
        if isinstance(figure, Trial)
        else f"{code(row.id)} {plain(found.place(row))}"
    )
    rates = [findings.rate_of(figure, arm) for arm in report.arms]
    own = findings.rate_of(figure, report.subject)
    against = figure.difference
    moved = f"{figures.points(against.difference)} {_bounds(against.low, against.high)}" if against else ""
    more = f", {figure.more} more would settle it" if figure.verdict == "unclear" and figure.more else ""
    cells = [
        f"{SIGNS[figure.verdict]} {figure.verdict}{more}",
        name,
        figures.target(figure.comparison, figure.target),
        *(plain(figures.rate(rate)) if rate else "" for rate in rates),
        str(own.n) if own else "",
        moved,
    ]
    return f"| {' | '.join(cells)} |"


def _bounds(low: float, high: float) -> str:
    return plain(f"[{figures.points(low)}, {figures.points(high)}]")


def _besides(report: DiffReport) -> Iterator[str]:
    """Yield what a reader should know besides, each on a line of its own."""
    lines = [f"Facts {facts_sentence(report, report.facts)}."] if report.facts and report.facts.verdict else []
    lines += [f"Moved unasked: {_moved(effect)}." for effect in report.side_effects if effect.notable]
    lines += signs(report)
    lines += report.warnings
    if report.multiplicity:
        lines.append(report.multiplicity)
    for line in lines:
        yield f"- {plain(line)}"
    if lines:
        yield ""


def signs(report: DiffReport) -> Iterator[str]:
    """Yield what the signs beside shares mean, where there are any."""
    bases = {rate.basis for row in report.clauses for figure in row.decided for rate in figure.rates if rate.n}
    if "uncalibrated judge" in bases:
        yield f"{figures.UNCALIBRATED} before a share: decided by a judge that nobody has calibrated on that arm."
    if "labels" in bases:
        yield f"{figures.LABELLED} after a share: a judge's, put right by people's labels, and its interval too."


def _moved(effect: SideEffect) -> str:
    return f"{effect.title} ({findings.values(effect)})"


def _talk(report: DiffReport, talk: Transcript) -> Iterator[str]:
    clauses = [code(clause) for clause in dict.fromkeys((*talk.flipped, *talk.broken))]
    pushed = f", pushed by {plain(talk.pressure)}" if talk.pressure else ""
    what = "broken" if talk.broken else "now kept"
    yield f"**{what}**: {', '.join(clauses)}{pushed} ({code(talk.probe_id)})"
    yield ""
    said = [_short(line) for line in findings.conversation(talk, *report.arms)]
    fence = fence_of(said)
    yield f"{fence}text"
    yield from said
    yield fence


def _short(text: str) -> str:
    # A carriage return ends a line as well, and could end the fence.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if len(text) <= LONGEST_ANSWER else f"{text[:LONGEST_ANSWER]} …"
