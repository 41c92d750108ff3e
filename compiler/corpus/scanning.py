"""A chunk of lines -> the lines that must be read: those of which the bytes alone do not say that they keep every rule.

In: bytes of whole lines. Out: where each line stands, and whether it must be read. A line need not be read where it is
certainly a chat (`shapes`) and holds nothing that an atom of a rule needs (`needs`). This file must not know what
becomes of a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ahocorasick_rs
import numpy as np
import pyarrow as arrow
import pyarrow.compute as compute
from numpy.typing import NDArray

from compiler.corpus import folding, shapes
from compiler.corpus.narrowing import as_words
from compiler.corpus.needs import Atom
from compiler.corpus.raw import fits

MOST_SHAPES = 8
TOGETHER = 200
"""Expressions that are searched for at once; with more of them RE2 falls back to a slower way."""
_DELETED = bytes(byte for byte in folding.DELETED if byte != 10)
_BACKSLASH, _NEWLINE, _SPACE = 92, 10, 32
_BEYOND = r"[^\x00-\x7f]"


@dataclass(frozen=True, slots=True)
class Lines:
    """starts, stops: of n lines in the chunk, in bytes, without the end of the line. must_read: n booleans."""

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    must_read: NDArray[np.bool_]


class Scanner:
    """What the bytes of a chunk say. It learns shapes as it goes, which changes its speed and never its answer."""

    def __init__(self, atoms: Sequence[Atom]) -> None:
        searches = [atom.needs.search for atom in atoms if atom.needs.search is not None]
        self._literals = _literals(atom for atom in atoms if atom.needs.search is None)
        # Where a line is not ASCII, an expression of lines does not tell.
        self._beyond = _literals(atom for atom in atoms if atom.needs.search is not None)
        self._beyond_all = any(atom.needs.search and not atom.needs.raw for atom in atoms)
        words = {word for atom in atoms for word in atom.needs.words}
        self._searched = (
            [as_words(words, r"(?i)(?:^|[^a-z0-9]|\\[nrtbf])", r"(?:[^a-z0-9]|\\[nrtbf])")] if words else []
        )
        self._searched += _together(searches)
        if any(atom.needs.beyond and not atom.needs.raw and not atom.needs.search for atom in atoms):
            self._searched.append(_BEYOND)
        self._shapes: list[str] = []

    def scan(self, chunk: bytes) -> Lines:
        stops = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE)
        if not chunk.endswith(b"\n"):
            stops = np.append(stops, len(chunk))
        starts = np.concatenate((np.zeros(1, np.int64), stops[:-1] + 1))
        column = arrow.LargeStringArray.from_buffers(
            len(starts), arrow.py_buffer(np.append(starts, len(chunk))), arrow.py_buffer(chunk)
        )
        must_read = ~_matches(column, self._shapes) | _matches(column, self._searched)
        must_read[_with_literals(self._literals, chunk)] = True
        if self._beyond_all or self._beyond is not None:
            beyond = np.zeros(len(starts), np.bool_)
            beyond[np.unique(np.searchsorted(stops, np.flatnonzero(np.frombuffer(chunk, np.uint8) > 127)))] = True
            if not self._beyond_all and beyond.any():
                held = np.zeros(len(starts), np.bool_)
                held[_with_literals(self._beyond, chunk)] = True
                beyond &= held
            must_read |= beyond
        return Lines(starts, stops, must_read)

    def learn(self, line: bytes) -> bool:
        """Learn the shape of a line that holds a chat; whether that was news."""
        shape = shapes.learn(line) if len(self._shapes) < MOST_SHAPES else None
        if shape is None or shape in self._shapes:
            return False
        self._shapes.append(shape)
        return True


def _together(searches: Sequence[str]) -> list[str]:
    """Expressions for lines, as many in one as RE2 has room for; each by itself has."""
    if not searches:
        return []
    joined = f"(?i)(?:{'|'.join(searches)})"
    if len(searches) <= TOGETHER and fits(joined):
        return [joined]
    half = len(searches) // 2
    return [*_together(searches[:half]), *_together(searches[half:])]


def _literals(atoms: Iterable[Atom]) -> Any:
    """What finds the letters that these atoms need; None where they need none."""
    raw = sorted({text.encode() for atom in atoms for text in atom.needs.raw})
    return ahocorasick_rs.BytesAhoCorasick(raw) if raw else None


def _with_literals(literals: Any, chunk: bytes) -> NDArray[np.int64]:
    """The lines that hold one of the letters."""
    if literals is None:
        return np.zeros(0, np.int64)
    text = _without_escapes(chunk).translate(folding.LOWER, _DELETED)
    hits = literals.find_matches_as_indexes(text)
    if not hits:
        return np.zeros(0, np.int64)
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == _NEWLINE)
    return np.searchsorted(ends, np.unique([start for _, start, _ in hits]))


def _without_escapes(chunk: bytes) -> bytes:
    """`chunk` with a space for each escaped character: the letter of an escape is none of the text's."""
    found = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _BACKSLASH)
    if not len(found):
        return chunk
    # Of backslashes in a row, the second is escaped by the first, and so on.
    numbers = np.arange(len(found))
    heads = np.concatenate(([True], np.diff(found) != 1))
    in_row = numbers - np.maximum.accumulate(np.where(heads, numbers, 0))
    escaped = found[in_row % 2 == 0] + 1
    letters = np.frombuffer(bytearray(chunk), np.uint8)
    escaped = escaped[escaped < len(letters)]
    letters[escaped[letters[escaped] != _NEWLINE]] = _SPACE
    return letters.tobytes()


def _matches(column: Any, patterns: Sequence[str]) -> NDArray[np.bool_]:
    found = np.zeros(len(column), np.bool_)
    for pattern in patterns:
        # Bits, as arrow keeps them: its own way to NumPy loads pandas.
        bits = np.frombuffer(compute.match_substring_regex(column, pattern).buffers()[1], np.uint8)
        found |= np.unpackbits(bits, count=len(column), bitorder="little").view(np.bool_)
    return found
