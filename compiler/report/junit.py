"""JUnit XML for CI servers: a test suite for each clause, a test case for each of its verdicts.

In: reports. Out: XML that Jenkins' xUnit schema (junit-10.xsd) accepts. missed fails; unclear is skipped (strict: it
fails); an adapter that does nothing is an error. So failures stand in the file when, and only when, `tenet diff` leaves
with 1. Estimates, intervals and counts of every arm are the suite's properties, where that schema has them. This file
must not read files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from compiler.records.behaviour import Facts
from compiler.records.clauses import ClauseRow, Trial
from compiler.records.report import DiffReport
from compiler.report import figures, findings
from compiler.report.findings import Found

MOST_SHOWN = 3
"""Conversations beside a failure; report.html has the others."""
SHOWN_DIGITS = 6


def render(reports: Sequence[Found], strict: bool = False) -> str:
    """Return the reports as one document; strict: unclear verdicts and lost facts fail."""
    root = Element("testsuites", name="tenet")
    for found in reports:
        root.extend(_suites(found, strict))
    total = Counter[str]()
    for suite in root:
        counts = _counts(suite)
        suite.attrib |= {name: str(counts[name]) for name in ("tests", "failures", "errors", "skipped")}
        total += counts
    root.attrib |= {name: str(total[name]) for name in ("tests", "failures", "errors")}
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _counts(suite: Element) -> Counter[str]:
    cases = suite.findall("testcase")
    named = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    return Counter(tests=len(cases)) + Counter(named[e.tag] for case in cases for e in case if e.tag in named)


def _suites(found: Found, strict: bool) -> Iterator[Element]:
    report = found.report
    if report.status == "not engaged":
        suite = _suite(found, "adapter", found.file(report.provenance.spec))
        case = SubElement(suite, "testcase", name="is engaged", classname=_text(report.name))
        SubElement(case, "error", type="not engaged", message="the adapter does nothing, so nothing was measured of it")
        yield suite
        return
    for row in report.clauses:
        suite = _suite(found, row.id, found.place(row).rsplit(":", 1)[0])
        head = [("clause", row.id), ("place", found.place(row)), ("subject", report.subject)]
        _properties(suite, [*head, ("stopping", report.stopping)])
        for figure in row.decided:
            _properties(suite, _measured(figure))
            _case(suite, found, row, figure, strict)
        yield suite
    if report.facts is not None and report.facts.verdict is not None:
        yield _facts(found, report.facts, strict)


def _suite(found: Found, name: str, file: str) -> Element:
    """Runs are told apart by their names, since several may stand in one document."""
    return Element("testsuite", name=_text(f"{found.report.run}: {name}"), file=_text(file))


def _properties(suite: Element, values: Sequence[tuple[str, str]]) -> None:
    held = suite.find("properties")
    held = SubElement(suite, "properties") if held is None else held
    for name, value in values:
        SubElement(held, "property", name=_text(name), value=_text(value))


def _measured(figure: ClauseRow | Trial) -> list[tuple[str, str]]:
    of = findings.of(figure)
    values = [(f"{of}.target", f"{figure.comparison} {figure.target:.{SHOWN_DIGITS}g}")]
    for rate in figure.rates:
        numbers = {"estimate": rate.share, "low": rate.low, "high": rate.high}
        values += [(f"{of}.{rate.arm}.{name}", f"{value:.{SHOWN_DIGITS}g}") for name, value in numbers.items()]
        values += [(f"{of}.{rate.arm}.n", str(rate.n)), (f"{of}.{rate.arm}.missing", str(rate.missing))]
        values += [(f"{of}.{rate.arm}.basis", rate.basis)] if rate.n else []
        values += [(f"{of}.{rate.arm}.labels", str(rate.labels))] if rate.labels else []
    values += [(f"{of}.stopped", figure.stopped.why)] if figure.stopped else []
    return values


def _case(suite: Element, found: Found, row: ClauseRow, figure: ClauseRow | Trial, strict: bool) -> None:
    report = found.report
    name = findings.label(figure) or row.id
    case = SubElement(suite, "testcase", name=_text(name), classname=_text(f"{report.name}.{row.id}"))
    said = findings.sentence(figure, report.subject)
    shown = list(islice(findings.broken(report, row, figure), MOST_SHOWN))
    talks = ["\n".join(findings.conversation(talk, "base", report.subject)) for talk in shown]
    if figure.verdict == "missed" or (strict and figure.verdict != "met"):
        failure = SubElement(case, "failure", type=figure.verdict or "unclear", message=_text(said))
        failure.text = _text("\n\n".join([f"{found.place(row)}\n{row.says}", *talks]))
    elif figure.verdict != "met":
        SubElement(case, "skipped", type="unclear", message=_text(said))
    SubElement(case, "system-out").text = _text(said)


def _facts(found: Found, facts: Facts, strict: bool) -> Element:
    suite = _suite(found, "facts", found.file(found.report.provenance.spec))
    case = SubElement(suite, "testcase", name="facts are kept", classname=_text(f"{found.report.name}.facts"))
    said = facts_sentence(found.report, facts)
    if facts.verdict != "kept":
        tag = "failure" if strict and facts.verdict == "lost" else "skipped"
        SubElement(case, tag, type=str(facts.verdict), message=_text(said))
    SubElement(case, "system-out").text = _text(said)
    return suite


def facts_sentence(report: DiffReport, facts: Facts) -> str:
    """Return what became of the answers to questions of fact."""
    rates = "; ".join(f"{rate.arm} {figures.rate(rate)} of {rate.n}" for rate in facts.rates)
    return f"{facts.verdict}: {rates}; {len(facts.lost)} lost by {report.subject}"


def _text(text: str) -> str:
    """XML has no way to write most control characters: what an answer has of them is shown as a replacement."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
