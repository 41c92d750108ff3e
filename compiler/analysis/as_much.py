"""Whether one clause asks for as much as another of its kind, wherever both apply.

In: two clauses. Out: yes or no; and for each clause the few for which it could be yes. Words ask for the same where
they are the same, but for case and punctuation. This file must not know scopes, levels or exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property
from itertools import combinations, islice

from compiler.analysis.demands import Barred, Item
from compiler.analysis.survey import Survey, shown
from compiler.analysis.topic_clashes import polarity, topic
from compiler.ir import Clause
from compiler.plain_text import contains, plain
from spec.constructs import (
    Forbid,
    Format,
    Outcomes,
    Persona,
    Prefer,
    Refuse,
    Require,
    Rule,
    Secret,
    Stance,
    Trait,
)
from spec.document import Pattern

_WORD = re.compile(r"\w+")

MOST_RIVALS = 50
"""So many clauses with a demand in common are looked at for each; no author writes more."""

Part = tuple[str, str | Pattern]
"""Where it stands (`starts`, `ends`, `includes`), and a plain text or a pattern."""


class Candidates:
    """For each clause, those that may ask for as much: they share what is cheap to look up."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._by_key: dict[Hashable, list[Clause]] = {}
        for clause in survey.program.clauses:
            for key in _keys(clause):
                self._by_key.setdefault(key, []).append(clause)

    def of(self, clause: Clause) -> list[Clause]:
        match clause.body:
            case Forbid() | Secret():
                # What bars all of it is found in a text of each of its items.
                near = [self._survey.index.near(entry.item) for entry in self._survey.index.of_clause[clause.id]]
                least = min(near, key=len)
                found = [hits[0].clause for name, hits in least.items() if all(name in names for names in near)]
            case Require():
                # A text of the other holds each word of this clause's first part, the rarest too; or the same pattern.
                lists = [self._by_key.get(word, []) for word in _words(parts(clause)[0][1])]
                found = min(lists, key=len)
            case Format():
                found = self._formats[clause.id]
            case _:
                found = [other for key in _keys(clause) for other in self._by_key.get(key, ())]
        return _rivals(clause, found)

    def near(self, clause: Clause, item: Item) -> list[Clause]:
        """Return those that may bar one of the clause's items."""
        return _rivals(clause, (hits[0].clause for hits in self._survey.index.near(item).values()))

    @cached_property
    def _formats(self) -> dict[str, list[Clause]]:
        """Formats that meet somewhere, by id."""
        formats = [clause for clause in self._survey.program.clauses if isinstance(clause.body, Format)]
        met: dict[str, list[Clause]] = {clause.id: [] for clause in formats}

        def worth(one: Clause, other: Clause) -> bool:
            return min(len(met[one.id]), len(met[other.id])) < MOST_RIVALS

        for one, other in self._survey.meeting_pairs(formats, lambda clause: clause, worth):
            met[one.id].append(other)
            met[other.id].append(one)
        return met


def _rivals(clause: Clause, found: Iterable[Clause]) -> list[Clause]:
    return list(islice((c for c in found if c.kind == clause.kind and c.id != clause.id), MOST_RIVALS))


def _keys(clause: Clause) -> Iterator[Hashable]:
    body = clause.body
    match body:
        case Require():
            yield from dict.fromkeys(word for _, item in parts(clause) for word in _words(item))
        case Rule():
            yield "rule", *polarity(body)
        case Trait():
            yield "trait", topic(body.means)
        case Refuse():
            yield "refuse", topic(body.about)
        case Stance():
            yield "stance", topic(body.about)
        case Prefer():
            yield "prefer", topic(body.this)
        case Outcomes():
            yield "outcomes", body.order[0]
        case Persona() | Forbid() | Secret() | Format():
            return


def _words(item: str | Pattern) -> Iterator[Hashable]:
    """Yield what an item is looked up by: a pattern as it is, a text by its words."""
    if isinstance(item, Pattern):
        yield item
    else:
        yield from (("word", word) for word in _WORD.findall(item) or [""])


