"""Whatever the bytes: diagnostics or a document, soon, and no other exception."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark
from lark import Lark

import spec
from spec import tables
from spec.formatter import format_text
from tests.spec.fuzz import FINDS, SECONDS, TooSlow, limited
from tests.spec.sources import drawn
from tests.spec.targets import TARGETS

FEW = 60
"""Inputs for each target; `make fuzz` tries a million."""


@pytest.mark.parametrize("name", TARGETS)
def test_targets_hold_for_some_inputs(name: str) -> None:
    target, sources = TARGETS[name]
    for number in range(FEW):
        rng = random.Random(f"{name}/{number}")
        data = drawn(sources[number % len(sources)], rng)
        with limited(5 * SECONDS):
            target(data)


@pytest.mark.parametrize("path", sorted(FINDS.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_fuzzing_found_holds_now(path: Path) -> None:
    target, _ = TARGETS[path.parent.name]
    with limited(5 * SECONDS):
        target(path.read_bytes())


GRAMMAR = Lark(tables.GRAMMAR.read_text(encoding="utf-8"), parser="lalr", maybe_placeholders=False)
SHORT = {
    "NAME": st.sampled_from(["trait", "section", "means", "example", "user", "good", "when", "priority", "caring"]),
    "DOTTED": st.sampled_from(["user.role", "trait.caring"]),
    "STRING": st.sampled_from(['"x"', '""', '"${a}"']),
    "LONG_STRING": st.just('"""\n a\n"""'),
    "REGEX": st.sampled_from(["/a/i", "/(b|c)/"]),
    "NUMBER": st.sampled_from(["1", "0.5", "90%"]),
    "SPACE": st.sampled_from([" ", "\n"]),
    "COMMENT": st.just("# c\n"),
}


@settings(max_examples=25)
@given(text=from_lark(GRAMMAR, start="start", explicit=SHORT), target=st.sampled_from(["load", "format", "write"]))
def test_sentences_of_the_grammar(text: str, target: str) -> None:
    TARGETS[target][0](text.encode())


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    for target in ("load", "format", "fix"):
        TARGETS[target][0](text.encode("utf-8", "surrogatepass"))


@settings(max_examples=100)
@given(data=st.binary(max_size=300))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.tenet"
    path.write_bytes(data)
    loaded = spec.load(path)
    spec.render(loaded.diagnostics, loaded.sources)
    assert (loaded.document is None) == any(d.severity == "error" for d in loaded.diagnostics)


def test_a_hang_is_noticed() -> None:
    def hang() -> None:
        while True:
            pass

    with pytest.raises(TooSlow), limited(0.05):
        hang()


def test_a_nested_value_is_formatted_in_time_linear_in_its_depth() -> None:
    deep = "tenet 1\ntrait a { means: " + "[(1 in " * 30 + "[1]" + ")]" * 30 + " }"
    with limited(SECONDS):
        assert format_text(format_text(deep)) == format_text(deep)


def test_a_file_of_too_many_signs_is_refused_at_once() -> None:
    with limited(3 * SECONDS):
        assert codes("tenet 1\n" + "a " * 500_000) == ["T0004"]


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in spec.loads(text).diagnostics]


@pytest.mark.parametrize(
    "bomb",
    ["{" * 100_000, "a: " + "[" * 100_000, "trait x { when: " + "(" * 100_000, "trait x { when: " + "not " * 100_000,
     "a {" * 50_000 + "}" * 50_000],
)  # fmt: skip
def test_nesting_bombs(bomb: str) -> None:
    started = time.process_time()
    assert "T0005" in codes(f"tenet 1\n{bomb}")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "piece",
    [
        '"',
        '"""',
        "/",
        "x ",
        "}",
        "{ } ",
        "a: 1\n",
        "@\n",
        "a a a\n",
        "]",
        "a = b\n",
        '"""\\"\n',
        "a: [\n",
        "b c {\n",
        ",",
    ],
)
def test_much_of_one_thing(piece: str) -> None:
    started = time.process_time()
    loaded = spec.loads("tenet 1\n" + piece * (100_000 // len(piece)))
    spec.render(loaded.diagnostics[:100], loaded.sources)
    assert time.process_time() - started < 10  # a bound for hangs and quadratic time, not a measure of speed


def test_ten_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "big.tenet"
    path.write_text(f'tenet 1\ntrait a {{ means: "{"x" * 10_000_000}" }}')
    assert [d.code for d in spec.load(path).diagnostics] == ["T0004"]
    assert codes("x" * 2_000_000) == ["T0004"]


def test_a_long_string_is_fine() -> None:
    assert codes(f'tenet 1\ntrait a {{ means: "{"x" * 900_000}" }}') == []


def test_encodings(tmp_path: Path) -> None:
    path = tmp_path / "a.tenet"
    good = 'tenet 1\ntrait a { means: "né" }\n'
    for data in (
        good.encode(),
        b"\xef\xbb\xbf" + good.encode(),
        good.replace("\n", "\r\n").encode(),
        good.replace("\n", "\r").encode(),
    ):
        path.write_bytes(data)
        loaded = spec.load(path)
        assert loaded.diagnostics == ()
        assert loaded.document is not None
        assert loaded.document.clauses[0].span.line == 2
    for data, code, line in (
        (good.encode("utf-16"), "T0002", 1),
        (b"tenet 1\n\n# \xff", "T0002", 3),
        (b"tenet 1\ntrait\0", "T0003", 2),
        (b"tenet 1\n\x1b[31m", "T0003", 2),
    ):
        path.write_bytes(data)
        found = spec.load(path).diagnostics
        assert [(d.code, d.span.line) for d in found] == [(code, line)]
    path.write_bytes(b"")
    assert [d.code for d in spec.load(path).diagnostics] == ["T0006"]


def test_half_characters_do_not_pass() -> None:
    assert codes("tenet 1 # \ud800") == ["T0002"]
    assert "T0011" in codes('tenet 1\ntrait a { means: "\\u{d800}" }')
    assert "T0011" in codes('tenet 1\ntrait a { means: "\\u{110000}" }')
