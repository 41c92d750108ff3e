"""Phrases looked up by the index are those that a look for each one finds."""

from __future__ import annotations

from random import Random

import pytest

from compiler.analysis import items
from compiler.analysis.demands import Barred
from compiler.build import from_text
from compiler.plain_text import contains, plain

WORDS = ("w", "v", "a", "'w", "w-x", "ww", "_w", "w_", "...")


@pytest.mark.parametrize("few", [0, items.FEW])
@pytest.mark.parametrize("seed", range(40))
def test_the_index_finds_what_a_look_for_each_phrase_finds(
    seed: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "FEW", few)
    random = Random(seed)
    clause = from_text('forbid f { phrases: ["w"] }').clauses[0]
    phrases = dict.fromkeys(" ".join(random.choices(WORDS, k=random.randint(1, 3))) for _ in range(80))
    barred = [Barred(clause, "phrases", phrase) for phrase in phrases]
    index = items.Index(barred, items.Comparer())
    for _ in range(5):
        text = random.choice(("", " ", "x")).join(" ".join(random.choices(WORDS, k=7)) for _ in range(2))
        wanted = {entry.item for entry in barred if contains(plain(text), plain(entry.item))}
        assert {entry.item for entry in index.found_in(text)} == wanted
