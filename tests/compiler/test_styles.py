"""What the language says of a refusal's styles is what the compiler does with them."""

from __future__ import annotations

import pytest

from compiler.build import from_text
from compiler.deciding import SHORT_REFUSAL_WORDS, style_checks, unchecked
from compiler.rendering import STYLE_WORDS
from spec.constructs import Refuse
from spec.constructs.refuse import STYLES
from spec.glossary import MEANINGS


@pytest.mark.parametrize("style", STYLES)
def test_a_style_s_meaning_is_its_line_and_its_check(style: str) -> None:
    meaning = MEANINGS["style"][style].lower()
    words = STYLE_WORDS[style]
    if words is None:
        assert "no manner" in meaning
    else:
        said = {word.strip(".:;,").rstrip("s") for word in meaning.split()}
        assert {word.rstrip("s") for word in words.replace("you", "it").split()} <= said
    program = from_text(f'refuse dosing {{ about: "doses"  style: {style} }}')
    assert ("no check tells" in meaning) is bool(unchecked(program.clause("refuse.dosing")))
    assert ("measured" in meaning) is bool(style_checks(Refuse(about="doses", style=style)))


def test_a_short_refusal_is_as_long_as_its_meaning_says() -> None:
    assert f"{SHORT_REFUSAL_WORDS} words" in MEANINGS["style"]["hard"]
