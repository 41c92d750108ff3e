"""Specs with planted defects: valid clauses, the slips that people make, and where each must be reported."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

Defect = Callable[[list[str], random.Random], int | None]
"""Changes a clause's lines in place; returns the line (from 0) that must be reported, or None where none applies."""

NAMES = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty", "knoll", "larch"]


def clause(name: str, shape: int) -> list[str]:
    """A valid clause of several lines."""
    return [line.replace("NAME", name) for line in SHAPES[shape]]


SHAPES = [
    [
        "trait NAME at developer {",
        '  means: "Names the feeling first."',
        '  not: "Saccharine."',
        "  intensity: 0.8",
        "  example {",
        '    user: "I failed my exam."',
        '    good: "That hurts."',
        '    bad: "Study more."   why: "skips the feeling"',
        "  }",
        "  target: >= 85%",
        "}",
    ],
    [
        "refuse NAME at root {",
        '  about: "how much of a medicine to take"',
        "  style: hard",
        '  offer: "pharmacists"',
        "  unless: user.role == clinician",
        "  target: >= 99%",
        "}",
    ],
    [
        "forbid NAME {",
        '  phrases: ["Certainly!", "As an AI"]',
        "  patterns: [/as an ai/i]",
        "  target: <= 1%",
        "}",
    ],
    [
        "prefer NAME {",
        '  this: "short answers"',
        '  because: "People read on small screens."',
        "  max_words: 40",
        "  tags: [style, length]",
        "}",
    ],
    [
        "stance NAME {",
        '  about: "whether you are human"',
        '  says: "I am an AI."',
        '  signs: ["an AI", /not human/i]',
        "  when: user.age_band in [child, teen] and not channel == email",
        "}",
    ],
]


# ---- defects


def _lines(lines: list[str], pattern: str) -> list[int]:
    return [i for i, line in enumerate(lines) if re.search(pattern, line)]


def _change(pattern: str, old: str, new: str | Callable[[re.Match[str]], str]) -> Defect:
    def defect(lines: list[str], rng: random.Random) -> int | None:
        found = [i for i in _lines(lines, pattern) if re.search(old, lines[i])]
        if not found:
            return None
        i = rng.choice(found)
        lines[i] = re.sub(old, new, lines[i], count=1)
        return i

    return defect


def _cyrillic(match: re.Match[str]) -> str:
    return {"a": "\u0430", "e": "\u0435"}[match[0]]


def drop_inner_brace(lines: list[str], rng: random.Random) -> int | None:
    if "  }" not in lines:
        return None
    lines.remove("  }")
    return lines.index("  example {")


def drop_last_brace(lines: list[str], rng: random.Random) -> int | None:
    lines.pop()
    return 0


def drop_required(lines: list[str], rng: random.Random) -> int | None:
    found = _lines(lines, r"^  (means|about|this|says):")
    if not found:
        return None
    lines.pop(found[0])
    return 0


def repeat_field(lines: list[str], rng: random.Random) -> int | None:
    found = _lines(lines, r"^  (target|max_words|intensity|style):")
    if not found:
        return None
    i = rng.choice(found)
    lines.insert(i + 1, lines[i])
    return i + 1


def repeat_item(lines: list[str], rng: random.Random) -> int | None:
    found = _lines(lines, r"^  \w+: \[.*, ")
    if not found:
        return None
    i = rng.choice(found)
    lines[i] = re.sub(r"\[(\S+|\".*?\"), (.*)\]", r"[\1, \2, \1]", lines[i])
    return i


def add_stray_line(lines: list[str], rng: random.Random) -> int | None:
    i = rng.randrange(1, len(lines))
    lines.insert(i, "  @ $ %")
    return i


def break_text(lines: list[str], rng: random.Random) -> int | None:
    found = _lines(lines, r'^  \w+: "[^"]+ [^"]+"$')
    if not found:
        return None
    i = rng.choice(found)
    head, rest = lines[i].rsplit(" ", 1)
    lines[i : i + 1] = [head, f"    {rest}"]
    return i


def add_level_field(lines: list[str], rng: random.Random) -> int | None:
    lines.insert(1, "  level: user")
    return 1


