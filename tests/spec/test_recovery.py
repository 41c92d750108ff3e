"""k planted defects give k reports, each on its line, and nothing else."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spec

Defect = Callable[[list[str], random.Random], int | None]
"""Changes a clause's lines in place; returns the line (from 0) that must be reported, or None where none applies."""

NAMES = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty", "knoll", "larch"]


def clause(name: str, shape: int) -> list[str]:
    """A valid clause of several lines."""
    shapes = [
        [
            f"trait {name} at developer {{",
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
            f"refuse {name} at root {{",
            '  about: "how much of a medicine to take"',
            "  style: hard",
            '  offer: "a pharmacist"',
            "  unless: user.role == clinician",
            "  target: >= 99%",
            "}",
        ],
        [
            f"forbid {name} {{",
            '  phrases: ["Certainly!", "As an AI"]',
            "  patterns: [/as an ai/i]",
            "  target: <= 1%",
            "}",
        ],
        [
            f"prefer {name} {{",
            '  this: "short answers"',
            '  because: "People read on small screens."',
            "  max_words: 40",
            "  tags: [style, length]",
            "}",
        ],
        [
            f"stance {name} {{",
            '  about: "whether you are human"',
            '  says: "I am an AI."',
            '  signs: ["an AI", /not human/i]',
            "  when: user.age_band in [child, teen] and not channel == email",
            "}",
        ],
    ]
    return shapes[shape]


# ---- defects


def _lines(lines: list[str], pattern: str) -> list[int]:
    return [i for i, line in enumerate(lines) if re.search(pattern, line)]


def _change(pattern: str, old: str, new: str) -> Defect:
    def defect(lines: list[str], rng: random.Random) -> int | None:
        found = [i for i in _lines(lines, pattern) if re.search(old, lines[i])]
        if not found:
            return None
        i = rng.choice(found)
        lines[i] = re.sub(old, new, lines[i], count=1)
        return i

    return defect


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


def add_stray_line(lines: list[str], rng: random.Random) -> int | None:
    i = rng.randrange(1, len(lines))
    lines.insert(i, "  @ $ %")
    return i


DEFECTS: dict[str, Defect] = {
    "no closing quote": _change(r'^  \w+: "', r'"$', ""),
    "no opening quote": _change(r'^  \w+: "', r': "', ": "),
    "no opening brace": _change(r"^\w+ \w+.* \{$", r" \{$", ""),
    "no inner closing brace": drop_inner_brace,
    "no closing brace": drop_last_brace,
    "one closing brace too many": _change(r"^\}$", r"^\}$", "}}"),
    "no colon": _change(r"^  \w+:", r":", ""),
    "`=` for a colon": _change(r"^  \w+:", r":", " ="),
    "no value": _change(r"^  (target|max_words|intensity|style|offer|unless):", r":.*", ":"),
    "no closing bracket": _change(r"^  \w+: \[", r"\]", ""),
    "no comma": _change(r"^  \w+: \[", r",", " "),
    "two commas": _change(r"^  \w+: \[", r",", ",,"),
    "unknown level": _change(r" at ", r" at (root|developer)", r" at emperor"),
    "no level": _change(r" at ", r" at (root|developer)", r" at"),
    "unknown field": _change(r"^  \w+:", r"^  \w+", r"  qqqq"),
    "misspelled field": _change(r"^  (means|about|intensity|phrases|target):", r"^  (\w)\w", r"  \1x"),
    "unknown kind": _change(r"^\w+ \w+", r"^\w+", r"wibble"),
    "text for a number": _change(r"^  (max_words|intensity):", r": .*", ': "much"'),
    "number for text": _change(r'^  (means|about|this|says|offer): "', r": .*", ": 7"),
    "number out of range": _change(r"^  intensity:", r": .*", ": 7"),
    "target without a side": _change(r"^  target:", r"[<>]= ", ""),
    "target above 100%": _change(r"^  target:", r"\d+%", "250%"),
    "bad pattern": _change(r"/", r"/[a-z ]+/i", r"/(unclosed/i"),
    "pattern not closed": _change(r"/", r"/i", r""),
    "unknown flag": _change(r"/i", r"/i", r"/q"),
    "empty text": _change(r'^  \w+: "', r'"[^"]+"', '""'),
    "unknown dimension": _change(r"user\.role", r"user\.role", "user.rank"),
    "unknown value": _change(r"child", r"child", "infant"),
    "assignment in a condition": _change(r" == ", r" == ", " = "),
    "unknown style": _change(r"^  style:", r": .*", ": wobbly"),
    "unknown escape": _change(r'^  \w+: "', r': "', r': "\\q'),
    "curly quotes": _change(r'^  \w+: "[^"]*"$', r'"([^"]*)"', "“\\1”"),
    "required field absent": drop_required,
    "field twice": repeat_field,
    "stray characters": add_stray_line,
}


def plant(seed: int, defects: list[str], clauses: int) -> tuple[str, set[tuple[int, str]]]:
    """Return a spec with the defects that apply, one a clause, and their lines (from 1)."""
    rng = random.Random(seed)
    text = ["tenet 1", ""]
    expected: set[tuple[int, str]] = set()
    for i in range(clauses):
        lines = clause(NAMES[i % len(NAMES)] + str(i), rng.randrange(5))
        if i < len(defects):
            at = DEFECTS[defects[i]](lines, rng)
            if at is not None:
                expected.add((len(text) + at + 1, defects[i]))
        text.extend(lines)
        text.append("")
    return "\n".join(text), expected


def check(text: str, expected: set[tuple[int, str]]) -> None:
    loaded = spec.loads(text)
    found = sorted(d.span.line for d in loaded.diagnostics)
    wanted = sorted(line for line, _ in expected)
    assert found == wanted, f"{sorted(expected)}\n{spec.render(loaded.diagnostics, loaded.sources)}\n{text}"


@pytest.mark.parametrize("shape", range(5))
def test_the_planted_clauses_are_valid(shape: int) -> None:
    assert spec.loads("tenet 1\n" + "\n".join(clause("amber", shape))).diagnostics == ()


@pytest.mark.parametrize("name", DEFECTS)
def test_one_defect_gives_one_report(name: str) -> None:
    planted = 0
    for seed in range(30):
        text, expected = plant(seed, [name], 3)
        planted += len(expected)
        check(text, expected)
    assert planted >= 3


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(sorted(DEFECTS)), min_size=1, max_size=10))
def test_k_defects_give_k_reports(seed: int, defects: list[str]) -> None:
    check(*plant(seed, defects, len(defects) + 2))


def test_every_report_stays_when_defects_are_close() -> None:
    """Six defects in one clause, each on a line of its own."""
    text = """tenet 1
trait caring at rot {
  means "Names the feeling."
  not: "Saccharine
  intensity: 8
  colour: "blue"
  signs: ["sorry", /(/]
}
"""
    assert [d.span.line for d in spec.loads(text).diagnostics] == [2, 3, 4, 5, 6, 7]


def test_a_name_lost_in_broken_text_is_not_reported_again() -> None:
    text = """tenet 1
trait caring { means: }
trait @@ honest { means: "True." }
priority: caring > honest
refuse x { about: "y" style: honest }
"""
    assert [d.span.line for d in spec.loads(text).diagnostics] == [2, 3]


def test_an_unindented_file_is_valid() -> None:
    text = 'tenet 1\ntrait a {\nmeans: "x"\nexample {\nuser: "u"\ngood: "g"\n}\n}\nmodel {\nbase: "nano"\n}\n'
    assert spec.loads(text).diagnostics == ()
