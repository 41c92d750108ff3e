"""Terminals of a Lark grammar as llguidance reads it: each written once, characters as numbers.

In: classes of characters, and expressions over names. Out: names, and the lines that define them. Invisible and
look-alike characters are what a guard is about, so none stands in the text as itself. This file must not know what is
guarded against.

>>> terms = Terms()
>>> terms.add("GREETING", f"{terms.letters('hH')} {terms.letters('i')}")
'GREETING'
>>> print(terms.text())
C_0068: /[Hh]/
C_0069: /i/
GREETING: C_0068 C_0069
<BLANKLINE>
"""

from __future__ import annotations

from collections.abc import Iterable

IGNORED = "IGNORED"
SPACE = "SPACE"
SIGNS = "SIGNS"


class Terms:
    def __init__(self) -> None:
        self._defined: dict[str, str] = {}

    def add(self, name: str, expression: str) -> str:
        """Define `name`, unless it is defined so already. ValueError: it is defined otherwise."""
        if self._defined.setdefault(name, expression) != expression:
            raise ValueError(f"{name} is defined twice")
        return name

    def letters(self, characters: str, name: str | None = None) -> str:
        """Return the name of a class of characters, called by its first one; a name stands for one class."""
        name = name or f"C_{ord(characters[0]):04X}"
        if name not in self._defined:
            self._defined[name] = f"/{as_class(characters)}/"
        return name

    def text(self) -> str:
        return "".join(f"{name}: {expression}\n" for name, expression in self._defined.items())

    def __len__(self) -> int:
        return len(self._defined)


def as_class(characters: Iterable[str]) -> str:
    """Return a class of characters, as ranges.

    >>> as_class("cab_!"), as_class("-")
    ('[!_a-c]', '\\\\x{002D}')
    """
    points = sorted({ord(character) for character in characters})
    ranges: list[list[int]] = []
    for point in points:
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    if len(points) == 1:
        return escaped(points[0])
    parts = [
        escaped(first) if first == last else f"{escaped(first)}{'-' if last > first + 1 else ''}{escaped(last)}"
        for first, last in ranges
    ]
    return f"[{''.join(parts)}]"


def escaped(point: int) -> str:
    """Return a character that means itself, inside of brackets and outside."""
    plain = point < 0x80 and (chr(point).isalnum() or chr(point) in "_ !,:;'\"%@=<>")
    return chr(point) if plain else f"\\x{{{point:04X}}}"
