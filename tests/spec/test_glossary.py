"""Every word that a spec may hold inside a statement has a sense, with an example that holds it."""

from __future__ import annotations

import re

import pytest

from spec.blocks import ROLES
from spec.constructs.outcomes import OUTCOMES
from spec.constructs.refuse import STYLES
from spec.fields import ChainShape, ChoiceShape, field_specs
from spec.glossary import MEANINGS, senses, words
from spec.reference import README, blocks, records


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


@pytest.mark.parametrize("word", [*STYLES, *OUTCOMES, "allowed", "covered", "explicit", "implicit", "never"])
def test_a_word_that_a_field_takes_says_what_it_means_itself(word: str) -> None:
    told = [field for field, meanings in MEANINGS.items() if word in meanings]
    assert told
    for field in told:
        [says, *_] = [s.says for s in senses(word) if s.what.startswith(f"A value of `{field}`")]
        assert says.startswith(f"{MEANINGS[field][word]} ")


def test_no_meaning_is_of_a_word_that_its_field_does_not_take() -> None:
    for field, meanings in MEANINGS.items():
        for word in meanings:
            assert any(s.what.startswith(f"A value of `{field}`") for s in senses(word)), (field, word)


def test_the_readme_says_what_each_style_asks_for() -> None:
    text = README.read_text(encoding="utf-8")
    assert [style for style in STYLES if f"| `{style}` | {MEANINGS['style'][style]} |" not in text] == []