def parts(clause: Clause) -> tuple[Part, ...]:
    """Return the parts that a requirement asks for."""
    body = clause.body
    assert isinstance(body, Require)
    edges = (("starts", body.starts), ("ends", body.ends))
    held = ((item if isinstance(item, Pattern) else plain(item)) for item in body.includes)
    return (*((name, plain(text)) for name, text in edges if text), *(("includes", item) for item in held))


def as_much(survey: Survey, clause: Clause, other: Clause) -> bool:
    """Say whether whatever breaks `clause` breaks `other`, where both apply."""
    match clause.body, other.body:
        case (Forbid(), Forbid()) | (Secret(), Secret()):
            return _bars_as_much(survey, clause, other)
        case Require(), Require():
            return all(any(_holds(there, part) for there in parts(other)) for part in parts(clause))
        case Format() as one, Format() as two:
            never = all(getattr(one, f) in (None, getattr(two, f)) for f in ("markdown", "lists", "code"))
            questions = one.questions in (None, two.questions) or two.questions == "never"
            return never and questions and _as_short(one, two)
        case Rule() as one, Rule() as two:
            return polarity(one) == polarity(two) and _as_firm(one, two) and _bears_on(one.about, two.about)
        case Trait() as one, Trait() as two:
            alike = (topic(one.means), one.signs, one.intensity) == (topic(two.means), two.signs, two.intensity)
            return alike and (one.avoid is None or topic(one.avoid) == topic(two.avoid or ""))
        case Refuse() as one, Refuse() as two:
            manner = all(getattr(one, f) in (None, getattr(two, f)) for f in ("style", "offer", "still_help"))
            asked = set(one.asks) <= set(two.asks) and set(one.safe) <= set(two.safe)
            return topic(one.about) == topic(two.about) and manner and asked
        case Stance() as one, Stance() as two:
            same = (topic(one.about), topic(one.says)) == (topic(two.about), topic(two.says))
            return same and one.signs == two.signs and set(one.asks) <= set(two.asks)
        case Prefer() as one, Prefer() as two:
            same = (topic(one.this), topic(one.over or "")) == (topic(two.this), topic(two.over or ""))
            return same and _as_short(one, two)
        case Outcomes() as one, Outcomes() as two:
            ranked = set(combinations(one.order, 2)) <= set(combinations(two.order, 2))
            return ranked and _bears_on(one.about, two.about)
        case _:
            return False


def _bars_as_much(survey: Survey, clause: Clause, other: Clause) -> bool:
    return all(covers_entry(survey, entry, other) for entry in survey.index.of_clause[clause.id])


def covers_entry(survey: Survey, entry: Barred, other: Clause) -> bool:
    """Say whether every answer that breaks its clause by `entry` breaks `other`, where both apply."""
    rivals = tuple(there.item for there in survey.index.of_clause[other.id])
    covers = survey.comparer.covered(entry.item, rivals)
    if covers is None:
        what = f"{shown(entry.item)} with what {other.id} forbids"
        survey.doubt(entry.clause, what, survey.entry(entry.clause, entry.field, entry.item))
    return covers is True


def _holds(there: Part, part: Part) -> bool:
    """Say whether every answer that has one part has the other."""
    field, item = part
    if there == part:
        return True
    return field == "includes" and isinstance(item, str) and isinstance(there[1], str) and contains(there[1], item)


def _as_short(one: Format | Prefer, two: Format | Prefer) -> bool:
    limits = ((one.max_words, two.max_words), (one.max_sentences, two.max_sentences))
    return all(loose is None or (tight is not None and tight <= loose) for loose, tight in limits)


def _as_firm(one: Rule, two: Rule) -> bool:
    """Say whether the second force binds as much: a permission and a goal bind as themselves only."""
    if {one.force, two.force} & {"may", "seeks"}:
        return one.force == two.force
    return two.force in ("must", "never") or one.force in ("should", "should_not")


def _bears_on(one: str | None, two: str | None) -> bool:
    """Say whether the second bears on all requests that the first bears on."""
    return two is None or (one is not None and topic(one) == topic(two))
