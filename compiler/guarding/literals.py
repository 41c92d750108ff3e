"""A phrase -> every text in which `phrases.found` finds it, whatever it is dressed in.

In: a phrase, terms. Out: an expression over terms. Each character of the folded phrase is one of those that are read as
it, with what is not seen between; one character may stand for several (a ligature, three dots); letters may be set
apart one by one. Words are not cut, as there. This file must not know clauses.
"""

from __future__ import annotations

import unicodedata

from compiler.checks import phrases
from compiler.corpus.folding import folded
from compiler.guarding.letters import Letters
from compiler.guarding.terms import IGNORED, SIGNS, SPACE, Terms

BEFORE, AFTER = "BEFORE", "AFTER"


def expression(phrase: str, name: str, terms: Terms) -> str | None:
    """Define `name` as the texts that begin and end with `phrase`, and return how they stand in an answer: between any
    texts, or bounded by words. None for a phrase of which nothing is left once it is folded."""
    text = folded(phrase).strip()
    if not text:
        return None
    forms = [_dressed(text, name, terms)]
    letters = [character for character in text if character.isalnum()]
    if len(letters) >= phrases.LEAST_SPACED:
        forms.append(f" {SIGNS} ".join(_letter(letter, terms) for letter in letters))
    terms.add(name, " | ".join(forms))
    before = f"{BEFORE}?" if phrases.is_word(text[0]) else "ANY"
    after = f"{AFTER}?" if phrases.is_word(text[-1]) else "ANY"
    return f"({before} {name} {after})"


def _dressed(text: str, name: str, terms: Terms) -> str:
    """The characters one after another. A part that one character may stand for as a whole is a term of its own, since
    such parts overlap: what follows it is written once."""
    letters = Letters.folded()
    ends = {len(text): ""}
    for place in range(len(text) - 1, -1, -1):
        here = f"{_letter(text[place], terms)}{ends[place + 1]}"
        longer = [
            f"{terms.letters(letters.read[part], _named(part))}{ends[place + len(part)]}"
            for part in letters.starting(text[place:])
        ]
        if longer:
            here = terms.add(f"{name}_{place}", " | ".join((here, *longer)))
        ends[place] = f" {IGNORED} {here}" if place else here
    return ends[0]


def _named(part: str) -> str:
    return "C_" + "_".join(f"{ord(character):04X}" for character in part)


def _letter(character: str, terms: Terms) -> str:
    if character == " ":
        return SPACE
    single = terms.letters(Letters.folded().one(character))
    apart = unicodedata.normalize("NFD", character)
    if len(apart) == 1:
        return single
    # A letter and its marks may come one after the other.
    return f"({single} | {' '.join(terms.letters(Letters.folded().one(part)) for part in apart)})"
