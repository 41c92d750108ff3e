"""Phrases and patterns: which of many are surely found wherever one of them is.

In: what clauses bar, and a phrase or pattern that an answer holds. Out: the barring clauses that no such answer keeps.
An index by the first word, and by a text that a pattern needs, leaves few to look at; what is left is decided exactly,
as regular languages (`compiler/languages.py`). This file must not know what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from compiler import languages
from compiler.analysis.demands import Barred, Item
from compiler.plain_text import contains, found, needed, plain
from spec.document import Pattern

MOST_OTHERS = 40
"""So many items are walked together; more make automata too large."""

_WORD = re.compile(r"\w+")

Doubtful = Callable[[Barred], None]


class Index:
    """All that the clauses of a program bar, to be asked about one text after the other."""

    def __init__(self, barred: Iterable[Barred]) -> None:
        self.of_clause: dict[str, list[Barred]] = {}
        self._phrases: dict[str, list[tuple[str, Barred]]] = {}
        self._patterns: list[tuple[str, Pattern, Barred]] = []
        for entry in barred:
            self.of_clause.setdefault(entry.clause.id, []).append(entry)
            if isinstance(entry.item, Pattern):
                self._patterns.append((needed(entry.item), entry.item, entry))
            elif phrase := plain(entry.item):
                first = _WORD.search(phrase)
                self._phrases.setdefault(first.group() if first else "", []).append((phrase, entry))

    def found_in(self, text: str) -> Iterator[Barred]:
        """Yield what is found in `text`."""
        folded = plain(text)
        for word in {"", *_WORD.findall(folded)} & self._phrases.keys():
            for phrase, entry in self._phrases[word]:
                if contains(folded, phrase):
                    yield entry
        for need, pattern, entry in self._patterns:
            if need in folded and found(pattern, text):
                yield entry

    def breaking(
        self, item: Item, but: str, doubtful: Doubtful, where: str = "anywhere", *, verbatim: bool = True
    ) -> list[Barred]:
        """Return an entry of each clause that every answer with `item` breaks.

        Args:
            but: a clause that is left out.
            doubtful: called with an entry of a clause for which that cannot be told.
            where: `start` or `end` for an item that stands there, else `anywhere`.
            verbatim: a phrase is written as it stands, and not in any case.
        """
        sample = item if isinstance(item, str) else shortest(item)
        if not sample:
            return []
        hits: dict[str, list[Barred]] = {}
        for entry in self.found_in(sample):
            if entry.clause.id != but:
                hits.setdefault(entry.clause.id, []).append(entry)
        return [entries[0] for entries in hits.values() if self._surely(item, where, entries, doubtful, verbatim)]

    def _surely(self, item: Item, where: str, entries: list[Barred], doubtful: Doubtful, verbatim: bool) -> bool:
        if isinstance(item, str) and any(isinstance(entry.item, str) for entry in entries):
            return True  # a phrase in a phrase, both bounded by words
        rivals = [entry.item for entry in self.of_clause[entries[0].clause.id]]
        covers = covered(
            item, rivals if len(rivals) <= MOST_OTHERS else [e.item for e in entries], where, verbatim=verbatim
        )
        if covers is None:
            doubtful(entries[0])
        return covers is True


def covered(item: Item, others: Sequence[Item], where: str = "anywhere", *, verbatim: bool = False) -> bool | None:
    """Say whether every answer that holds `item` holds one of `others`; None where that cannot be told.

    >>> covered("As an AI", [Pattern("as an (ai|bot)", "i")]), covered(Pattern("yes|no"), ["yes", "no"])
    (True, False)
    """
    if isinstance(item, Pattern) and item in others:
        return True
    return _covered(item, tuple(others[:MOST_OTHERS]), where, verbatim)


@lru_cache(maxsize=4096)
def _covered(item: Item, others: tuple[Item, ...], where: str, verbatim: bool) -> bool | None:
    try:
        if isinstance(item, Pattern):
            one = languages.pattern(item.text, item.flags)
        else:
            one = languages.phrase(item, starts=where == "start", ends=where == "end", verbatim=verbatim)
        return languages.escaping(one, [_machine(other) for other in others]) is None
    except languages.TooLarge:
        return None


def _machine(item: Item) -> languages.Machine:
    if isinstance(item, Pattern):
        return languages.pattern(item.text, item.flags)
    return languages.phrase(item, loose=True)


@lru_cache(maxsize=4096)
def shortest(pattern: Pattern) -> str | None:
    """Return a shortest text in which the pattern is found; None where none is known."""
    try:
        return languages.escaping(_machine(pattern), [])
    except languages.TooLarge:
        return None
