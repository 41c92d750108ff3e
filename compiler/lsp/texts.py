r"""A file's text as an editor counts it, and as the compiler does.

In: the text that a client sent, or a file's. Out: `Text`, which turns offsets of the compiler (characters, line ends
of one character, no byte order mark) into the protocol's positions (line and code units of the client's encoding,
UTF-16 unless both agreed on another) and back. Positions past a line's end are its end, as the protocol says.

>>> text = Text('a: "\U0001f389"  b\r\nc')
>>> print(text.position(7))
0:8
>>> text.offset(types.Position(1, 99)), text.clean[text.offset(types.Position(0, 8)) :]
(11, ' b\nc')
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from lsprotocol import types

from spec.source import Span

UNITS: Mapping[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf-16": lambda text: len(text) + sum(char > "\uffff" for char in text),
    "utf-32": len,
}
"""How many units of an encoding a text takes."""


@dataclass(frozen=True, slots=True)
class Change:
    """Of the clean text: what stands from `start` to `end` becomes `text`."""

    start: int
    end: int
    text: str


class Text:
    """A text and its places. raw: as the client has it; clean: as the compiler reads it."""

    def __init__(self, raw: str, encoding: str = "utf-16") -> None:
        self.raw = raw
        self.clean = raw.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        self._mark = raw.startswith("\ufeff")
        self._encoding = encoding

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [0], -1
        while (at := self.clean.find("\n", at + 1)) >= 0:
            starts.append(at + 1)
        return starts

    def line(self, number: int) -> str:
        """Return line `number`, from 0, without its end; an empty text for a line that is not there."""
        if not 0 <= number < len(self._starts):
            return ""
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else len(self.clean)
        return self.clean[self._starts[number] : end]

    @property
    def lines(self) -> int:
        return len(self._starts)

    def line_start(self, number: int) -> int:
        return self._starts[number]

    def line_of(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def position(self, offset: int) -> types.Position:
        line = self.line_of(min(max(offset, 0), len(self.clean)))
        before = self.clean[self._starts[line] : offset]
        return types.Position(line, self.units(before) + self._extra(line))

    def offset(self, position: types.Position) -> int:
        """Return the offset of a position; one inside a character is that character's start."""
        if position.line >= len(self._starts):
            return len(self.clean)
        start, text = self._starts[position.line], self.line(position.line)
        wanted = position.character - self._extra(position.line)
        if text.isascii():
            return start + min(max(wanted, 0), len(text))
        taken = 0
        for index, char in enumerate(text):
            taken += self.units(char)
            if taken > wanted:
                return start + index
        return start + len(text)

    def range(self, start: int, end: int) -> types.Range:
        return types.Range(self.position(start), self.position(end))

    def span(self, span: Span) -> types.Range:
        return self.range(span.start, span.end)

    def units(self, text: str) -> int:
        """Return how long a text is for the client."""
        return len(text) if text.isascii() else UNITS[self._encoding](text)

    def _extra(self, line: int) -> int:
        """A byte order mark that the client left in the text counts on its first line."""
        return UNITS[self._encoding]("\ufeff") if self._mark and line == 0 else 0

    def changed(self, changes: Iterable[Change]) -> str:
        """Return the clean text with changes made, none of which touches another."""
        text = self.clean
        for change in sorted(changes, key=lambda change: -change.start):
            text = text[: change.start] + change.text + text[change.end :]
        return text

    def edit(self, change: Change) -> types.TextEdit:
        return types.TextEdit(self.range(change.start, change.end), self.in_its_line_ends(change.text))

    def in_its_line_ends(self, text: str) -> str:
        """Return `text` with the line ends that the client's text has."""
        ends = "\r\n" if self.raw.count("\r\n") * 2 > self.clean.count("\n") else "\n"
        return text.replace("\n", ends) if ends != "\n" else text
