"""Patterns: the text between two slashes to a regular expression that Python can compile.

In: a `Regex` node. Out: a `Pattern`, or None and a diagnostic at the character that is wrong. This file must not know
fields.
"""

from __future__ import annotations

import re
import warnings

from spec import ast
from spec.diagnostics import Edit, Fix, Report
from spec.document import Pattern
from spec.limits import MOST_PATTERNS


def read_pattern(node: ast.Regex, report: Report) -> Pattern | None:
    """Return a pattern whose flags are known, and that compiles."""
    for at, letter in enumerate(node.flags):
        if letter not in "ims" or letter in node.flags[:at]:
            start = node.end - len(node.flags) + at
            report.add(
                "T0116", f"`{letter}` is no flag of a pattern" if letter not in "ims" else "this flag stands twice",
                report.at(start, start + 1), label="unknown flag" if letter not in "ims" else "again",
                help="flags are `i` (any case), `m` (lines), `s` (`.` matches line ends)",
                # `g` and `u` say elsewhere what is so here in any case.
                fix=Fix("remove it", (Edit(report.at(start, start + 1), ""),),
                        "safe" if letter in "imsgu" else "unsafe"),
            )  # fmt: skip
            return None
    text = node.text.replace("\\/", "/")
    room = report.room
    if len(text) > room.patterns:
        if room.patterns >= 0:
            room.patterns = -1
            report.add(
                "T0004", f"the patterns of a spec may hold {MOST_PATTERNS:,} characters",
                report.at(node.start, node.end), label="passes that",
                help="write words as `phrases`, and what they have in common as one pattern",
            )  # fmt: skip
        return None
    room.patterns -= len(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `re` warns of odd patterns on the terminal
            re.compile(text, sum(getattr(re, letter.upper()) for letter in node.flags))
    except (re.error, OverflowError, RecursionError) as error:
        position = error.pos if isinstance(error, re.error) and error.pos is not None else 0
        # `text` has lost a backslash for every `\/` before the place
        start = node.start + 1 + _written_offset(node.text, position)
        message = error.msg if isinstance(error, re.error) else "it is too large or too deeply nested"
        report.add(
            "T0116", f"this pattern is not a regular expression: {message}",
            report.at(min(start, node.end - 1), min(start + 1, node.end)), label="here",
            help="to match a sign such as `(` or `*` itself, write a `\\` before it",
        )  # fmt: skip
        return None
    return Pattern(text, "".join(sorted(node.flags)))


def _written_offset(written: str, position: int) -> int:
    """Return where a place in a pattern stands as it is written, with a backslash before each slash."""
    seen = at = 0
    while seen < position and at < len(written):
        at += 2 if written.startswith("\\/", at) else 1
        seen += 1
    return at