DEFECTS: dict[str, Defect] = {
    "no closing quote": _change(r'^  \w+: "', r'"$', ""),
    "no opening quote": _change(r'^  \w+: "', r': "', ": "),
    "no opening brace": _change(r"^\w+ \w+.* \{$", r" \{$", ""),
    "no inner closing brace": drop_inner_brace,
    "no closing brace": drop_last_brace,
    "one closing brace too many": _change(r"^\}$", r"^\}$", "}}"),
    "no colon": _change(r"^  \w+:", r":", ""),
    "`=` for a colon": _change(r"^  \w+:", r":", " ="),
    "`;` for a colon": _change(r"^  \w+:", r":", ";"),
    "no value": _change(r"^  (target|max_words|intensity|style|offer|unless):", r":.*", ":"),
    "no closing bracket": _change(r"^  \w+: \[", r"\]", ""),
    "list closed early": _change(r"^  \w+: \[.*, ", r", ", "], "),
    "list in a list": _change(r"^  \w+: \[", r"\[", "[["),
    "no comma": _change(r"^  \w+: \[", r",", " "),
    "two commas": _change(r"^  \w+: \[", r",", ",,"),
    "unknown level": _change(r" at ", r" at (root|developer)", r" at emperor"),
    "`level` for `at`": _change(r" at ", r" at (root|developer)", r" level \1"),
    "level without `at`": _change(r" at ", r" at (root|developer)", r" \1"),
    "level as a field": add_level_field,
    "name of two words": _change(r"^\w+ \w+", r"^(\w+ \w+)", r"\1 two"),
    "name in quotes": _change(r"^\w+ \w+", r"^(\w+) (\w+)", r'\1 "\2"'),
    "no level": _change(r" at ", r" at (root|developer)", r" at"),
    "unknown field": _change(r"^  \w+:", r"^  \w+", r"  qqqq"),
    "misspelled field": _change(r"^  (means|about|intensity|phrases|target):", r"^  (\w)\w", r"  \1x"),
    "unknown kind": _change(r"^\w+ \w+", r"^\w+", r"wibble"),
    "text for a number": _change(r"^  (max_words|intensity):", r": .*", ': "much"'),
    "number for text": _change(r'^  (means|about|this|says|offer): "', r": .*", ": 7"),
    "number out of range": _change(r"^  intensity:", r": .*", ": 7"),
    "target without a side": _change(r"^  target:", r"[<>]= ", ""),
    "colon in a header": _change(r"^\w+ \w+.*\{$", r" \{$", ": {"),
    "comparison in words": _change(r"^  (when|unless):", r" == ", " is "),
    "quotes inside a text": _change(r'^  \w+: "[^"]* [^"]* ', r" (\w+) ", r' "\1" '),
    "percent in words": _change(r"^  target:", r"%", " percent"),
    "target in words": _change(r"^  target:", r"[<>]= ", lambda m: {"<= ": "at most ", ">= ": "at least "}[m[0]]),
    "target above 100%": _change(r"^  target:", r"\d+%", "250%"),
    "bad pattern": _change(r"/", r"/[a-z ]+/i", r"/(unclosed/i"),
    "pattern not closed": _change(r"/", r"/i", r""),
    "slash in a pattern": _change(r"/", r"/([a-z ]+)/i", r"/\1/or/i"),
    "pattern among phrases": _change(r"^  phrases:", r"\[", "[/x/, "),
    "unknown flag": _change(r"/i", r"/i", r"/q"),
    "empty text": _change(r'^  \w+: "', r'"[^"]+"', '""'),
    "unknown dimension": _change(r"user\.role", r"user\.role", "user.rank"),
    "unknown value": _change(r"child", r"child", "infant"),
    "assignment in a condition": _change(r" == ", r" == ", " = "),
    "unknown style": _change(r"^  style:", r": .*", ": wobbly"),
    "unknown escape": _change(r'^  \w+: "', r': "', r': "\\q'),
    "curly quotes": _change(r'^  \w+: "[^"]*"$', r'"([^"]*)"', "“\\1”"),
    "capital level": _change(r" at ", r" at (r|d)", lambda m: m[0].upper().replace(" AT ", " at ")),
    "capital field": _change(r"^  (means|about|intensity|phrases|target):", r"^  \w", lambda m: m[0].upper()),
    "quoted number": _change(r"^  (max_words|intensity):", r": (.*)", r': "\1"'),
    "quoted name in a list": _change(r"^  tags:", r"\[(\w+)", r'["\1"'),
    "no quotes": _change(r"^  offer:", r'"pharmacists"', "pharmacists"),
    "letters after a number": _change(r"^  max_words:", r"40", "40w"),
    "item twice": repeat_item,
    "empty item": _change(r'^  \w+: \["', r'\["', '["", "'),
    "invisible character outside of texts": _change(r"^  \w+:", r":", "\u200b:"),
    "invisible character in a text": _change(r'^  \w+: "\w', r': "(\w)', ': "\\1\u200b'),
    "look-alike letter in a text": _change(r'^  \w+: "[A-Za-z]*a', r': "([A-Za-z]*?)a', ': "\\1\u0430'),
    "look-alike letter in a field": _change(r"^  (means|says|phrases|target|max_words):", r"a|e", _cyrillic),
    "bidirectional control": _change(r'^  \w+: "', r': "', ': "\u202e'),
    "condition on a text": _change(r"^  (when|unless):", r": .*", ': "the user is sad"'),
    "comparison with nothing": _change(r"^  (when|unless):", r" == \w+$", " =="),
    "two targets in one": _change(r"^  target:", r"$", " <= 99%"),
    "level in the wrong place": _change(r"^\w+ \w+ \{$", r" \{$", " { at root"),
    "required field absent": drop_required,
    "field twice": repeat_field,
    "stray characters": add_stray_line,
    "text over two lines": break_text,
    "comment with slashes": _change(r"^  \w+:|\{$", r"$", " // why"),
}


