"""Snippets of statements are specs once they are filled in."""

from __future__ import annotations

import pytest

import spec
from compiler.lsp.snippets import plain, statement
from spec.editors import vocabulary

WRONG = {"T0008", *(f"T01{number:02}" for number in range(9))} - {"T0102"}
"""Unknown, misplaced or repeated statements and fields."""


@pytest.mark.parametrize("word", sorted(vocabulary.statements() - {"tenet"}))
def test_a_statement_has_fields_of_its_own_and_in_order(word: str) -> None:
    """Texts and names are left for the author to fill in."""
    loaded = spec.loads(f"tenet 1\n{plain(statement(word))}\n")
    assert {d.code for d in loaded.diagnostics} & WRONG == set(), loaded.diagnostics
