"""Whatever the bytes: diagnostics or a document, soon, and no other exception."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spec
from spec.formatter import CannotFormat, format_text

TOKENS = [
    *"{}[]():;,>", '"', '"""', '"x"', "/a/i", "/(", ">=", "<=", "==", "=", "!=", "90%", "0.8", "7",
    "#c\n", "\n", "\n\n", " ",
    "and", "or", "not", "in", "at", "tenet 1", "import", "trait", "refuse", "forbid", "persona", "model",
    "train", "probe",
    "dimension", "priority", "example", "user", "good", "means", "not:", "target:", "when:", "caring",
    "user.role", "root",
    "\\", "'", "“", "@", "\t", "é", "…", "true",
]  # fmt: skip

VALID = """tenet 1
# a comment
trait caring at developer {
  means: "Names the feeling first."
  example { user: "u"  good: "g"  bad: ["b", "c"] }
  target: >= 85%
}
refuse dosing at root { about: "doses"  style: caring  unless: user.role == clinician and not channel in [chat, sms] }
forbid canned { phrases: ["Certainly!"]  patterns: [/as an ai/i] }
priority: caring > dosing
train { method: dpo  adapter: { rank: 16 } }
"""


def survives(text: str) -> None:
    loaded = spec.loads(text)
    assert (loaded.document is None) == any(d.severity == "error" for d in loaded.diagnostics)
    for format in ("full", "concise", "json"):
        spec.render(loaded.diagnostics, loaded.sources, format, color=True)
    for diagnostic in loaded.diagnostics:
        assert diagnostic.span.start <= diagnostic.span.end
    try:
        once = format_text(text)
    except CannotFormat:
        return
    assert format_text(once) == once


@settings(max_examples=250)
@given(st.lists(st.sampled_from(TOKENS), max_size=60).map(" ".join))
def test_token_soup(text: str) -> None:
    survives(text)


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    survives(text)


@settings(max_examples=200)
@given(st.integers(0, 2**32))
def test_mutated_specs(seed: int) -> None:
    rng = random.Random(seed)
    text = VALID
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", rng.choice(TOKENS), text[at : at + 9]]) + text[at + rng.randrange(8) :]
    survives(text)


@settings(max_examples=100)
@given(data=st.binary(max_size=300))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.tenet"
    path.write_bytes(data)
    loaded = spec.load(path)
    spec.render(loaded.diagnostics, loaded.sources)
    assert (loaded.document is None) == any(d.severity == "error" for d in loaded.diagnostics)


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
