"""Inputs as large as the limits allow end soon, however they are made, and in a report that says what to do."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

import spec
from spec.limits import LARGEST_FILE, MOST_CLAUSES, MOST_IMPORTS, MOST_PATTERNS, MOST_SIGNS
from tests.spec import traps
from tests.spec.fuzz import limited

SLOW = 4.0
"""Seconds: a machine that runs tests may be slow, and what is quadratic takes minutes."""

CHECKED = (
    "traits", "phrases", "alike phrases", "judged", "never", "values", "links", "ring", "groups", "upside down",
    "answers", "unknown names", "unknown fields", "lost names", "open strings", "mixed names", "same phrases",
    "long names",
)  # fmt: skip


@pytest.mark.parametrize("name", CHECKED)
def test_a_large_spec_is_checked_soon(name: str) -> None:
    text = traps.SPECS[name]()
    assert len(text) <= LARGEST_FILE
    with limited(SLOW):
        traps.check(text)


@pytest.mark.parametrize("name", ["stray signs", "mixed names", "unknown fields"])
def test_a_large_spec_is_fixed_soon(name: str) -> None:
    text = traps.SPECS[name]()
    with limited(SLOW):
        traps.fix(text)


@pytest.mark.parametrize("name", ["spec.yaml, too many", "spec.yaml, one alias", "spec.yaml, late error",
                                  "spec.yaml, escapes", "spec.json, too many"])  # fmt: skip
def test_a_large_plain_file_is_checked_soon(name: str) -> None:
    text = traps.PLAIN[name]()
    with limited(SLOW):
        traps.check(text, name.split(",")[0])


@pytest.mark.parametrize("name", [*traps.CONSTITUTIONS, *traps.MODEL_SPECS])
def test_a_large_source_is_imported_soon(name: str) -> None:
    given, run = (traps.CONSTITUTIONS, traps.constitution) if name in traps.CONSTITUTIONS else (
        traps.MODEL_SPECS, traps.model_spec)  # fmt: skip
    text = given[name]()
    with limited(SLOW):
        run(text)


def loaded(make: Callable[[Path], None]) -> list[spec.Diagnostic]:
    with tempfile.TemporaryDirectory() as name, limited(SLOW):
        make(Path(name))
        return list(spec.load(Path(name, "f0.tenet")).diagnostics)


@pytest.mark.parametrize(("name", "code"), [("imports in a row", "T0005"), ("imports twice", "T0004"),
                                            ("imports with texts", "T0004"), ("large imports", "T0004")])  # fmt: skip
def test_imports_end(name: str, code: str) -> None:
    assert [d.code for d in loaded(traps.FOLDERS[name])] == [code]


def only(text: str) -> spec.Diagnostic:
    (found,) = spec.loads(text).diagnostics
    return found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tenet 1\n" + "a " * MOST_SIGNS, f"{MOST_SIGNS:,} words and signs"),
        ("tenet 1\n" + "".join(f'trait t{i} {{ means: "x" }}\n' for i in range(MOST_CLAUSES + 1)), f"{MOST_CLAUSES:,}"),
        ("tenet 1\ntrait t { means: \"x\" }\nforbid f { patterns: [/" + "ab" * MOST_PATTERNS + "/] }",
         f"{MOST_PATTERNS:,}"),
        ('tenet 1\nparameter p { default: "' + "y" * 1_000 + '" }\ntrait a { means: "' + "${p}" * 5_000 + '" }',
         "4 MiB"),
    ],
)  # fmt: skip
def test_a_limit_is_told_once_with_its_place_and_the_way_out(text: str, told: str) -> None:
    found = only(text)
    assert (found.code, told in found.message) == ("T0004", True)
    assert found.span.start > 0
    assert found.help


def test_imports_are_counted() -> None:
    found = spec.loads("tenet 1\n" + "".join(f'import "none{i}.tenet"\n' for i in range(MOST_IMPORTS + 5))).diagnostics
    assert {d.code for d in found} == {"T0030"}  # as many as a file may have; the limit stands behind them
    assert len(found) == 500


def test_what_is_as_large_as_allowed_is_read() -> None:
    text = "tenet 1\n" + "".join(f'trait t{i} {{ means: "x" }}\n' for i in range(MOST_CLAUSES))
    assert spec.loads(text).document is not None
    assert spec.loads(traps.many('"p{i}", ', 2, "forbid f { phrases: [", '"end"] }')).document is not None


def test_room_is_the_specs_and_not_each_files(tmp_path: Path) -> None:
    part = traps.many('"p{i}", ', 4, "forbid f { phrases: [", '"end"] }')  # half of what a spec may hold
    (tmp_path / "part.tenet").write_text(part)
    (tmp_path / "f0.tenet").write_text('tenet 1\nimport "part.tenet" as a\nimport "part.tenet" as b\n')
    assert spec.load(tmp_path / "f0.tenet").diagnostics == ()
    (tmp_path / "f0.tenet").write_text("tenet 1\n" + "".join(f'import "part.tenet" as {a}\n' for a in "abc"))
    (found,) = spec.load(tmp_path / "f0.tenet").diagnostics
    assert (found.code, found.span.path) == ("T0004", "part.tenet")
