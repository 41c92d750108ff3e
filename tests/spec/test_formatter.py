"""The formatter changes layout and nothing else, once."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec import ast
from spec.diagnostics import Report
from spec.formatter import CannotFormat, format_text
from spec.lexer import scan
from spec.parser import parse, tables
from spec.source import Source
from spec.vocabulary import LANDMARKS
from tests.spec.documents import Tree
from tests.spec.printing import OddPrinter

GOLDEN = Path(__file__).parent / "golden"


def tree(text: str) -> ast.Module:
    report = Report(Source("x", text))
    module = parse(report, LANDMARKS)
    assert report.found == [], report.found
    return module


def comments(text: str) -> list[str]:
    return [comment.text for comment in scan(Report(Source("x", text)), tables()).comments]


@settings(max_examples=400)
@given(st.integers(0, 2**64))
def test_text_to_tree_to_text_is_a_fixed_point(seed: int) -> None:
    rng = random.Random(seed)
    module = Tree(rng).module()
    odd = OddPrinter(rng).module(module)
    assert tree(odd).items == module.items
    once = format_text(odd)
    assert tree(once).items == module.items
    assert format_text(once) == once
    assert comments(once) == comments(odd)


@settings(max_examples=150)
@given(st.integers(0, 2**64))
def test_a_comment_on_a_line_of_its_own_is_kept(seed: int) -> None:
    rng = random.Random(seed)
    lines = format_text(OddPrinter(rng).module(Tree(rng).module())).split("\n")
    at = rng.randrange(len(lines) + 1)
    text = "\n".join([*lines[:at], rng.choice(["# why", "#", "   # {", '\t# "é']), *lines[at:]])
    report = Report(Source("x", text))
    parse(report)
    if report.found:
        return  # it stands inside a long string, and means something else there
    once = format_text(text)
    assert comments(once) == comments(text)
    assert format_text(once) == once


def test_golden(golden: Callable[[Path, str], None]) -> None:
    for path in sorted(GOLDEN.glob("format_*.tenet")):
        golden(path.with_suffix(".formatted"), format_text(path.read_text(encoding="utf-8"), path.name))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("# only a comment", "# only a comment\n"),
        ("tenet 1\r\n\r\n\r\n\r\ntrait a{means:\"x\"}\r\n", 'tenet 1\n\ntrait a { means: "x" }\n'),
        ("tenet 1\ntrain{method:sft+dpo,adapter:{rank:16;alpha:32}}",
         "tenet 1\n\ntrain { method: sft+dpo  adapter: { rank: 16, alpha: 32 } }\n"),
        ("priority:a>b>c", "priority: a > b > c\n"),
        ("trait a { }", "trait a {}\n"),
    ],
)  # fmt: skip
def test_layout(text: str, wanted: str) -> None:
    assert format_text(text) == wanted


def test_a_broken_file_is_not_rewritten() -> None:
    with pytest.raises(CannotFormat) as caught:
        format_text('tenet 1\ntrait a { means "x" }', "a.tenet")
    assert [(d.code, d.span.line) for d in caught.value.diagnostics] == [("T0020", 2)]


def test_a_file_that_is_right_in_form_and_wrong_in_meaning_is_formatted() -> None:
    assert format_text("trat  a{mean:1}") == "trat a { mean: 1 }\n"


@pytest.mark.parametrize(
    "value", ['a\n"""\nb', '"""\n', 'a\n"', 'a\n\\"', 'a\n""', "a\n\\", "\na", "a\n\n", "a\n\u2028\n "]
)
def test_quotes_and_backslashes_in_long_strings(value: str) -> None:
    raw = "".join(f"\\u{{{ord(char):x}}}" for char in value)
    text = format_text(f'a: """{raw}"""')
    [item] = tree(text).items
    assert item == ast.Field(ast.Word("a"), ast.Text(value))
    assert format_text(text) == text


def test_no_trailing_space() -> None:
    text = format_text('trait a {\n  because: """\n\n    x\n\n    y\n    """   \n}  \n')
    assert not re.search(r"[ \t]\n", text)


def test_what_keeps_a_file_from_being_read_is_told_from_top_to_bottom() -> None:
    with pytest.raises(CannotFormat) as caught:
        format_text('tenet 1\n\ntrait a {\n  = "x"\n}\n\nforbid b {\n  phrases: ["x]\n}\n\nforbid c { : }\n')
    starts = [found.span.start for found in caught.value.diagnostics]
    assert len(starts) > 2
    assert starts == sorted(starts)
