"""Snippets of statements are specs once they are filled in."""

from __future__ import annotations

import pytest

import spec
from compiler.lsp.language import fields_of
from compiler.lsp.snippets import field_line, plain, statement
from spec.editors import vocabulary

WRONG = {"T0008", *(f"T01{number:02}" for number in range(9))} - {"T0102"}
"""Unknown, misplaced or repeated statements and fields."""


@pytest.mark.parametrize("word", sorted(vocabulary.statements() - {"tenet"}))
def test_a_statement_has_fields_of_its_own_and_in_order(word: str) -> None:
    """Texts and names are left for the author to fill in."""
    loaded = spec.loads(f"tenet 1\n{plain(statement(word))}\n")
    assert {d.code for d in loaded.diagnostics} & WRONG == set(), loaded.diagnostics


def test_an_example_asks_for_a_question_and_answers() -> None:
    written = field_line(fields_of(("trait",))["example"])
    assert written == 'example {\n  user: "$1"\n  good: "$2"\n  bad: "$3"\n}'
    assert field_line(fields_of(("persona",))["voice"]) == "voice {\n  $1\n}"
