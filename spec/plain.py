"""Plain trees: what YAML, JSON and Python calls have in common, with the place of everything in its source.

In: nothing. Out: frozen nodes (mappings, lists, scalars) and `places`, which finds the characters of a quoted text in
its source. `spec/yaml_door.py`, `spec/json_door.py` and `spec/builder/` make such trees; `spec/plain_reading.py` turns
them into the syntax tree that the parser makes of `.tenet` text. This file must not know the language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from spec.limits import MOST_VALUES

ScalarKind = Literal["text", "number", "flag", "nothing"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """text: what it says; a number or flag as it is written. start, end: its place, quotes included.

    inner: where the first character of the text stands. exact: whether the source goes on with the very characters of
    the text; where it does not (escapes, folded lines), `places` finds them.
    """

    kind: ScalarKind
    text: str
    start: int
    end: int
    inner: int
    exact: bool = True

    @property
    def inner_end(self) -> int:
        """Where the text ends, as far as that can be said without looking for every character."""
        return self.inner + len(self.text) if self.exact else self.end


@dataclass(frozen=True, slots=True)
class Listing:
    """`[a, b]`, and the same on lines that start with `-`."""

    items: tuple[Plain, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in the order of the source; no key stands twice."""

    entries: tuple[tuple[Scalar, Plain], ...]
    start: int
    end: int

    def get(self, name: str) -> Plain | None:
        return next((value for key, value in self.entries if key.text == name), None)


Plain = Scalar | Listing | Mapping


@dataclass(frozen=True, slots=True)
class Root:
    """What a file holds. tree: None where it could not be read. comments: where they stand. values: how many it has."""

    tree: Plain | None
    comments: tuple[tuple[int, int], ...] = ()
    values: int = 0


def too_many_values() -> str:
    return f"a spec with its imports may hold {MOST_VALUES:,} values"


NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")
PERCENTAGE = re.compile(NUMBER.pattern + "%")

_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
    r"|\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\n[ \t]*|.)",
    re.DOTALL,
)


def places(source: str, scalar: Scalar) -> tuple[int, ...]:
    r"""Return where each character of a scalar's text stands in the source, and where the text ends.

    >>> places(r'a: "b\"c"', Scalar("text", 'b"c', 3, 9, 4, exact=False))
    (4, 5, 7, 8)
    """
    found: list[int] = []
    at, end = scalar.inner, scalar.end
    escaped = source[scalar.inner - 1 : scalar.inner] == '"'
    for char in scalar.text:
        if not char.isspace():  # folded lines have white space that the text has not
            while at < end and source[at].isspace():
                at += 1
        found.append(min(at, end))
        if at >= end:
            continue
        if escaped and (match := _ESCAPE.match(source, at)):
            at = match.end()
        elif source[at] == char:
            at += 2 if char == "'" and source.startswith("''", at) else 1
        elif char.isspace():
            while at < end and source[at].isspace():
                at += 1
    return (*found, min(at, end))


def scalars(tree: Plain | None) -> Iterator[tuple[Scalar, bool]]:
    """Yield every scalar of a tree, and whether it is a key; what aliases repeat, each time."""
    match tree:
        case Scalar():
            yield tree, False
        case Listing(items):
            for item in items:
                yield from scalars(item)
        case Mapping(entries):
            for key, value in entries:
                yield key, True
                yield from scalars(value)
