"""Phrases and patterns: which of many are surely found wherever one of them is.

In: what clauses bar, and a phrase or pattern that an answer holds. Out: the barring clauses that no such answer keeps.
An index by the first word, and by a text that a pattern needs, leaves few to look at; what is left is decided exactly:
by a search where the pattern looks no further than the phrase, else as regular languages (`compiler/languages.py`).
This file must not know what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from compiler.analysis.demands import Barred, Item
from compiler.plain_text import contains, found, local, needed, plain, sample
from spec.document import Pattern

if TYPE_CHECKING:
    from compiler import languages

MOST_OTHERS = 40
"""So many items are walked together; more make automata too large."""

MOST_STEPS = 60_000
"""What all comparisons of a program take together, in steps of automata: about a third of a second."""

FEW = 32
"""Phrases with the same first word that are looked for one by one."""

_WORD = re.compile(r"\w+")


class Index:
    """Phrases and patterns that clauses bar, to be asked about one text after the other."""

    def __init__(self, barred: Iterable[Barred]) -> None:
        self.of_clause: dict[str, list[Barred]] = {}
        # By the first word, then by the phrase, so that what many clauses bar is looked at once.
        self._phrases: dict[str, dict[str, list[Barred]]] = {}
        # By the first word: where in a phrase it stands, and how long such phrases are.
        self._shapes: dict[str, set[tuple[int, int]]] = {}
        self._places: dict[str, int] = {}
        self._patterns: dict[Pattern, list[Barred]] = {}
        for entry in barred:
            self.of_clause.setdefault(entry.clause.id, []).append(entry)
            if isinstance(entry.item, Pattern):
                self._patterns.setdefault(entry.item, []).append(entry)
            elif phrase := plain(entry.item):
                first = _WORD.search(phrase)
                word = first.group() if first else ""
                self._places.setdefault(phrase, len(self._places))
                self._phrases.setdefault(word, {}).setdefault(phrase, []).append(entry)
                self._shapes.setdefault(word, set()).add((first.start() if first else 0, len(phrase)))
        self._needed = [(needed(pattern), pattern) for pattern in self._patterns]
        self._near: dict[Item, dict[str, list[Barred]]] = {}

    def found_in(self, text: str) -> Iterator[Barred]:
        """Yield what is found in `text`."""
        folded = plain(text)
        for word in dict.fromkeys(("", *_WORD.findall(folded))):
            phrases = self._phrases.get(word, {})
            for phrase in self._candidates(word, folded, phrases) if len(phrases) > FEW else phrases:
                if contains(folded, phrase):
                    yield from phrases[phrase]
        for need, pattern in self._needed:
            if need in folded and found(pattern, text):
                yield from self._patterns[pattern]

    def _candidates(self, word: str, folded: str, phrases: Mapping[str, object]) -> list[str]:
        """Return which of many phrases with the same first word stand in a text; some may cut a word there."""
        places = [match.start() for match in re.finditer(re.escape(word), folded)]
        starts = ((at - before, length) for before, length in self._shapes[word] for at in places)
        found = {folded[start : start + length] for start, length in starts if start >= 0}
        return sorted(found & phrases.keys(), key=self._places.__getitem__)

    def near(self, item: Item) -> dict[str, list[Barred]]:
        """Return by clause what is found in some answer with `item`: of other clauses, no answer with it breaks all."""
        if item not in self._near:
            hits = self._near.setdefault(item, {})
            for entry in self.found_in(text_of(item)):
                hits.setdefault(entry.clause.id, []).append(entry)
        return self._near[item]


class Comparer:
    """Compares items one by one, until all of it has taken too long."""

    @cached_property
    def _effort(self) -> languages.Effort:
        from compiler import languages

        return languages.Effort(MOST_STEPS)

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
                one = languages.pattern(item.text, item.flags)
            else:
                one = languages.phrase(item, starts=where == "start", ends=where == "end", verbatim=verbatim)
            rivals = [_machine(other) for other in others[:MOST_OTHERS]]
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


def _machine(item: Item) -> languages.Machine:
    from compiler import languages

    if isinstance(item, Pattern):
        return languages.pattern(item.text, item.flags)
    return languages.phrase(item, loose=True)


@lru_cache(maxsize=4096)
def text_of(item: Item) -> str:
    """Return a text that holds the item; an empty one where none is known."""
    if isinstance(item, str):
        return item
    if text := sample(item):
        return text
    from compiler import languages

    try:
        return languages.escaping(_machine(item), [], languages.Effort(MOST_STEPS // 20)) or ""
    except languages.TooLarge:
        return ""
