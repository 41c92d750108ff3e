"""A JSON array for programs: lines and columns count from 1, columns and offsets in characters, `end` is excluded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from spec.diagnostics import Checked, Diagnostic, Witness
from spec.renderings.places import region, shown
from spec.source import Source, Span


def render(specs: Sequence[Checked]) -> str:
    """Return the diagnostics of all `specs` as one array."""
    return json.dumps([_as_json(d, s) for found, s in specs for d in found], indent=2, ensure_ascii=False)


def _as_json(diagnostic: Diagnostic, sources: Mapping[str, Source]) -> dict[str, object]:
    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_place(diagnostic.span, sources),
        "label": diagnostic.label,
        "help": diagnostic.help,
        "fix": {
            "title": fix.title,
            "applicability": fix.applicability,
            "edits": [{**_place(edit.span, sources), "text": edit.text} for edit in fix.edits],
        }
        if fix
        else None,
        "secondary": [{**_place(note.span, sources), "label": note.label} for note in diagnostic.secondary],
        "witness": as_record(diagnostic.witness) if diagnostic.witness else None,
    }


def as_record(witness: Witness) -> dict[str, object]:
    """Return a witness as values."""
    return {
        "clause": witness.clause,
        "shows": witness.shows,
        "facts": dict(witness.facts),
        "turns": [{"role": turn.role, "text": turn.text} for turn in witness.turns],
        "answer": witness.answer,
    }


def _place(span: Span, sources: Mapping[str, Source]) -> dict[str, object]:
    line, column, end_line, end_column = region(span, sources) or (0, 0, 0, 0)
    return {
        "file": shown(span, sources),
        "start": {"line": line, "column": column, "offset": span.start},
        "end": {"line": end_line, "column": end_column, "offset": span.end},
    }
