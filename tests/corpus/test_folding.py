"""What the fast paths rest on, held against every code point: nothing that `phrases` finds is hidden from them."""

from __future__ import annotations

import re

from compiler.checks import phrases
from compiler.corpus import folding

EVERY = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
LAYERS = [phrases.FOLDS[layer] for layer in phrases.LAYERS]


def test_every_character_that_a_layer_reads_as_ascii_is_known_to_hide_one() -> None:
    hides = re.compile(f"[{folding.hiding()}]")
    for character in EVERY[128:]:
        reads = any(re.search("[a-zA-Z0-9]", fold(character)) for fold in LAYERS)
        assert reads == bool(hides.match(character)), hex(ord(character))


def test_no_layer_changes_the_letters_of_a_character() -> None:
    # The tick is a letter in no reading, and stands for an apostrophe between two of them.
    for character in EVERY:
        want = folding.letters(character)
        for fold in LAYERS:
            assert folding.letters(fold(character)) == want, hex(ord(character))


def test_letters_of_a_text_are_those_of_its_characters_in_a_row() -> None:
    for step in (1, 7, 101):
        text = "".join(EVERY[::step])
        assert folding.letters(text) == "".join(map(folding.letters, text))
