"""Source text and places in it.

In: a file's text. Out: `Source` and `Span`, with lines and columns counted from 1, columns in characters.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import ClassVar

from spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (end excluded) of the file `path`, with its first line and column."""

    path: str
    start: int
    end: int
    line: int
    column: int

    NONE: ClassVar[Span]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


Span.NONE = Span("", 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Source:
    """A file's decoded text. path: as spans name it, from the spec's folder; shown: as the user would open it."""

    path: str
    text: str
    shown: str = field(default="", compare=False)
    line_starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = [0]
        starts.extend(match.end() for match in re.finditer("\n", self.text))
        object.__setattr__(self, "line_starts", tuple(starts))
        object.__setattr__(self, "shown", self.shown or self.path)

    def span(self, start: int, end: int) -> Span:
        line = bisect_right(self.line_starts, start)
        return Span(self.path, start, end, line, start - self.line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return the text of line `number` (from 1) without its line end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")


def line_end(text: str) -> str:
    r"""Return the line end that most lines of a file have.

    >>> line_end("a\r\nb\r\nc\n") == "\r\n", line_end("a\n") == "\n"
    (True, True)
    """
    return "\r\n" if text.count("\r\n") > text.count("\n") / 2 else "\n"


def joined(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield stretches of a text in order, those that overlap or touch as one.

    >>> list(joined([(5, 7), (0, 2), (1, 3)]))
    [(0, 3), (5, 7)]
    """
    last: tuple[int, int] | None = None
    for start, end in sorted(stretches):
        if last is not None and start <= last[1]:
            last = last[0], max(last[1], end)
            continue
        if last is not None:
            yield last
        last = start, end
    if last is not None:
        yield last
