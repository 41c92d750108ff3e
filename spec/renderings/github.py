"""Annotations for GitHub Actions: a run that prints these shows each beside its line of the change.

    ::error file=harbor.tenet,line=22,col=18,endLine=22,endColumn=21,title=T0110 unknown level::there is no level `rot`

The help and the witness follow on lines of their own. The path is as the spec was named, so the command runs where
the repository is checked out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from spec.codes import Code
from spec.diagnostics import Checked, Diagnostic
from spec.renderings.places import region, shown
from spec.source import Source

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def render(specs: Sequence[Checked], codes: Mapping[str, Code]) -> str:
    """Return a line for each diagnostic; one that several specs share, in a file that they import, stands once."""
    return "\n".join(dict.fromkeys(_line(d, sources, codes) for found, sources in specs for d in found))


def _line(diagnostic: Diagnostic, sources: Mapping[str, Source], codes: Mapping[str, Code]) -> str:
    about = {"file": shown(diagnostic.span, sources).replace("\\", "/")}
    if place := region(diagnostic.span, sources):
        about |= {"line": str(place.line), "col": str(place.column)}
        if place.end_line == place.line:  # GitHub draws columns within one line only
            about |= {"endLine": str(place.end_line), "endColumn": str(place.end_column)}
    title = f" {codes[diagnostic.code].title}" if diagnostic.code in codes else ""
    about["title"] = f"{diagnostic.code}{title}"
    text = "\n".join(_said(diagnostic))
    properties = ",".join(f"{name}={_property(value)}" for name, value in about.items())
    return f"::{_LEVELS[diagnostic.severity]} {properties}::{_data(text)}"


def _said(diagnostic: Diagnostic) -> Iterator[str]:
    """Yield the lines of an annotation's text."""
    yield diagnostic.message
    if diagnostic.help is not None:
        yield f"help: {diagnostic.help}"
    if diagnostic.witness is not None:
        yield f"for example: {diagnostic.witness.shows}"
        yield from (f"  {role}: {' '.join(text.split())}" for role, text in diagnostic.witness.said)


def _data(text: str) -> str:
    """A line end would end the command, and what follows could be another one."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
