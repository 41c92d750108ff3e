"""Diagnostics as people and programs read them.

In: diagnostics and the sources that they point into. Out: text.

    error[T0110]: there is no level `rot`
      --> harbor.tenet:22:18
       |
    22 | refuse dosing at rot {
       |                  ^^^ unknown level
       |
       = help: did you mean `root`?

Nothing is wider than the width asked for but what a terminal cannot break: a long source line is cut around the place.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from unicodedata import combining, east_asian_width

from spec.diagnostics import Diagnostic, Note, counted
from spec.source import Source, Span

WIDTH = 80
"""Columns where no other width is asked for, and the fewest that a message can be laid out in."""
NARROWEST = 40
TAB = 4

_STYLES = {"error": "1;31", "warning": "1;33", "frame": "1;34", "note": "1;36", "bold": "1", "help": "1;32"}


def render_concise(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]) -> str:
    """Return one line for each diagnostic, as compilers have written them since 1970: editors can jump there."""
    return "\n".join(f"{_place(d.span, sources)}: {d.severity}[{d.code}]: {d.message}" for d in diagnostics)


def render_json(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]) -> str:
    """Return a JSON array; lines and columns count from 1, columns in characters, and `end` is excluded."""
    return json.dumps([_as_json(d, sources) for d in diagnostics], indent=2, ensure_ascii=False)


def render_full(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], color: bool = False, width: int = WIDTH
) -> str:
    """Return each diagnostic with the lines that it speaks of, then how many there are."""
    paint = _Paint(color)
    found = list(diagnostics)
    blocks = [_full(d, sources, paint, max(width, NARROWEST)) for d in found]
    if found:
        blocks.append(paint("bold", counted(found)))
    return "\n\n".join(blocks)


class _Paint:
    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.on and text else text


def _place(span: Span, sources: Mapping[str, Source]) -> str:
    shown = sources[span.path].shown if span.path in sources else span.path
    return f"{_visible(shown)}:{span.line}:{span.column}" if span.line else _visible(shown)


def _full(diagnostic: Diagnostic, sources: Mapping[str, Source], paint: _Paint, columns: int) -> str:
    span = diagnostic.span
    head = textwrap.wrap(
        f"{diagnostic.severity}[{diagnostic.code}]: {_visible(diagnostic.message)}", columns, subsequent_indent="  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    tag = f"{diagnostic.severity}[{diagnostic.code}]"
    lines = [paint(diagnostic.severity, tag) + paint("bold", head[0].removeprefix(tag))]
    lines.extend(paint("bold", line) for line in head[1:])
    here = [Note(span, diagnostic.label)]
    there = [note for note in diagnostic.secondary if note.span.path == span.path]
    elsewhere = [note for note in diagnostic.secondary if note.span.path != span.path]
    numbers = [note.span.line for note in (*here, *diagnostic.secondary)]
    gutter = len(str(max(numbers)))
    bar = paint("frame", " " * gutter + " |")
    lines.append(f"{' ' * gutter}{paint('frame', '-->')} {_place(span, sources)}")
    groups = [(span.path, sorted([*here, *there], key=lambda note: (note.span.line, note.span.column)))]
    groups.extend((note.span.path, [note]) for note in elsewhere)
    for n, (path, notes) in enumerate(groups):
        if n:
            lines.append(f"{' ' * gutter}{paint('frame', ':::')} {_place(notes[0].span, sources)}")
        source = sources.get(path)
        if source is None or not source.text:
            continue
        lines.append(bar)
        last = 0
        for note in notes:
            if last and note.span.line > last + 1:
                lines.append(paint("frame", "..." if gutter < 3 else " " * (gutter - 2) + "..."))
            primary = note is here[0]
            window = _Window(source.line(note.span.line), note.span, columns - gutter - 3)
            if note.span.line != last or window.cut:
                number = paint("frame", f"{note.span.line:>{gutter}} |")
                lines.append(f"{number} {window.text}".rstrip())
            style = diagnostic.severity if primary else "note"
            mark = ("^" if primary else "-") * window.width
            label = _visible(note.label)
            room = columns - gutter - 3 - window.column - window.width - 1
            below = bool(label) and len(label) > room
            first = f"{' ' * window.column}{paint(style, mark if below or not label else f'{mark} {label}')}"
            lines.append(f"{bar} {first}")
            if below:
                width = columns - gutter - 3
                indent = min(window.column, max(0, width - len(label)))
                lines.extend(
                    f"{bar} {' ' * indent}{paint(style, part)}" for part in textwrap.wrap(label, width - indent)
                )
            last = note.span.line
    if diagnostic.help:
        lines.append(bar)
        lead = " " * gutter + " = help: "
        parts = textwrap.wrap(
            _visible(diagnostic.help), columns - len(lead), break_long_words=False, break_on_hyphens=False
        )
        lines.append(f"{' ' * gutter} {paint('frame', '=')} {paint('help', 'help')}: {parts[0]}")
        lines.extend(" " * len(lead) + part for part in parts[1:])
    return "\n".join(lines)


class _Window:
    """The part of a source line that fits on the screen. column: where the mark starts; width: how long it is."""

    def __init__(self, line: str, span: Span, room: int) -> None:
        start = span.column - 1
        # A line may be as long as a file: only what is near the place is measured.
        near = max(0, start - 2 * room)
        line, more = line[near : start + 3 * room], len(line) > start + 3 * room
        start -= near
        length = max(1, min(span.end - span.start, len(line) - start))
        widths = [_width(char) for char in line]
        self.cut = near > 0 or more or sum(widths) > room
        left, right = 0, len(line)
        if self.cut:
            # Keep the place in view, with a sign where the line is cut.
            left = max(0, start - room // 3) if near or sum(widths[: start + length]) + 1 > room else 0
            total = 1 if left or near else 0
            right = left
            while right < len(line) and total + widths[right] <= room - 1:
                total += widths[right]
                right += 1
        before, after = bool(left or near), right < len(line) or more
        self.text = ("…" if before else "") + "".join(map(_shown, line[left:right])) + ("…" if after else "")
        self.column = before + sum(widths[left:start])
        self.width = max(1, sum(widths[start : min(start + length, right)]))


def _width(char: str) -> int:
    if char == "\t":
        return TAB
    if combining(char) or char in "\u200b\u200c\u200d\ufeff":
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def _shown(char: str) -> str:
    if char == "\t":
        return " " * TAB
    return char if char.isprintable() or char in "\u200c\u200d" else "\ufffd" if _width(char) else ""


def _visible(text: str) -> str:
    """No text of a spec may move the cursor or colour the screen."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


def _as_json(diagnostic: Diagnostic, sources: Mapping[str, Source]) -> dict[str, object]:
    def place(span: Span) -> dict[str, object]:
        source = sources.get(span.path)
        end = source.span(span.end, span.end) if source and source.text else span
        return {
            "file": source.shown if source else span.path,
            "start": {"line": span.line, "column": span.column, "offset": span.start},
            "end": {"line": end.line, "column": end.column, "offset": span.end},
        }

    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **place(diagnostic.span),
        "label": diagnostic.label,
        "help": diagnostic.help,
        "fix": {
            "title": fix.title,
            "applicability": fix.applicability,
            "edits": [{**place(edit.span), "text": edit.text} for edit in fix.edits],
        }
        if fix
        else None,
        "secondary": [{**place(note.span), "label": note.label} for note in diagnostic.secondary],
    }
