"""Diagnostics as people read them on a terminal, each with the lines that it speaks of.

In: diagnostics and the sources that they point into. Out: text.

    error[T0110]: there is no level `rot`
      --> harbor.tenet:22:18
       |
    22 | refuse dosing at rot {
       |                  ^^^ unknown level
       |
       = help: did you mean `root`?

A finding with a witness ends with that conversation. Of many notes of one code, which ask for nothing, the first few
are drawn and the others counted. Nothing is wider than the width asked for but what a terminal
cannot break: a long source line is cut around the place.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from unicodedata import combining, east_asian_width

from spec.diagnostics import Diagnostic, Note, Witness, counted
from spec.renderings.places import place, visible
from spec.source import Source, Span

WIDTH = 80
"""Columns where no other width is asked for, and the fewest that a message can be laid out in."""
NARROWEST = 40
TAB = 4
MOST_SAID = 3
"""Lines that a turn of a witness may fill; a program gets all of it."""
MOST_NOTES = 3
"""Notes of one code that are drawn; all other formats have all of them."""

_STYLES = {"error": "1;31", "warning": "1;33", "frame": "1;34", "note": "1;36", "bold": "1", "help": "1;32"}


def render(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], color: bool = False, width: int = WIDTH
) -> str:
    """Return diagnostics with the lines that they speak of, then how many there are."""
    paint = _Paint(color)
    found = list(diagnostics)
    notes: Counter[str] = Counter()
    blocks = []
    for diagnostic in found:
        notes[diagnostic.code] += diagnostic.severity == "note"
        if notes[diagnostic.code] <= MOST_NOTES:
            blocks.append(_full(diagnostic, sources, paint, max(width, NARROWEST)))
    more = [(code, count - MOST_NOTES) for code, count in notes.items() if count > MOST_NOTES]
    blocks.extend(_more(code, count, paint, max(width, NARROWEST)) for code, count in more)
    if found:
        blocks.append(paint("bold", counted(found)))
    return "\n\n".join(blocks)


def _more(code: str, count: int, paint: _Paint, columns: int) -> str:
    """Say how many notes of a code are not drawn."""
    tag = f"note[{code}]"
    text = f"{tag}: {count} more like these; `tenet check --format concise` shows all"
    lines = textwrap.wrap(text, columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join([paint("note", tag) + lines[0].removeprefix(tag), *lines[1:]])


class _Paint:
    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.on and text else text


def _full(diagnostic: Diagnostic, sources: Mapping[str, Source], paint: _Paint, columns: int) -> str:
    span = diagnostic.span
    head = textwrap.wrap(
        f"{diagnostic.severity}[{diagnostic.code}]: {visible(diagnostic.message)}", columns, subsequent_indent="  ",
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
    lines.append(f"{' ' * gutter}{paint('frame', '-->')} {place(span, sources)}")
    groups = [(span.path, sorted([*here, *there], key=lambda note: (note.span.line, note.span.column)))]
    groups.extend((note.span.path, [note]) for note in elsewhere)
    for n, (path, notes) in enumerate(groups):
        if n:
            lines.append(f"{' ' * gutter}{paint('frame', ':::')} {place(notes[0].span, sources)}")
        source = sources.get(path)
        if source is None or not source.text:
            continue
        lines.append(bar)
        last = 0
        window = None
        for note in notes:
            if last and note.span.line > last + 1:
                lines.append(paint("frame", "..." if gutter < 3 else " " * (gutter - 2) + "..."))
            primary = note is here[0]
            if window is None or note.span.line != last or not window.holds(note.span):
                beside = [other.span for other in notes if other.span.line == note.span.line]
                window = _Window(source.line(note.span.line), note.span, beside, columns - gutter - 3)
                number = paint("frame", f"{note.span.line:>{gutter}} |")
                lines.append(f"{number} {window.text}".rstrip())
            column, length = window.mark(note.span)
            style = diagnostic.severity if primary else "note"
            mark = ("^" if primary else "-") * length
            label = visible(note.label)
            room = columns - gutter - 3 - column - length - 1
            below = bool(label) and len(label) > room
            first = f"{' ' * column}{paint(style, mark if below or not label else f'{mark} {label}')}"
            lines.append(f"{bar} {first}")
            if below:
                width = columns - gutter - 3
                indent = min(column, max(0, width - len(label)))
                lines.extend(
                    f"{bar} {' ' * indent}{paint(style, part)}" for part in textwrap.wrap(label, width - indent)
                )
            last = note.span.line
    if diagnostic.help:
        lines.append(bar)
        lead = " " * gutter + " = help: "
        parts = textwrap.wrap(
            visible(diagnostic.help), columns - len(lead), break_long_words=False, break_on_hyphens=False
        )
        lines.append(f"{' ' * gutter} {paint('frame', '=')} {paint('help', 'help')}: {parts[0]}")
        lines.extend(" " * len(lead) + part for part in parts[1:])
    if diagnostic.witness:
        lines.append(bar)
        lines.extend(_witness(diagnostic.witness, gutter, paint, columns))
    return "\n".join(lines)


def _witness(witness: Witness, gutter: int, paint: _Paint, columns: int) -> Iterator[str]:
    """Yield a conversation: what it shows, then turn by turn, each no longer than a few lines."""
    lead = f"{' ' * gutter} = for example: "
    first, *rest = textwrap.wrap(visible(witness.shows), columns - len(lead), break_on_hyphens=False)
    yield f"{' ' * gutter} {paint('frame', '=')} {paint('note', 'for example')}: {first}"
    yield from (" " * len(lead) + part for part in rest)
    for role, text in witness.said:
        name = f"{' ' * gutter}     {role}: "
        room = columns - len(name)
        for n, part in enumerate(textwrap.wrap(visible(text), room, max_lines=MOST_SAID, placeholder=" …")):
            yield (f"{' ' * gutter}     {paint('bold', role)}: " if n == 0 else " " * len(name)) + part


class _Window:
    """The part of a source line that fits on the screen, around a place, and around those `beside` it where all fit."""

    def __init__(self, line: str, span: Span, beside: Sequence[Span], room: int) -> None:
        start = span.column - 1
        # A line may be as long as a file: only what is near the place is measured.
        near = max(0, start - 2 * room)
        line, more = line[near : start + 3 * room], len(line) > start + 3 * room
        start -= near
        length = _length(span, start, line)
        widths = [width_of(char) for char in line]
        cut = near > 0 or more or sum(widths) > room
        left, right = 0, len(line)
        if cut:
            # Keep the place in view, with a sign where the line is cut.
            left = max(0, start - room // 3) if near or sum(widths[: start + length]) + 1 > room else 0
            first = min(other.column for other in beside) - 1 - near
            end = max(other.column - 1 - near + _length(other, other.column - 1 - near, line) for other in beside)
            if first >= 0 and end <= len(line) and sum(widths[first:end]) + 2 <= room:
                left = min(left, first)
                while sum(widths[left:end]) + 2 > room:
                    left += 1
            total = 1 if left or near else 0
            right = left
            while right < len(line) and total + widths[right] <= room - 1:
                total += widths[right]
                right += 1
        before, after = bool(left or near), right < len(line) or more
        self.text = ("…" if before else "") + "".join(map(_shown, line[left:right])) + ("…" if after else "")
        self._line, self._near, self._left, self._right = line, near, left, right
        self._widths, self._before = widths, before

    def holds(self, span: Span) -> bool:
        """Whether a place on this line can be seen."""
        start = span.column - 1 - self._near
        return self._left <= start and min(start + _length(span, start, self._line), len(self._line)) <= self._right

    def mark(self, span: Span) -> tuple[int, int]:
        """Return where the mark of a place starts, and how long it is."""
        start = span.column - 1 - self._near
        end = min(start + _length(span, start, self._line), self._right)
        return self._before + sum(self._widths[self._left : start]), max(1, sum(self._widths[start:end]))


def _length(span: Span, start: int, line: str) -> int:
    return max(1, min(span.end - span.start, len(line) - start))


def width_of(char: str) -> int:
    if char == "\t":
        return TAB
    if combining(char) or char in "\u200b\u200c\u200d\ufeff":
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def _shown(char: str) -> str:
    if char == "\t":
        return " " * TAB
    return char if char.isprintable() or char in "\u200c\u200d" else "\ufffd" if width_of(char) else ""
