"""A text that was changed reads, place by place, as if it were read for the first time."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from spec import ast
from spec.diagnostics import Report
from spec.parser import parse
from spec.reparsing import Reparser
from spec.source import Source
from spec.vocabulary import LANDMARKS
from tests.spec.test_readme import EXAMPLES

STATEMENTS = [
    f"{block}}}" if block.startswith("section") else block
    for example in EXAMPLES
    for block in example.removeprefix("tenet 1\n").strip().split("\n\n")
    if "section" not in example
]
PIECES = [
    '"', '"""', "{", "}", "[", "]", "\n", " ", "x", ":", ",", "#", "# a comment\n", "/", "not", "at root", ">= 90%",
    'trait a { means: "x" }', "trait b {", 'means: "kind"', "}\n\n", "priority: a > b\n", "section s {\n", "when: ",
    'import "x" as y\n', "é", "🎉", "\t", ";", "'", "=", "tenet 2\n",
]  # fmt: skip


def places(node: Any) -> Any:
    """A node as it is written and where it stands; equality of nodes ignores the second."""
    if is_dataclass(node) and not isinstance(node, type):
        return type(node).__name__, *(places(getattr(node, field.name)) for field in fields(node))
    return [places(item) for item in node] if isinstance(node, tuple) else node


def read(text: str) -> tuple[ast.Module, Report]:
    report = Report(Source("spec.tenet", text))
    return parse(report, LANDMARKS), report


def reread(reparser: Reparser, text: str, path: str = "spec.tenet") -> tuple[ast.Module, Report]:
    report = Report(Source(path, text, "spec.tenet"))
    return reparser.parse(report, LANDMARKS), report


def assert_same(reparser: Reparser, text: str) -> None:
    (wanted, said), (found, told) = read(text), reread(reparser, text)
    assert places(found) == places(wanted), text
    assert told.found == said.found, text
    assert told.muted == said.muted, text


@st.composite
def edits(draw: st.DrawFn) -> list[str]:
    """A whole spec, then the same again and again with something put in or taken out."""
    statements = draw(st.lists(st.sampled_from(STATEMENTS), min_size=3, max_size=14))
    text = "tenet 1\n\n" + draw(st.sampled_from(["\n", "\n\n", " "])).join(statements) + "\n"
    texts = [text]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.sampled_from([0, 0, 0, 1, 1, 2, 12]))
        text = text[:at] + draw(st.sampled_from(["", *PIECES])) + text[at + gone :]
        texts.append(text)
    return texts


@given(edits())
@settings(max_examples=120)
def test_a_changed_text_reads_as_a_new_one(texts: list[str]) -> None:
    reparser = Reparser()
    for text in texts:
        assert_same(reparser, text)


def test_most_of_a_file_is_not_read_again() -> None:
    """Else the test above would hold of a parser that keeps nothing."""
    text = "tenet 1\n\n" + "\n".join(f'trait t{n} {{ means: "is {n}" }}' for n in range(40)) + "\n"
    reparser = Reparser()
    before, _ = reread(reparser, text)
    after, _ = reread(reparser, text.replace("is 20", "was 20"))
    assert sum(any(item is kept for kept in before.items) for item in after.items) >= 18
    assert len(after.items) == 41


def test_an_error_is_found_without_reading_the_rest() -> None:
    text = "tenet 1\n\n" + "\n".join(f'trait t{n} {{\n  means: "is {n}"\n}}\n' for n in range(40)) + "\n"
    reparser = Reparser()
    before, _ = reread(reparser, text)
    broken = text.replace('means: "is 20"', 'means "is 20"')
    after, report = reread(reparser, broken)
    assert [d.code for d in report.found] == ["T0020"]
    assert any(item is before.items[1] for item in after.items)
    assert_same(reparser, broken)


def test_diagnostics_of_a_kept_text_name_the_path_that_asks() -> None:
    reparser = Reparser()
    reread(reparser, "tenet 1\ntrait {", "a.tenet")
    _, report = reread(reparser, "tenet 1\ntrait {", "../a.tenet")
    assert report.found
    assert {d.span.path for d in report.found} == {"../a.tenet"}
