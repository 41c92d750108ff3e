"""The rules that a chat may break, of however many there are, told by the letters of its texts.

In: rules, then chats. Out: for each chat the rules that are still to be asked, as far as they are: of a list of phrases
those whose letters stand in an answer. What is left out, the chat keeps for certain (`needs`). This file must not know
how a rule is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

import ahocorasick_rs

from compiler.chat_rows import Chat
from compiler.corpus import folding
from compiler.corpus.needs import Atom, atoms_of, narrowed
from compiler.records.filters import Filters

MOST_NARROWED = 4096
"""Selections of rules that are remembered."""


class Narrowing:
    """atoms: what the rules consist of."""

    def __init__(self, filters: Filters) -> None:
        self._rules = filters.rules
        self.atoms = atoms_of(filters.rules)
        numbered = list(enumerate(self.atoms))
        self._asked_always = frozenset(number for number, atom in numbered if atom.needs.always)
        self._answers = _Texts((number, atom) for number, atom in numbered if not atom.of_question)
        self._questions = _Texts((number, atom) for number, atom in numbered if atom.of_question)
        self._narrowed: dict[frozenset[int], Filters] = {}

    @cached_property
    def always(self) -> Filters:
        """The rules that have to be asked of every chat."""
        return self._of(self._asked_always)

    def rules_for(self, chat: Chat) -> Filters:
        """The rules that the texts of a chat may break, as far as they may."""
        told = {"assistant": self._answers, "user": self._questions}
        return self._of(self._asked_always.union(*(told[m.role].atoms(m.content) for m in chat if m.role in told)))

    def _of(self, atoms: frozenset[int]) -> Filters:
        if atoms not in self._narrowed:
            if len(self._narrowed) >= MOST_NARROWED:
                self._narrowed.clear()
            self._narrowed[atoms] = narrowed(self._rules, [self.atoms[n] for n in sorted(atoms)])
        return self._narrowed[atoms]


class _Texts:
    """Which of some atoms, each with its number, a text may break. Those that are always asked are not told."""

    def __init__(self, atoms: Iterable[tuple[int, Atom]]) -> None:
        by_literal: dict[str, list[int]] = {}
        words: set[str] = set()
        self._words: list[int] = []
        self._beyond: list[int] = []
        self._unknown: list[int] = []
        for number, atom in atoms:
            for text in atom.needs.literals:
                by_literal.setdefault(text, []).append(number)
            if atom.needs.words:
                self._words.append(number)
                words.update(atom.needs.words)
            if atom.needs.search and not atom.needs.literals:
                self._unknown.append(number)
            elif atom.needs.beyond and not atom.needs.literals:
                self._beyond.append(number)
        self._by_literal = list(by_literal.values())
        self._literals = ahocorasick_rs.AhoCorasick(list(by_literal)) if by_literal else None
        pattern = as_words(words, "(?<![a-z0-9])", "[^a-z0-9]") if words else "(?!)"
        self._word = re.compile(pattern, re.IGNORECASE | re.ASCII)

    def atoms(self, text: str) -> set[int]:
        found: set[int] = set(self._unknown)
        if self._literals is not None:
            hits = self._literals.find_matches_as_indexes(folding.letters(text), overlapping=True)
            for literal in {literal for literal, _, _ in hits}:
                found.update(self._by_literal[literal])
        if self._words and (folding.may_hide(text) or self._word.search(text)):
            found.update(self._words)
        if self._beyond and not text.isascii():
            found.update(self._beyond)
        return found


def as_words(words: Iterable[str], before: str, gap: str) -> str:
    """An expression for letters with anything but letters between and around them."""
    return f"{before}(?:{'|'.join(f'{gap}*'.join(word) for word in sorted(words))})(?:[^a-z0-9]|$)"
