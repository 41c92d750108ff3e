"""An author's pattern as it is looked for in lines of JSON, before anything is parsed.

In: a pattern. Out: an expression for RE2, without regard to case and anchors, that is found in a line of JSON wherever
the pattern is found in one of its strings, as long as the line is ASCII and escapes no character by its number (such
lines are read; see `shapes`). None where a pattern is beyond this. What is found too often costs time and nothing
else. This file must not know rules.

>>> expression("^(yes|no)$")
'(?:(?:yes|no))'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

ANY = r'(?:\\.|[^\\"])'
"""One character of a string, in whatever way it is written."""
OTHERWISE = ("[:", "{,")
"""What Python reads otherwise than RE2 does."""
_sre: Any = import_module("re._parser")
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_SPACE": r"\s\x{0b}",
    "CATEGORY_WORD": r"\w",
}
_ESCAPED = {'"': r"\\\"", "\\": r"\\\\", "/": r"\\?/", "\n": r"\\n", "\t": r"\\t", "\r": r"\\r", "\b": r"\\b",
            "\f": r"\\f"}  # fmt: skip
MOST_TIMES = 1000
"""RE2 repeats nothing more often."""


class _Beyond(Exception):
    """This part of a pattern has no expression."""


def expression(pattern: str) -> str | None:
    """Return the expression for lines; None where there is none."""
    if any(sign in pattern for sign in OTHERWISE):
        return None
    try:
        found = _of(_sre.parse(pattern))
    except (re.error, OverflowError, RecursionError, _Beyond):
        return None
    return found if fits(f"(?i)(?:{found})") else None


def fits(expression: str) -> bool:
    """Whether RE2 has room for an expression."""
    import pyarrow as arrow
    import pyarrow.compute as compute

    try:
        compute.match_substring_regex(arrow.array([""]), expression)
    except arrow.ArrowInvalid:
        return False
    return True


def _of(items: Iterable[Any]) -> str:
    return "".join(_item(str(operation), argument) for operation, argument in items)


def _item(name: str, argument: Any) -> str:
    match name:
        case "LITERAL":
            return _literal(chr(argument))
        case "NOT_LITERAL" | "ANY":
            return ANY
        case "IN":
            return _one_of(argument)
        case "AT":
            return ""
        case "SUBPATTERN":
            return f"(?:{_of(argument[3])})"
        case "BRANCH":
            return f"(?:{'|'.join(_of(branch) for branch in argument[1])})"
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = argument
            return f"(?:{_of(inner)}){_times(int(least), None if most == _sre.MAXREPEAT else int(most))}"
        case _:
            raise _Beyond


def _times(least: int, most: int | None) -> str:
    if max(least, most or 0) > MOST_TIMES:
        raise _Beyond
    plain = {(0, None): "*", (1, None): "+", (0, 1): "?"}
    return plain.get((least, most), f"{{{least},{'' if most is None else most}}}")


def _literal(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    return re.escape(character) if " " <= character <= "~" else ANY


def _one_of(members: Iterable[Any]) -> str:
    """A class, or any escape: which of them are in the class is not asked."""
    found = []
    for kind, value in members:
        match str(kind):
            case "LITERAL":
                found.append(f"\\x{{{value:x}}}")
            case "RANGE":
                found.append(f"\\x{{{value[0]:x}}}-\\x{{{value[1]:x}}}")
            case "CATEGORY" if str(value) in _CATEGORIES:
                found.append(_CATEGORIES[str(value)])
            case _:  # what is not in the class
                return ANY
    return f"(?:[{''.join(found)}]|\\\\.)"
