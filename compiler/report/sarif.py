"""SARIF 2.1.0 for code hosts and editors: what was measured, on the spec's own lines.

In: reports. Out: one log with one run. Its rules are clauses; its results are verdicts that were missed (error) or are
unclear (note; strict: warning), lost facts and notable side effects (warning). What was met is no result. The numbers
of every arm are among a result's properties. This file must not read files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice

from compiler.records.behaviour import SideEffect
from compiler.records.clauses import ClauseRow, Trial
from compiler.records.figures import Rate
from compiler.report import findings
from compiler.report.findings import Found
from compiler.report.junit import facts_sentence
from spec.renderings.sarif import location, log_of
from spec.source import Source, Span

MOST_SHOWN = 3
"""Conversations among a result's properties."""

Value = dict[str, object]


def render(reports: Sequence[Found], strict: bool = False) -> str:
    """Return the reports as one log; strict: unclear verdicts are warnings."""
    results = [result for found in reports for result in _results(found, strict)]
    rules: dict[str, Value] = {}
    for found in reports:
        for rule in _rules(found):
            rules.setdefault(str(rule["id"]), rule)
    used = {name: rule for name, rule in rules.items() if any(result["ruleId"] == name for result in results)}
    for result in results:
        result["ruleIndex"] = list(used).index(str(result["ruleId"]))
    engaged = all(found.report.status == "measured" for found in reports)
    return json.dumps(
        log_of(list(used.values()), results, invocations=[{"executionSuccessful": engaged}]),
        indent=2,
        ensure_ascii=False,
    )


FACTS, NOT_ENGAGED = "facts", "adapter"


def _rules(found: Found) -> Iterator[Value]:
    for row in found.report.clauses:
        because = f" Because: {row.because}" if row.because else ""
        yield _rule(row.id, row.says, f"{row.says}{because}", "error")
    yield _rule(FACTS, "Facts are kept", "Questions of fact are answered as the base answers them.", "warning")
    yield _rule(NOT_ENGAGED, "The adapter is engaged", "The adapter moves the next token, and some answer.", "error")
    for effect in found.report.side_effects:
        yield _rule(f"side_effect.{effect.id}", effect.title, effect.explains, "warning")


def _rule(name: str, short: str, full: str, level: str) -> Value:
    return {
        "id": name,
        "shortDescription": {"text": short},
        "fullDescription": {"text": full},
        "defaultConfiguration": {"level": level},
    }


def _results(found: Found, strict: bool) -> Iterator[Value]:
    report = found.report
    # What is of no clause stands at the head of the spec.
    spec = Span(report.provenance.spec, 0, 0, 1, 1)
    if report.status == "not engaged":
        yield _result(found, NOT_ENGAGED, "", "error", "the adapter does nothing, so nothing was measured of it", spec)
    for row in report.clauses:
        for figure in row.decided:
            if figure.verdict == "met":
                continue
            level = "error" if figure.verdict == "missed" else "warning" if strict else "note"
            about = findings.label(figure)
            text = f"{row.id}{' ' + about if about else ''} is {findings.sentence(figure, report.subject)}"
            result = _result(found, row.id, findings.of(figure), level, text, _span(row) or spec)
            result["properties"] = _properties(found, row, figure)
            yield result
    if report.facts is not None and report.facts.verdict == "lost":
        yield _result(found, FACTS, "", "warning", f"facts are {facts_sentence(report, report.facts)}", spec)
    for effect in report.side_effects:
        if effect.notable:
            yield _result(found, f"side_effect.{effect.id}", "", "warning", _moved(effect), spec)


def _result(found: Found, rule: str, of: str, level: str, text: str, span: Span) -> Value:
    sources = {file.path: Source(file.path, file.text, found.file(file.path)) for file in found.report.sources}
    sources.setdefault(span.path, Source(span.path, "", found.file(span.path)))
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [location(span, "", sources)],
        # The same finding on another day: lines and figures may have moved.
        "partialFingerprints": {"tenet/v1": "/".join(part for part in (found.report.name, rule, of) if part)},
    }


def _span(row: ClauseRow) -> Span | None:
    place = row.place
    return Span(place.path, place.start, place.end, place.line, place.column) if place else None


def _properties(found: Found, row: ClauseRow, figure: ClauseRow | Trial) -> Value:
    report = found.report
    talks = islice(findings.broken(report, row, figure), MOST_SHOWN)
    return {
        "run": report.run,
        "figure": findings.of(figure),
        "verdict": figure.verdict,
        "target": f"{figure.comparison} {figure.target:g}",
        "subject": report.subject,
        "stopping": report.stopping,
        "stopped": figure.stopped.model_dump() if figure.stopped else None,
        "arms": {rate.arm: _numbers(rate) for rate in figure.rates},
        "broken": ["\n".join(findings.conversation(talk, "base", report.subject)) for talk in talks],
    }


def _numbers(rate: Rate) -> Value:
    return {
        "estimate": rate.share,
        "low": rate.low,
        "high": rate.high,
        "n": rate.n,
        "missing": rate.missing,
        "basis": rate.basis,
        "labels": rate.labels,
    }


def _moved(effect: SideEffect) -> str:
    values = findings.values(effect)
    return f"{effect.title}: no clause asked for it; {values}, over {effect.n} prompts ({effect.explains})"
