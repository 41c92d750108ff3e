"""Parsing a text that differs little from one that was parsed before.

In: reports, as for `spec.parser.parse`. Out: what that returns and reports, place by place. An editor asks for the same
files again after every key. Of a file that was whole before, the statements around the change are read anew, and those
before and behind it are moved along:

    trait a { ... }          kept
    trait b { ... }          read anew: the last one before the change
    trait c { means: "|" }   read anew: changed
    trait d { ... }          read anew, and so is e: they show that the change ends before them
    trait f { ... }          kept, moved

Where that cannot be sure (a string that is not closed may end anywhere below), the whole file is read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeVar

from spec import ast
from spec.balance import Landmarks
from spec.diagnostics import Diagnostic, Edit, Note, Report
from spec.lexer import scan
from spec.parser import parse, tables
from spec.source import Source, Span

WITNESSES = 2
"""Statements behind a change that must read as before for it to end before them."""

Place = Callable[[Span], Span]
Node = TypeVar("Node")


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


@dataclass(frozen=True, slots=True)
class _Parsed:
    """What parsing one text gave; the diagnostics name the path of the report that they were made for."""

    text: str
    module: ast.Module
    found: tuple[Diagnostic, ...] = ()
    muted: frozenset[int] = frozenset()

    @property
    def whole(self) -> bool:
        return not self.found and not self.module.broken


class Reparser:
    """Parses files and keeps what it made of each, by the path that is shown for it."""

    def __init__(self) -> None:
        self._latest: dict[str, _Parsed] = {}
        self._whole: dict[str, _Parsed] = {}

    def parse(self, report: Report, landmarks: Landmarks) -> ast.Module:
        """Return the tree of the report's source; diagnostics go into the report, which is a new one."""
        source = report.source
        known = self._latest.get(source.shown)
        if known is None or known.text != source.text:
            before = self._whole.get(source.shown)
            known = _reparsed(before, source, landmarks) if before is not None else None
            if known is None:
                fresh = Report(source)
                module = parse(fresh, landmarks)
                known = _Parsed(source.text, module, tuple(fresh.found), frozenset(fresh.muted))
            self._latest[source.shown] = known
            if known.whole:
                self._whole[source.shown] = known
        if known.module.signs > report.room.signs:
            return parse(report, landmarks)
        report.found.extend(_placed(d, lambda span: replace(span, path=source.path)) for d in known.found)
        report.muted.update(known.muted)
        return known.module


def _reparsed(before: _Parsed, source: Source, landmarks: Landmarks) -> _Parsed | None:
    """Return what `parse` makes of a source, by way of what it made of a text before; None where that is not sure."""
    text, items = source.text, before.module.items
    change = change_between(before.text, text)
    # The first item that is read anew: it stands at the start of a line, behind one that the change does not touch.
    first = max(bisect_left(items, change.start, key=lambda item: item.end) - 1, 0)
    while first and not _starts_line(before.text, items[first].start):
        first -= 1
    start = before.text.rfind("\n", 0, items[first].start) + 1 if first else 0
    # The first item behind the witnesses.
    last = bisect_left(items, change.end + 1, key=lambda item: item.start) + WITNESSES
    while last < len(items) and not _starts_line(before.text, items[last].start):
        last += 1
    if last >= len(items):
        last, end = len(items), len(text)
    else:
        end = items[last].start + change.grown
    if (last - first) * 2 > len(items):
        return None
    part = Report(Source(source.path, text[start:end]))
    module = parse(part, landmarks)
    if part.found and not _ends_before_witnesses(part, module, items[:last], start, change):
        return None
    again = [_moved(item, start) for item in module.items]
    behind = [_moved(item, change.grown) for item in items[last:]]
    comments = before.module.comments
    kept = (comment for comment in comments if comment.end <= start)
    after = (_moved(c, change.grown) for c in comments if last < len(items) and c.start >= items[last].start)
    whole = ast.Module(
        (*items[:first], *again, *behind),
        (*kept, *(_moved(comment, start) for comment in module.comments), *after),
        tuple((low + start, high + start) for low, high in module.broken),
        before.module.signs - _signs(before.text[start : end - change.grown]) + module.signs,
    )
    lines = text.count("\n", 0, start)
    found = tuple(_placed(d, lambda span: source.span(span.start + start, span.end + start)) for d in part.found)
    return _Parsed(text, whole, found, frozenset(line + lines for line in part.muted))


def _signs(text: str) -> int:
    return len(scan(Report(Source("", text)), tables()).tokens)


def _starts_line(text: str, place: int) -> bool:
    return not text[text.rfind("\n", 0, place) + 1 : place].strip()


def _ends_before_witnesses(
    part: Report, module: ast.Module, items: tuple[ast.Item, ...], start: int, change: Change
) -> bool:
    """Whether what is wrong in a part has no bearing on what stands behind it: its last statements read as before."""
    witnesses = items[-WITNESSES:]
    if len(module.items) <= WITNESSES or witnesses[0].start < change.end:
        return False
    for old, new in zip(witnesses, module.items[-WITNESSES:], strict=True):
        if old != new or (old.start + change.grown, old.end + change.grown) != (new.start + start, new.end + start):
            return False
    edge = witnesses[0].start + change.grown - start
    places = [place for d in part.found for place in _places(d)]
    return all(place.end < edge for place in places) and all(high < edge for _, high in module.broken)


def _places(diagnostic: Diagnostic) -> Iterable[Span]:
    yield diagnostic.span
    yield from (note.span for note in diagnostic.secondary)
    yield from (edit.span for edit in (diagnostic.fix.edits if diagnostic.fix else ()))


def _placed(diagnostic: Diagnostic, place: Place) -> Diagnostic:
    """Return a diagnostic with its spans put elsewhere."""
    fix = diagnostic.fix
    if fix is not None:
        edits = tuple(Edit(place(edit.span), edit.text) for edit in fix.edits)
        fix = replace(fix, edits=edits, uncovers=place(fix.uncovers) if fix.uncovers is not None else None)
    notes = tuple(Note(place(note.span), note.label) for note in diagnostic.secondary)
    return replace(diagnostic, span=place(diagnostic.span), fix=fix, secondary=notes)


def _moved(node: Node, by: int) -> Node:
    """Return a node with all that is in it, `by` characters further on."""
    if by == 0:
        return node
    moved: Node = _shift(node, by)
    return moved


def _shift(node: Any, by: int) -> Any:
    values = []
    for name, kind in _shape(node.__class__):
        value = getattr(node, name)
        if kind == "place":
            value += by
        elif kind == "node":
            if value is not None:
                value = _shift(value, by)
        elif kind == "nodes":
            value = tuple([_shift(item, by) for item in value])
        values.append(value)
    return type(node)(*values)


_PLAIN = frozenset({"str", "float", "bool"})


@cache
def _shape(node: Any) -> tuple[tuple[str, str], ...]:
    """Return the fields of a kind of node, and of each whether it is a place, a node, several, or neither."""
    kinds = []
    for field in fields(node):
        annotation = str(field.type)
        if field.name in ("start", "end"):
            kind = "place"
        elif annotation.startswith("tuple["):
            kind = "nodes"
        else:
            kind = "" if annotation in _PLAIN else "node"
        kinds.append((field.name, kind))
    return tuple(kinds)
