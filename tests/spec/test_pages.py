"""Every code has a page whose wrong spec yields that code and nothing else, and whose mended spec yields nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import spec
from spec.codes import CODES
from spec.explaining import FOLDER, page, write
from spec.fields import field_specs
from spec.reference import entry, statements, words
from spec.vocabulary import STATEMENTS


@pytest.mark.parametrize("code", CODES)
def test_a_page_shows_its_code_and_how_to_mend_it(tmp_path: Path, code: str) -> None:
    found = page(CODES[code])
    assert found.why.endswith(".")
    for side, expected in (("wrong", {code}), ("mended", set())):
        folder = tmp_path / side / "project"
        folder.mkdir(parents=True)
        loaded = spec.load(write(getattr(found, side), folder))
        assert {d.code for d in loaded.diagnostics} == expected, spec.render(loaded.diagnostics, loaded.sources)


def test_every_page_belongs_to_a_code() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(CODES)


def test_every_statement_has_an_entry() -> None:
    assert set(statements()) == {*STATEMENTS, "tenet"}


@pytest.mark.parametrize("word", words())
def test_an_entry_says_what_a_word_states_with_an_example_that_loads(word: str) -> None:
    found = entry(word)
    assert "Annotated" not in found.states
    assert len(found.states) > 20
    assert word in found.shape or word == "clause"
    if found.example:
        assert spec.loads(found.example).document is not None
    else:
        assert word in ("import", "extends", "drop")  # these need another file


def test_an_entry_has_all_fields_of_its_record() -> None:
    from spec.constructs import Persona, Voice

    own, voice = entry("persona").fields
    assert [field.name for field in own.fields] == list(field_specs(Persona))
    assert [field.name for field in voice.fields] == list(field_specs(Voice))
