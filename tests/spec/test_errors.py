"""What errors look like: goldens to read, and the shape of every message."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import spec
from spec.codes import CODES
from spec.renderings.full import width_of

GOLDEN = Path(__file__).parent / "golden"
SPECS = sorted(GOLDEN.glob("error_*.tenet"))


def load(path: Path) -> spec.Loaded:
    return spec.loads(path.read_text(encoding="utf-8"), path.name)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
@pytest.mark.parametrize("format", ["full", "concise", "json", "github", "sarif"])
def test_golden(golden: Callable[[Path, str], None], path: Path, format: spec.diagnostics.Format) -> None:
    loaded = load(path)
    golden(path.with_suffix(f".{format}"), spec.render(loaded.diagnostics, loaded.sources, format) + "\n")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_rendering_fits_its_screen_and_shows_no_terminal(path: Path) -> None:
    loaded = load(path)
    text = spec.render(loaded.diagnostics, loaded.sources)
    assert [line for line in text.split("\n") if sum(map(width_of, line)) > 80] == []
    assert not re.search(r"[A-Z]+BRACE|RSQB|LSQB|COLON|\bDOTTED|LONG_STRING|\$END|Token\(", text)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_colour_changes_no_character(path: Path) -> None:
    loaded = load(path)
    colored = spec.render(loaded.diagnostics, loaded.sources, color=True)
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == spec.render(loaded.diagnostics, loaded.sources)


def test_a_spec_cannot_colour_the_terminal() -> None:
    loaded = spec.loads('tenet 1\ntrait a { means: "x"  \u202e\u200bevil: 1 }', "a\x1b[31m.tenet")
    text = spec.render(loaded.diagnostics, loaded.sources)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_two_places_on_a_long_line_are_shown_in_one_window() -> None:
    text = f'tenet 1\ntrait a {{ because: "{"long " * 30}"  means: "x"  not: "y"  not: "z"  target: >= 80% }}\n'
    loaded = spec.loads(text)
    shown = spec.render(loaded.diagnostics, loaded.sources, "full").splitlines()
    (line,) = (row for row in shown if row.startswith("2 |"))
    marks = [next(row for row in shown if label in row) for label in ("first here", "again")]
    assert [line[row.index(mark * 3) :][:4] for row, mark in zip(marks, "-^", strict=True)] == ["not:", "not:"]


def test_json_holds_places_and_fixes() -> None:
    loaded = spec.loads('tenet 1\ntrait caring { meens: "x" }', "a.tenet")
    [found] = json.loads(spec.render(loaded.diagnostics, loaded.sources, "json"))
    assert (found["code"], found["severity"], found["file"]) == ("T0101", "error", "a.tenet")
    assert found["start"] == {"line": 2, "column": 16, "offset": 23}
    assert found["end"] == {"line": 2, "column": 21, "offset": 28}
    assert [edit["text"] for edit in found["fix"]["edits"]] == ["means"]


def apply(text: str, fix: spec.Fix) -> str:
    for edit in sorted(fix.edits, key=lambda e: e.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


@pytest.mark.parametrize(
    "line",
    [
        'trait a { meens: "x" }', 'trait a { means "x" }', "forbid a { phrases: [\"x\" \"y\"] }",
        'trat a { means: "x" }',
        'trait a at rot { means: "x" }', 'trait a { means: “x” }', 'trait a { means: \'x\' }',
        'trait a { means = "x" }',
        'trait a { means: "x"  target: 85% }', 'trait a { means: "x"  target: >= 85 }', 'trait a means: "x" }',
        'trait a { means: "x"  unless: user.role = clinician }', 'refuse a { about: "x"  style: plane }',
        'trait a { means: word }', 'trait a { means: "x" } }', 'model large { base: "nano" }', "train { method: dop }",
        'model at root { base: "nano" }', 'trait a { means: "x"  when: user.roll == b }',
        'forbid a { phrases: ["x" }', 'trait a { means; "x" }',
        'forbid a { phrases: ["x"], "y", "z"] }', 'forbid a { phrases: ["x", ], "y"] }',
        'forbid a { phrases: [], "x", "y"] }', 'forbid a { phrases: [["x", "y"] }', 'forbid a { phrases: ["x", ["y"] }',
        'trait a { means: "x"  when: user.age_band == teens }', 'trait "a" { means: "x" }',
        'trait a.b { means: "x" }', 'trait a { means: "a \\q b" }', 'trait a { means: "x" @ }',
        'trait a { means: "x" when: user.role == b && channel == chat }',
    ],
)  # fmt: skip
def test_a_fix_mends_its_defect(line: str) -> None:
    text = f"tenet 1\n{line}\n"
    [diagnostic] = spec.loads(text).diagnostics
    assert diagnostic.fix is not None, diagnostic
    assert spec.loads(apply(text, diagnostic.fix)).diagnostics == ()


def test_the_missing_header_is_mended() -> None:
    text = 'trait a { means: "x" }\n'
    [diagnostic] = spec.loads(text).diagnostics
    assert diagnostic.code == "T0006"
    assert diagnostic.fix is not None
    assert spec.loads(apply(text, diagnostic.fix)).diagnostics == ()


@pytest.mark.parametrize("value", ['"kind', 'kind"'])
def test_the_title_of_a_quote_at_one_end_is_true_of_either(value: str) -> None:
    loaded = spec.loads(f"tenet 1\ntrait a {{\n  means: {value}\n}}\n")
    assert [d.code for d in loaded.diagnostics] == ["T0010"]
    assert "title=T0010 quote missing::" in spec.render(loaded.diagnostics, loaded.sources, "github")


def test_every_code_is_in_the_table_and_used() -> None:
    folder = Path(spec.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "codes.py")
    used = set(re.findall(r'"(T\d{4})"', text))
    assert used == set(CODES)
    assert all(code.what.endswith(".") and code.mend.endswith(".") for code in CODES.values())


@pytest.mark.parametrize(("severity", "drawn"), [("note", 3), ("warning", 9), ("error", 9)])
def test_of_many_notes_of_a_code_the_first_are_drawn_and_all_counted(severity: str, drawn: int) -> None:
    source = spec.Source("a.tenet", "x\n" * 9)
    code = "T0512" if severity == "note" else "T0033"
    many = [spec.Diagnostic(code, severity, f"n {n}", source.span(2 * n, 2 * n + 1)) for n in range(9)]  # type: ignore[arg-type]  # one of the three
    text = spec.render(many, {"a.tenet": source}, width=40)
    assert text.count(f"{severity}[{code}]: n ") == drawn
    assert ("6 more like these" in text) == (severity == "note")
    assert text.endswith(f"9 {severity}s")
    assert len(spec.render(many, {"a.tenet": source}, "concise").splitlines()) == 9
    assert max(map(len, text.splitlines())) <= 40