# What changes one line, and nothing that a reader of the other lines needs: several may stand in one clause.
LOCAL = sorted(DEFECTS.keys() - {
    "no opening brace", "no inner closing brace", "no closing brace", "one closing brace too many",
    "required field absent", "field twice", "unknown kind", "text over two lines", "name in quotes",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """Clauses, each as its lines and the defects in it: line (from 0) and name."""

    clauses: tuple[tuple[tuple[str, ...], tuple[tuple[int, str], ...]], ...]

    @property
    def text(self) -> str:
        return "\n".join(["tenet 1", "", *(line for lines, _ in self.clauses for line in (*lines, ""))])

    @property
    def expected(self) -> list[tuple[int, str]]:
        """The line (from 1) of each defect, in order."""
        found, start = [], 3
        for lines, defects in self.clauses:
            found.extend((start + line, name) for line, name in defects)
            start += len(lines) + 1
        return sorted(found)

    def smaller(self, fails: Callable[[Planted], bool]) -> Planted:
        """Return as few of the clauses as still fail."""
        found = self
        for clause in self.clauses:
            fewer = Planted(tuple(c for c in found.clauses if c is not clause))
            if fails(fewer):
                found = fewer
        return found


def plant(seed: int, defects: list[str], clauses: int) -> Planted:
    """Return a spec with the defects that apply, one a clause."""
    made = []
    for i in range(clauses):
        rng = random.Random(f"{seed}/{i}")
        lines = clause(NAMES[i % len(NAMES)] + str(i), rng.randrange(len(SHAPES)))
        at = DEFECTS[defects[i]](lines, rng) if i < len(defects) else None
        made.append((tuple(lines), ((at, defects[i]),) if at is not None else ()))
    return Planted(tuple(made))


def crowd(seed: int, defects: list[str]) -> Planted:
    """Return a spec in which each clause has several of the local defects, each on a line of its own."""
    rng = random.Random(seed)
    left, made = list(defects), []
    while left:
        lines = clause(NAMES[len(made) % len(NAMES)] + str(len(made)), rng.randrange(len(SHAPES)))
        changed: dict[int, str] = {}
        for name in [left.pop() for _ in range(min(len(left), rng.randint(2, 4)))]:
            before, after = list(lines), list(lines)
            at = DEFECTS[name](after, rng)
            if at is None or (len(after) == len(before) and at in changed):
                continue
            if len(after) > len(before):
                changed = {line + (line >= at): known for line, known in changed.items()}
            lines, changed[at] = after, name
        made.append((tuple(lines), tuple(sorted(changed.items()))))
    return Planted(tuple(made))
