"""SARIF 2.1.0: the format in which code hosts and editors take the findings of any analyser.

In: diagnostics and the table of codes. Out: one log with one run. Its rules are the codes that were found, with what
they mean and how to mend them; its results have regions, related locations and fixes, whose `applicability` is among
their properties.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from spec.codes import Code
from spec.diagnostics import Checked, Diagnostic, Edit, Fix
from spec.renderings.json import as_record
from spec.renderings.places import region, uri
from spec.source import Source, Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(specs: Sequence[Checked], codes: Mapping[str, Code]) -> str:
    return json.dumps(log(specs, codes), indent=2, ensure_ascii=False)


def log(specs: Sequence[Checked], codes: Mapping[str, Code]) -> dict[str, object]:
    """Return the log as values; a finding that several specs share, in a file that they import, stands once."""
    rules = {code: i for i, code in enumerate(sorted({d.code for found, _ in specs for d in found}))}
    results: list[dict[str, object]] = []
    seen: set[str] = set()
    for found, sources in specs:
        for diagnostic in found:
            result = _result(diagnostic, sources, rules)
            key = json.dumps(result)
            if key not in seen:
                seen.add(key)
                results.append(result)
    return log_of([_rule(code, codes.get(code)) for code in rules], results)


def log_of(rules: Sequence[object], results: Sequence[object], **more: object) -> dict[str, object]:
    """Return a log with one run of Tenet; `more` goes into the run."""
    from importlib.metadata import version

    driver = {"name": "tenet", "version": version("tenetc"), "rules": list(rules)}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": list(results), **more}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, known: Code | None) -> dict[str, object]:
    if known is None:
        return {"id": code}
    help = f"{known.mend} `tenet explain {code}` has an example."
    return {
        "id": code,
        "name": "".join(word[:1].upper() + word[1:] for word in _words(known.title)),
        "shortDescription": {"text": known.title},
        "fullDescription": {"text": known.what},
        "help": {"text": help, "markdown": f"{known.what}\n\n{help}"},
        "defaultConfiguration": {"level": known.severity},
    }


def _words(title: str) -> list[str]:
    return "".join(char if char.isalnum() else " " for char in title).split()


def _result(diagnostic: Diagnostic, sources: Mapping[str, Source], rules: Mapping[str, int]) -> dict[str, object]:
    text = diagnostic.message if diagnostic.help is None else f"{diagnostic.message}; {diagnostic.help}"
    result: dict[str, object] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rules[diagnostic.code],
        "level": diagnostic.severity,
        "message": {"text": text},
        "locations": [location(diagnostic.span, diagnostic.label, sources)],
    }
    if diagnostic.secondary:
        result["relatedLocations"] = [
            {"id": i, **location(note.span, note.label, sources)} for i, note in enumerate(diagnostic.secondary)
        ]
    if diagnostic.fix is not None:
        result["fixes"] = [_fix(diagnostic.fix, sources)]
    if diagnostic.witness is not None:
        result["properties"] = {"witness": as_record(diagnostic.witness)}
    return result


def location(span: Span, label: str, sources: Mapping[str, Source]) -> dict[str, object]:
    """Return a place in a spec, as a SARIF location."""
    physical: dict[str, object] = {"artifactLocation": {"uri": uri(span, sources)}}
    if place := _region(span, sources):
        physical["region"] = place
    return {"physicalLocation": physical, **({"message": {"text": label}} if label else {})}


def _region(span: Span, sources: Mapping[str, Source]) -> dict[str, int]:
    place = region(span, sources)
    if place is None:
        return {}
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _fix(fix: Fix, sources: Mapping[str, Source]) -> dict[str, object]:
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {
                "artifactLocation": {"uri": uri(edits[0].span, sources)},
                "replacements": [
                    {"deletedRegion": _region(edit.span, sources), "insertedContent": {"text": edit.text}}
                    for edit in edits
                ],
            }
            for edits in _by_file(fix)
        ],
        "properties": {"applicability": fix.applicability},
    }


def _by_file(fix: Fix) -> list[list[Edit]]:
    files: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        files.setdefault(edit.span.path, []).append(edit)
    return list(files.values())
