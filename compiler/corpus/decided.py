"""What becomes of the lines of a chunk.

This file must not know how that is found out: a process that only reads and writes loads nothing for it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lost:
    """A line that is not kept. line: from 0 in its chunk. start, stop: its bytes, without the end of the line. rule:
    key of the rule that it breaks; None where the line is no chat. answer: the answer that breaks it."""

    line: int
    start: int
    stop: int
    reason: str
    rule: str | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """rows: lines that hold something. lost: those that are not kept. blank: (start, stop) of the other lines."""

    lines: int
    rows: int
    lost: tuple[Lost, ...]
    blank: tuple[tuple[int, int], ...]
