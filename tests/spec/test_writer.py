"""A document written as text is the same document when it is read, and gives the same text again."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spec
from spec.formatter import format_text
from spec.references import BUILT_IN
from spec.writer import CannotWrite, write
from tests.spec.records import Records
from tests.spec.test_readme import EXAMPLES

ROOT = Path(__file__).parents[2]
SPECS = sorted([*ROOT.glob("examples/**/*.tenet"), *ROOT.glob("tests/*/specs/*.tenet")])


def meaning(document: spec.Document) -> spec.Document:
    """A document without the files that it is made of, and without what needs no declaration."""
    declared = tuple(dimension for dimension in document.dimensions if dimension not in BUILT_IN)
    return replace(document, path="", files=(), dimensions=declared)


def check(document: spec.Document) -> None:
    text = write(document)
    assert format_text(text) == text
    loaded = spec.loads(text)
    assert loaded.document is not None, f"{spec.render(loaded.diagnostics, loaded.sources)}\n{text}"
    assert meaning(loaded.document) == meaning(document), text
    assert write(loaded.document) == text


@settings(max_examples=300)
@given(st.integers(0, 2**64))
def test_a_document_survives(seed: int) -> None:
    check(Records(random.Random(seed)).document())


@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_spec_survives(path: Path) -> None:
    document = spec.load(path).document
    assert document is not None
    check(document)


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_the_readme_survives(text: str) -> None:
    document = spec.loads(text).document
    assert document is not None
    check(document)


def test_what_a_section_gives_is_not_said_again() -> None:
    text = (
        "tenet 1\n\n"
        "section care at user {\n"
        "  when: user.role == guest\n"
        "  tags: [a]\n"
        "  override: never\n"
        '  trait calm { means: "Is calm."  tags: [b]  when: channel == chat }\n'
        '  trait kind at root { means: "Is kind." }\n'
        "}\n"
    )
    document = spec.loads(text).document
    assert document is not None
    assert write(document) == text


def test_a_reason_stands_once_though_its_answer_is_of_two_kinds() -> None:
    example = 'example { user: "a"  good: ["b", "c"]  bad: "b"  why: "d" }'
    document = spec.loads(f'tenet 1\ntrait x {{ means: "y"  {example} }}').document
    assert document is not None
    check(document)


def test_an_imported_file_with_a_name_in_front_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "house.tenet").write_text('tenet 1\ntrait calm { means: "Is calm." }\n')
    (tmp_path / "spec.tenet").write_text('tenet 1\nimport "house.tenet" as house\n')
    document = spec.load(tmp_path / "spec.tenet").document
    assert document is not None
    with pytest.raises(CannotWrite, match=r"house\.calm"):
        write(document)


def test_a_spec_of_several_files_is_one_text(tmp_path: Path) -> None:
    (tmp_path / "house.tenet").write_text(
        'tenet 1\nparameter who { default: "us" }\n'
        'section calm at user { when: user.role == guest  tags: [a]  trait calm { means: "Is calm with ${who}." } }\n'
        'trait kind { means: "Is kind."  tags: [b] }\n'
    )
    (tmp_path / "spec.tenet").write_text(
        'tenet 1\nextends "house.tenet" { who: "them" }\ntrait calm { intensity: 0.5 }\npriority: calm > kind\n'
    )
    document = spec.load(tmp_path / "spec.tenet").document
    assert document is not None
    check(document)
