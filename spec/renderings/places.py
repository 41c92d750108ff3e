"""Where a diagnostic points, in the forms that renderings need: as text, as lines and columns, as a URI.

In: a span and the sources. Out: text and numbers. Lines and columns count from 1, columns in characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from spec.source import Source, Span


class Region(NamedTuple):
    """The first character, and the place after the last one."""

    line: int
    column: int
    end_line: int
    end_column: int


def shown(span: Span, sources: Mapping[str, Source]) -> str:
    """Return the file of `span` as the user would open it."""
    return sources[span.path].shown if span.path in sources else span.path


def place(span: Span, sources: Mapping[str, Source]) -> str:
    """Return `file:line:column`."""
    file = visible(shown(span, sources))
    return f"{file}:{span.line}:{span.column}" if span.line else file


def region(span: Span, sources: Mapping[str, Source]) -> Region | None:
    """Return lines and columns; None for a span that stands for a whole file."""
    if not span.line:
        return None
    source = sources.get(span.path)
    end = source.span(span.end, span.end) if source and source.text else span
    return Region(span.line, span.column, end.line, end.column)


def uri(span: Span, sources: Mapping[str, Source]) -> str:
    """Return the file as a URI: a relative reference for a relative path."""
    from urllib.parse import quote

    path = shown(span, sources).replace("\\", "/")
    if re.match(r"[A-Za-z]:/", path):
        return f"file:///{path[:2]}{quote(path[2:])}"
    return f"file://{quote(path)}" if PurePosixPath(path).is_absolute() else quote(path)


def visible(text: str) -> str:
    """Return `text` without what could move the cursor or colour the screen: no text of a spec may."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)
