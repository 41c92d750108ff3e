"""Every word that a spec may hold inside a statement has a sense, with an example that holds it."""

from __future__ import annotations

import re

import pytest

from spec.blocks import ROLES
from spec.fields import ChainShape, ChoiceShape, field_specs
from spec.glossary import senses, words
from spec.reference import blocks, records


def test_every_field_and_every_word_that_one_takes_is_told() -> None:
    wanted = set(ROLES)
    for record in (*records().values(), *blocks().values()):
        for name, field in field_specs(record).items():
            wanted |= {name} if name != "turns" else set()
            if isinstance(field.shape, ChoiceShape | ChainShape):
                wanted |= set(field.shape.choices)
    assert wanted - set(words()) == set()


@pytest.mark.parametrize("word", words())
def test_a_sense_says_something_and_its_example_holds_the_word(word: str) -> None:
    assert senses(word)
    for sense in senses(word):
        assert sense.says.endswith(".")
        if sense.example and sense.what != "Of conditions" and word != "level":
            assert re.search(rf"\b{re.escape(word)}\b", sense.example), sense


def test_no_word_has_a_sense_that_is_not_listed() -> None:
    assert senses("nonsense") == ()
