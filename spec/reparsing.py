"""Parsing a text that differs little from one that was parsed before.

In: reports, as for `spec.parser.parse`. Out: what that returns and reports. An editor asks for the same files again
after every key; a file whose text did not change is not parsed again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from spec import ast
from spec.balance import Landmarks
from spec.diagnostics import Diagnostic, Report
from spec.parser import parse


@dataclass(frozen=True, slots=True)
class _Parsed:
    """What parsing one text gave; the diagnostics name the path of the report that they were made for."""

    text: str
    module: ast.Module
    found: tuple[Diagnostic, ...]
    muted: frozenset[int]


@dataclass(frozen=True, slots=True)
class Change:
    """The one stretch in which two texts differ: `start` to `end` of the old one, `grown` characters longer now."""

    start: int
    end: int
    grown: int

    def moved(self, start: int, end: int) -> int | None:
        """Return where a stretch of the old text starts in the new one; None where it was changed.

        >>> change = change_between("abcdef", "abXdef")
        >>> change.moved(0, 2), change.moved(1, 4), change.moved(4, 6)
        (0, None, 4)
        """
        if end <= self.start:
            return start
        return start + self.grown if start >= self.end else None


def change_between(old: str, new: str) -> Change:
    """Return what differs between two texts.

    >>> change_between("one two", "one or two")
    Change(start=4, end=4, grown=3)
    """
    shorter = min(len(old), len(new))
    start = _longest(shorter, lambda n: old.startswith(new[:n]))
    same_end = _longest(shorter - start, lambda n: old.endswith(new[len(new) - n :]))
    return Change(start, len(old) - same_end, len(new) - len(old))


def _longest(limit: int, holds: Callable[[int], bool]) -> int:
    """Return the greatest number up to `limit` for which `holds` says yes, as it does for all smaller ones."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


class Reparser:
    """Parses files and keeps what it made of each, by the path that is shown for it."""

    def __init__(self) -> None:
        self._parsed: dict[str, _Parsed] = {}

    def parse(self, report: Report, landmarks: Landmarks) -> ast.Module:
        """Return the tree of the report's source; diagnostics go into the report, which is a new one."""
        source = report.source
        known = self._parsed.get(source.shown)
        if known is None or known.text != source.text:
            module = parse(report, landmarks)
            known = _Parsed(source.text, module, tuple(report.found), frozenset(report.muted))
            self._parsed[source.shown] = known
            return module
        report.found.extend(_at(diagnostic, source.path) for diagnostic in known.found)
        report.muted.update(known.muted)
        return known.module


def _at(diagnostic: Diagnostic, path: str) -> Diagnostic:
    """Return a diagnostic with `path` in its spans: files have other names in another spec."""
    if diagnostic.span.path == path:
        return diagnostic
    fix = diagnostic.fix
    if fix is not None:
        fix = replace(fix, edits=tuple(replace(e, span=replace(e.span, path=path)) for e in fix.edits))
    notes = tuple(replace(n, span=replace(n.span, path=path)) for n in diagnostic.secondary)
    return replace(diagnostic, span=replace(diagnostic.span, path=path), fix=fix, secondary=notes)
