"""Paths that a spec names: where its project ends, why a path leads to nothing, and which name was meant.

In: paths, and what stands beside them. Out: words and fixes for messages. This file must not know what is in a file,
nor which statement names it.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from spec.diagnostics import Edit, Fix, Report, closest
from spec.source import Span

MOST_NAMED = 6
"""How many files are listed where none has a name like the one that is missing."""
MAY_NOT = "may not be read: permission denied"
PROJECT_MARKS = ("tenet.toml", "pyproject.toml", ".git")


def project_of(folder: Path) -> Path:
    """Return the nearest folder, from `folder` upwards, that is marked as a project; else `folder`."""
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in PROJECT_MARKS):
            return candidate
    return folder


def why_missing(place: Path, wanted: str) -> str:
    """Return why `place` is not the file or folder that is wanted, or an empty text."""
    try:
        mode = place.stat().st_mode
    except (OSError, ValueError) as error:
        return "does not exist" if isinstance(error, FileNotFoundError) else why_unreadable(error)
    if wanted == "folder":
        return "" if stat.S_ISDIR(mode) else "is a file"
    return "" if stat.S_ISREG(mode) else "is a folder" if stat.S_ISDIR(mode) else "is not a file"


def why_unreadable(error: Exception) -> str:
    """Return what the system has against reading a file."""
    if isinstance(error, PermissionError):
        return MAY_NOT
    strerror = getattr(error, "strerror", None)
    return f"cannot be read: {str(strerror).lower()}" if strerror else "cannot be read: its path is malformed"


def way_out(place: Path, what: str) -> str | None:
    """Return what to do about a file that is there; None where it is not."""
    if place.is_dir():
        return "name a file in it"
    if what == MAY_NOT:
        return f"give yourself the right to read it: `chmod u+r {place.name}`"
    return None if what == "does not exist" else "name another file"


def another_name(name: str, known: Sequence[str], report: Report, span: Span) -> tuple[str | None, Fix | None]:
    """Return help and fix for a path, written at `span`, whose last part is none of `known`."""
    # Names are alike for more than their ending.
    near = [other for other in known if closest(_stem(name), [_stem(other)])]
    if not near and len(known) > MOST_NAMED:
        return f"{len(known)} stand beside it, and none has a name like this", None
    if not near:
        return f"it is one of: {', '.join(known)}" if known else None, None
    help, fix = report.did_you_mean(name, near, span)
    written = report.source.text[span.start : span.end]
    if fix is None or written.count(name) != 1:
        return help, None
    start = span.start + written.index(name)
    edit = Edit(report.at(start, start + len(name)), fix.edits[0].text)
    return help, replace(fix, edits=(edit,), applicability="unsafe")


def names_beside(place: Path, wanted: str) -> list[str]:
    """Names beside `place` of the kind that is wanted, in order."""
    try:
        beside = sorted(place.parent.iterdir())
        return [p.name for p in beside if (p.is_dir() if wanted == "folder" else p.suffix == place.suffix)]
    except (OSError, ValueError):
        return []


def fitted(path: str) -> str:
    """Return a path, or the end of a long one."""
    return path if len(path) <= 40 else "…" + path[-39:]


def _stem(name: str) -> str:
    return name.partition(".")[0] or name
