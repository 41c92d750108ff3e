"""Diagnostics of a file, from every spec that it belongs to, as the protocol has them.

In: the session and a path. Out: the protocol's diagnostics. What the passes found in the text before the last keys
stays where it is, moved along with its text, until the spec is compiled anew; where the text itself changed it goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from lsprotocol import types

from compiler.lsp.session import Session
from compiler.lsp.texts import Text
from compiler.lsp.workspace import Checked
from spec.diagnostics import Diagnostic
from spec.reparsing import Change, change_between
from spec.source import Span

SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}
DEPRECATED = "T0230"


def affected(session: Session, path: Path) -> list[Path]:
    """Return the files whose diagnostics may change with a file: of its specs, what is open or included by that."""
    workspace = session.workspace
    found: dict[Path, None] = {}
    for root in workspace.roots(path):
        for file, _ in workspace.included(root):
            if file.uri is not None:
                found.update(dict.fromkeys(below.path for below, _ in workspace.included(file.path)))
    return list(found)


def found_in(session: Session, path: Path) -> list[tuple[Diagnostic, Checked]]:
    """Return what is wrong in a file, and in which spec it was found; the same defect once."""
    seen: dict[tuple[str, str, int, int], tuple[Diagnostic, Checked]] = {}
    for root in session.workspace.roots(path):
        checked = session.workspace.check(root)
        for diagnostic in (*checked.loaded.diagnostics, *_of_passes(session, checked)):
            if checked.places.get(diagnostic.span.path) == path:
                place = diagnostic.code, diagnostic.message, diagnostic.span.start, diagnostic.span.end
                seen.setdefault(place, (diagnostic, checked))
    return list(seen.values())


def _of_passes(session: Session, checked: Checked) -> Iterator[Diagnostic]:
    """Yield what the passes found when the spec was last compiled, at the places where it stands now."""
    known = session.compiled.get(checked.root)
    if known is None:
        return
    if known.document is checked.loaded.document:
        yield from known.diagnostics
        return
    changes: dict[str, Change | None] = {}
    for diagnostic in known.diagnostics:
        name = diagnostic.span.path
        if name not in changes:
            changes[name] = _change(session, checked, name, known.texts)
        change = changes[name]
        start = change.moved(diagnostic.span.start, diagnostic.span.end) if change is not None else None
        if start is not None:
            length = diagnostic.span.end - diagnostic.span.start
            span = checked.loaded.sources[name].span(start, start + length)
            yield replace(diagnostic, span=span, fix=None, secondary=())


def _change(session: Session, checked: Checked, name: str, texts: Mapping[Path, str]) -> Change | None:
    path = checked.places.get(name)
    file = session.workspace.file(path) if path is not None else None
    before = texts.get(path) if path is not None else None
    return change_between(before, file.text.clean) if file is not None and before is not None else None


def diagnose(session: Session, path: Path) -> types.PublishDiagnosticsParams:
    """Return the diagnostics of a file, with the version of the text that they are of."""
    file = session.workspace.file(path)
    text = file.text if file is not None else Text("")
    found = [_protocol(session, checked, diagnostic, text) for diagnostic, checked in found_in(session, path)]
    return types.PublishDiagnosticsParams(session.uri(path), found, file.version if file is not None else None)


def _protocol(session: Session, checked: Checked, diagnostic: Diagnostic, text: Text) -> types.Diagnostic:
    related = [
        types.DiagnosticRelatedInformation(location, note.label)
        for note in diagnostic.secondary
        if (location := _location(session, checked, note.span)) is not None
    ]
    label = f" ({diagnostic.label})" if diagnostic.label else ""
    help = f"\nhelp: {diagnostic.help}" if diagnostic.help else ""
    return types.Diagnostic(
        range=text.span(diagnostic.span),
        message=f"{diagnostic.message}{label}{help}",
        severity=SEVERITIES[diagnostic.severity],
        code=diagnostic.code,
        source="tenet",
        tags=[types.DiagnosticTag.Deprecated] if diagnostic.code == DEPRECATED else None,
        related_information=related or None,
    )


def _location(session: Session, checked: Checked, span: Span) -> types.Location | None:
    path = checked.places.get(span.path)
    return session.location(path, span.start, span.end) if path is not None else None
