"""A pattern's expression for lines is found wherever the pattern is found in a string, however JSON writes it."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.checks.patterns import found, problem
from compiler.corpus.raw import expression
from tests.corpus import rows

PARTS = (
    "a", "K", "say", r"\s", r"\S", r"\w", r"\W", r"\d", r"\D", ".", "/", r"\\", '"', "[a-f]", "[^k]", r"[\s/]",
    r'["\\]', r"[^\w]", "(?:yes|no)", "(a|/)", r"\b", "^", "$", r"\t", r"\n", "é", "ſ", "{", r"\.",
)  # fmt: skip
TIMES = ("", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "+?")
PATTERNS = st.lists(st.tuples(st.sampled_from(PARTS), st.sampled_from(TIMES)), min_size=1, max_size=5)
TEXTS = st.text(st.sampled_from('aK/\\" \t\nkyes.no0\x0b\x7fs{'), max_size=12)


def lines(text: str) -> list[str]:
    """What a line may hold for a text, of what is not read anyway."""
    plain = json.dumps(text)
    return [line for line in (plain, plain.replace("/", r"\/")) if r"\u" not in line]


@given(PATTERNS, TEXTS, st.sampled_from(["", "i", "s", "m"]))
def test_what_is_found_in_a_text_is_found_in_its_line(parts: list[tuple[str, str]], text: str, flags: str) -> None:
    pattern = "".join(part + times for part, times in parts if part not in ("^", "$", r"\b") or not times)
    if problem(pattern, flags) or found([pattern], flags, text) is None:
        return
    told = expression(pattern)
    assert told is not None
    for line in lines(text):
        assert found([told], "i", line), (pattern, told, line)


@pytest.mark.parametrize("pattern", ["[[:digit:]]", "a{,2}", r"\p{Lu}", r"\x{61}", r"(?=a)", "a{1001}", r"\Qa\E"])
def test_what_python_reads_otherwise_has_none(pattern: str) -> None:
    assert expression(pattern) is None


def test_most_patterns_of_the_rows_have_one() -> None:
    told = [expression(pattern) for pattern in rows.PATTERNS]
    assert sum(found is None for found in told) == 4
    assert random.Random(1).choice([found for found in told if found])
