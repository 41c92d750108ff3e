"""Phrases and patterns: which of many are surely found wherever one of them is.

In: what clauses bar, and a phrase or pattern that an answer holds. Out: the barring clauses that no such answer keeps.
An index by the first word, and by a text that a pattern needs, leaves few to look at; what is left is decided exactly:
by a search where the pattern looks no further than the phrase, else as regular languages (`compiler/languages.py`).
This file must not know what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from compiler.analysis.demands import Barred, Item
from compiler.plain_text import contains, found, local, needed, plain, quick, sample
from spec.document import Pattern

if TYPE_CHECKING:
    from compiler import languages

MOST_OTHERS = 40
"""So many items are walked together; more make automata too large."""

MOST_STEPS = 40_000
"""What all comparisons of a program take together, in steps of automata: about a quarter of a second."""

MOST_SEARCHES = 60_000
"""How often patterns are looked for in texts, in all of a program: about a tenth of a second."""

SLOW_SEARCH = 25
"""As many of these a search takes for which `re` could take for ever."""

GRAM = 3
"""Letters of what a pattern needs by which it is looked up."""

FEW = 32
"""Phrases with the same first word that are looked for one by one."""

_WORD = re.compile(r"\w+")


class Index:
    """Phrases and patterns that clauses bar, to be asked about one text after the other."""

    def __init__(self, barred: Iterable[Barred], comparer: Comparer) -> None:
        self.of_clause: dict[str, list[Barred]] = {}
        # By the first word, then by the phrase, so that what many clauses bar is looked at once.
        self._phrases: dict[str, dict[str, list[Barred]]] = {}
        # By the first word: where in a phrase it stands, and how long such phrases are.
        self._shapes: dict[str, set[tuple[int, int]]] = {}
        self._places: dict[str, int] = {}
        self._patterns: dict[Pattern, list[Barred]] = {}
        self._comparer = comparer
        for entry in barred:
            self.of_clause.setdefault(entry.clause.id, []).append(entry)
            if isinstance(entry.item, Pattern):
                self._patterns.setdefault(entry.item, []).append(entry)
            elif phrase := plain(entry.item):
                word = _first_word(phrase)
                self._places.setdefault(phrase, len(self._places))
                self._phrases.setdefault(word, {}).setdefault(phrase, []).append(entry)
                self._shapes.setdefault(word, set()).add((phrase.find(word), len(phrase)))
        # By the start of what a pattern needs, then by all of that.
        self._needed: dict[str, dict[str, list[Pattern]]] = {}
        for pattern in self._patterns:
            need = needed(pattern)
            self._needed.setdefault(need[:GRAM], {}).setdefault(need, []).append(pattern)
        self._missed: set[str] = set()
        self._near: dict[Item, dict[str, list[Barred]]] = {}

    def found_in(self, text: str) -> Iterator[Barred]:
        """Yield what is found in `text`."""
        folded = plain(text)
        for word in dict.fromkeys(("", *_WORD.findall(folded))):
            phrases = self._phrases.get(word, {})
            for phrase in self._candidates(word, folded, phrases) if len(phrases) > FEW else phrases:
                if contains(folded, phrase):
                    yield from phrases[phrase]
        if not self._patterns:
            return
        starts: Iterable[str] = self._needed
        if len(folded) < len(self._needed):
            grams = (folded[n : n + length] for length in range(GRAM + 1) for n in range(len(folded) - length + 1))
            starts = dict.fromkeys(grams)
        for start in starts:
            for need, patterns in self._needed.get(start, {}).items():
                if need in folded:
                    yield from self._matched(need, patterns, text)

    def _candidates(self, word: str, folded: str, phrases: Mapping[str, object]) -> list[str]:
        """Return which of many phrases with the same first word stand in a text; some may cut a word there."""
        found: set[str] = set()
        padded = folded + " "
        at = folded.find(word)
        while at >= 0:
            for before, length in self._shapes[word]:
                start, end = at - before, at - before + length
                if start >= 0 and not padded[end - 1 : end + 1].isalnum() and folded[start:end] in phrases:
                    found.add(folded[start:end])
            at = folded.find(word, at + 1)
        return sorted(found, key=self._places.__getitem__)

    def _matched(self, need: str, patterns: Sequence[Pattern], text: str) -> Iterator[Barred]:
        for pattern in patterns:
            if not self._comparer.may_search(pattern):
                self._missed.add(need)
                return
            if found(pattern, text):
                yield from self._patterns[pattern]

    def missed(self) -> Iterator[Barred]:
        """Yield what was not looked for in some text, since all of it took too long."""
        for pattern, entries in self._patterns.items():
            if needed(pattern) in self._missed or self._comparer.unread(pattern):
                yield from entries

    def near(self, item: Item) -> dict[str, list[Barred]]:
        """Return by clause what is found in some answer with `item`: of other clauses, no answer with it breaks all."""
        if item not in self._near:
            hits = self._near.setdefault(item, {})
            for entry in self.found_in(self._comparer.text_of(item)):
                hits.setdefault(entry.clause.id, []).append(entry)
        return self._near[item]


def _first_word(phrase: str) -> str:
    """Return the first word that stands as one in each text with the phrase; an empty one for none."""
    words = _WORD.findall(phrase)
    # A line at an edge of the phrase may stand within a longer word of the text.
    within = phrase[0] == "_" or (len(words) == 1 and phrase[-1] == "_")
    return words[0] if words and not within else ""


class Comparer:
    """Compares items one by one, until all of it has taken too long."""

    def __init__(self) -> None:
        self._searches = MOST_SEARCHES
        self._texts: dict[Item, str | None] = {}

    @cached_property
    def _effort(self) -> languages.Effort:
        from compiler import languages

        return languages.Effort(MOST_STEPS)

    @cached_property
    def _sampling(self) -> languages.Effort:
        from compiler import languages

        return languages.Effort(MOST_STEPS // 3)

    def may_search(self, pattern: Pattern) -> bool:
        """Say whether there is time to look for the pattern once more."""
        if self._searches <= 0:
            return False
        self._searches -= 1 if quick(pattern) else SLOW_SEARCH
        return True

    def text_of(self, item: Item) -> str:
        """Return a text that holds the item; an empty one where none is known."""
        if isinstance(item, str):
            return item
        if item not in self._texts:
            self._texts[item] = sample(item) or self._sampled(item)
        return self._texts[item] or ""

    def unread(self, item: Item) -> bool:
        """Say whether no text was found that holds the item, since that took too long."""
        return item in self._texts and self._texts[item] is None

    def _sampled(self, item: Item) -> str | None:
        if self._sampling.left < 0:
            return None
        from compiler import languages

        effort = languages.Effort(MOST_STEPS // 20, self._sampling)
        try:
            return languages.escaping(_machine(item, effort), [], effort)
        except languages.TooLarge:
            return None

    def covered(
        self, item: Item, others: Sequence[Item], where: str = "anywhere", *, verbatim: bool = False
    ) -> bool | None:
        """Say whether every answer that holds `item` holds one of `others`; None where that cannot be told.

        Args:
            item: a phrase is found in any case, unless it is `verbatim`: what an answer shall hold is written as the
                spec writes it.
            where: `start` or `end` for a phrase that stands there, else `anywhere`.

        >>> Comparer().covered("As an AI", [Pattern("as an (ai|bot)", "i")])
        True
        >>> Comparer().covered(Pattern("yes|no"), ["yes", "no"])
        False
        """
        if isinstance(item, Pattern):
            if item in others:
                return True
        elif any(_plainly(item, other, verbatim) for other in others):
            return True
        elif not any(isinstance(other, Pattern) for other in others):
            return False
        if self._effort.left < 0:
            return None
        from compiler import languages  # few specs have a pattern that must be compared so

        try:
            if isinstance(item, Pattern):
                one = _machine(item, self._effort)
            else:
                one = languages.phrase(item, starts=where == "start", ends=where == "end", verbatim=verbatim)
            rivals = [_machine(other, self._effort) for other in others[:MOST_OTHERS]]
            return languages.escaping(one, rivals, self._effort) is None
        except languages.TooLarge:
            return None


def _plainly(phrase: str, other: Item, verbatim: bool) -> bool:
    """Say whether a look at the phrase proves that `other` is found wherever it is."""
    if isinstance(other, str):
        return contains(plain(phrase), plain(other))
    if not (verbatim or "i" in other.flags) or not local(other):
        return False
    # What stands beside the phrase may be part of a word only where the phrase itself ends in none.
    before = ("",) if phrase[:1].isalnum() else ("", "a")
    after = ("",) if phrase[-1:].isalnum() else ("", "a")
    return all(found(other, f"{left}{phrase}{right}") for left in before for right in after)


def _machine(item: Item, effort: languages.Effort) -> languages.Machine:
    from compiler import languages

    if isinstance(item, str):
        return languages.phrase(item, loose=True)
    try:
        machine = languages.pattern(item.text, item.flags)
    except languages.TooLarge:
        effort.spend(languages.MOST_NODES // languages.NODES_MADE)
        raise
    effort.spend(len(machine.steps) // languages.NODES_MADE)
    return machine
