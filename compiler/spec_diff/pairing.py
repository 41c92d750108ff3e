"""Which clause of the old version is which of the new one.

In: the clauses of two documents. Out: pairs, each with what told that the two are one. First the same id, then what
the author declares (`was`, `supersedes`), then likeness: most of the words are the same. A declaration counts in either
version, so that to go back is to rename back. This file must not judge what has changed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from spec.document import Clause

ALIKE = 0.6
"""The share of words that two clauses have in common to count as one under two names."""

ToldBy = Literal["was", "supersedes", "likeness"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One clause in both versions; None where it is not in one. told_by: None where the ids are the same."""

    old: Clause | None
    new: Clause | None
    told_by: ToldBy | None = None


def pair(old: Sequence[Clause], new: Sequence[Clause]) -> list[Pair]:
    """Return a pair for each clause: those of the new version in its order, then those that are gone."""
    left, right = {c.id: c for c in old}, {c.id: c for c in new}
    found: dict[str, tuple[str, ToldBy | None]] = {i: (i, None) for i in right if i in left}
    _take(found, _declared(left, right, "was"), "was", left, right)
    _take(found, _superseding(left, right), "supersedes", left, right)
    _take(found, _alike(*_unpaired(found, left, right)), "likeness", left, right)
    taken = {old_id for old_id, _ in found.values()}
    paired = [Pair(left[found[c.id][0]], c, found[c.id][1]) if c.id in found else Pair(None, c) for c in new]
    return [*paired, *(Pair(c, None) for c in old if c.id not in taken)]


def _take(
    found: dict[str, tuple[str, ToldBy | None]],
    pairs: Iterator[tuple[str, str]],
    told_by: ToldBy,
    left: dict[str, Clause],
    right: dict[str, Clause],
) -> None:
    taken = {old_id for old_id, _ in found.values()}
    for old_id, new_id in pairs:
        if old_id in left and new_id in right and old_id not in taken and new_id not in found:
            found[new_id] = (old_id, told_by)
            taken.add(old_id)


def _unpaired(
    found: dict[str, tuple[str, ToldBy | None]], left: dict[str, Clause], right: dict[str, Clause]
) -> tuple[list[Clause], list[Clause]]:
    taken = {old_id for old_id, _ in found.values()}
    return [c for i, c in left.items() if i not in taken], [c for i, c in right.items() if i not in found]


def _declared(left: dict[str, Clause], right: dict[str, Clause], field: str) -> Iterator[tuple[str, str]]:
    """Pairs that a clause of either version declares, by an id, or by a name within its own kind or alone."""
    for clause in right.values():
        for name in getattr(clause, field):
            yield from ((i, clause.id) for i in _meant(name, clause, left))
    for clause in left.values():
        for name in getattr(clause, field):
            yield from ((clause.id, i) for i in _meant(name, clause, right))


def _meant(name: str, clause: Clause, others: dict[str, Clause]) -> list[str]:
    for wanted in (name, f"{clause.kind}.{name}"):
        if wanted in others:
            return [wanted]
    named = [i for i, other in others.items() if other.name == name]
    return named if len(named) == 1 else []


def _superseding(left: dict[str, Clause], right: dict[str, Clause]) -> Iterator[tuple[str, str]]:
    """A clause that takes the place of one other is that one; of several, it is a new clause."""
    found = list(_declared(left, right, "supersedes"))
    olds, news = Counter(o for o, _ in found), Counter(n for _, n in found)
    yield from ((o, n) for o, n in found if olds[o] == news[n] == 1)


def _alike(left: list[Clause], right: list[Clause]) -> Iterator[tuple[str, str]]:
    """Pairs of one kind by the share of words in common, the most alike first."""
    words_of = {c.id: Counter(_words(c)) for c in left}, {c.id: Counter(_words(c)) for c in right}
    holding: dict[tuple[str, str], set[str]] = {}
    for clause in right:
        for word in words_of[1][clause.id]:
            holding.setdefault((clause.kind, word), set()).add(clause.id)
    scored = []
    for clause in left:
        mine = words_of[0][clause.id]
        # A word that is everywhere tells nothing, and would make all pairs candidates. Two that are alike share more
        # than a third of the words of either, so one of these is among them.
        by_rarity = sorted((len(holding.get((clause.kind, word), ())), word) for word in mine)
        telling = [word for _, word in by_rarity[: 1 + len(mine) * 2 // 3]]
        for other_id in {i for word in telling for i in holding.get((clause.kind, word), ())}:
            theirs = words_of[1][other_id]
            share = 2 * (mine & theirs).total() / (mine.total() + theirs.total())
            if share >= ALIKE:
                scored.append((-share, sorted((clause.id, other_id)), clause.id, other_id))
    yield from ((old_id, new_id) for *_, old_id, new_id in sorted(scored))


def _words(clause: Clause) -> Iterator[str]:
    """The words that a clause says, and the fields that say them; its name and its reasons are left out."""
    for text in _texts(clause.body):
        yield from re.findall(r"\w+", text.casefold())
    for example in clause.examples:
        for text in _texts(example):
            yield from re.findall(r"\w+", text.casefold())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for f in fields(value):
            if f.name != "span":
                yield from _texts(getattr(value, f.name))
