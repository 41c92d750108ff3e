"""Texts that an answer must hold against what it may not hold, how long it may be, and how it must start or end.

In: a survey. Out: clashes. `require greeting { starts: "Certainly!" }` beside `forbid canned { phrases:
["Certainly!"] }`: no answer keeps both. Where one of several texts is enough (signs of a trait, things offered), all
of them have to be barred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from compiler.analysis import demands
from compiler.analysis.clashes import Clash, Side
from compiler.analysis.crowds import Crowd
from compiler.analysis.demands import FEATURES, Barred, Item, Limit, Said
from compiler.analysis.survey import Survey, place, quoted, request, shown
from compiler.ir import Clause
from compiler.plain_text import plain
from compiler.regions import NOWHERE, Region, TooManyBoxes, join, meet, meets
from spec.constructs import Prefer, Require
from spec.source import Span

_ASKS = {
    "starts": "starts every answer with {}",
    "ends": "ends every answer with {}",
    "includes": "asks for {}",
    "signs": "shows in {}",
    "offer": "offers {}",
    "called": "says it is {}",
}
_BARS = {"phrases": "forbids {}", "patterns": "forbids {}", "keep": "keeps {} back"}


def text_clashes(survey: Survey) -> Iterator[Clash]:
    clauses = survey.program.clauses
    parts = [said for clause in clauses for said in demands.said(clause)]
    limits = sorted((limit for c in clauses for limit in demands.limits(c)), key=lambda limit: limit.most)
    ruled_out = {
        feature: [c for c in clauses if feature in set(demands.without(c))] for feature in (*FEATURES, "emoji")
    }
    barring = Barring(survey)
    long, shaped = survey.crowd(), survey.crowd()
    for said in parts:
        yield from _barred(survey, said, barring)
        if said.always and isinstance(text := said.items[0], str):
            yield from _too_long(survey, said, text, limits, long)
            yield from _ruled_out(survey, said, text, ruled_out, shaped)
    yield from _edges(survey, parts)


# ------------------------------------------------------------------ held and barred


class Barring:
    """Whether a clause bars a text, found once for all clauses that hold it."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._known: dict[tuple[Item, str, str], bool] = {}

    def surely(self, said: Said, item: Item, entries: list[Barred]) -> bool:
        """Say whether every answer with `item` breaks the clause of `entries`, wherever it applies."""
        key = item, said.where, entries[0].clause.id
        if key not in self._known:
            self._known[key] = self._compared(said, item, entries)
        return self._known[key]

    def _compared(self, said: Said, item: Item, entries: list[Barred]) -> bool:
        clause = entries[0].clause
        # Those that are found in it first; others of the clause may find what they do not.
        rivals = dict.fromkeys(e.item for e in (*entries, *self._survey.index.of_clause[clause.id]))
        covers = self._survey.comparer.covered(item, tuple(rivals), said.where, verbatim=True)
        if covers is None:
            what = f"{shown(entries[0].item)} with {shown(item)} of {said.clause.id}"
            self._survey.doubt(clause, what, self._survey.entry(clause, entries[0].field, entries[0].item))
        return covers is True


def _barred(survey: Survey, said: Said, barring: Barring) -> Iterator[Clash]:
    if len(said.items) == 1:
        found = ([entry] for entry in _barring(survey, said, said.items[0], barring))
    else:
        breaking = []
        for item in said.items:
            breaking.append({entry.clause.id: entry for entry in _barring(survey, said, item, barring)})
            if not breaking[-1]:
                return  # one way is left
        single = set.intersection(*(set(entries) for entries in breaking))
        if not single:
            yield from _together(survey, said, breaking)
        found = ([entries[name] for entries in breaking] for name in breaking[0] if name in single)
    for entries in found:
        clause = entries[0].clause
        survey.texts.add(said.clause, clause)
        items = tuple(entry.item for entry in entries)
        yield _clash(survey, said, entries[:1], items, survey.overlap(said.clause, clause))


def _barring(survey: Survey, said: Said, item: Item, barring: Barring) -> Iterator[Barred]:
    """Yield the first entry of each other clause that bars `item` somewhere."""
    for hits in survey.index.near(item).values():
        clause = hits[0].clause
        if clause.id == said.clause.id or not survey.texts.worth(said.clause, clause):
            continue
        if survey.meeting(said.clause, clause) and barring.surely(said, item, hits):
            yield hits[0]


def _together(survey: Survey, said: Said, breaking: Sequence[dict[str, Barred]]) -> Iterator[Clash]:
    """Several clauses that bar all the ways together, each of them some."""
    region = survey.inside(said.clause)
    try:
        for entries in breaking:
            blocked: Region = NOWHERE
            for entry in entries.values():
                blocked = join(blocked, survey.inside(entry.clause))
            region = meet(region, blocked)
    except TooManyBoxes:
        return
    if not region:
        return
    # Of one situation: the first clause that bars each of the ways there.
    point = survey.space.point(survey.space.facts(region))
    chosen = {}
    for entries in breaking:
        entry = next(e for e in entries.values() if meets(point, survey.inside(e.clause)))
        chosen[entry.clause.id] = entry
    yield _clash(survey, said, list(chosen.values()), said.items, point)


def _clash(survey: Survey, said: Said, entries: list[Barred], barring: tuple[Item, ...], region: Region) -> Clash:
    asks = _ASKS[said.field].format(_listed(said.items))
    one = Side(said.clause, _place(survey, said), asks, True)
    others = tuple(
        Side(
            entry.clause,
            survey.entry(entry.clause, entry.field, entry.item),
            _BARS[entry.field].format(shown(entry.item) if len(entries) > 1 else _listed(_distinct(barring))),
            said.always,
        )
        for entry in entries
    )
    answer = _answer(survey, said)
    breaks = " and ".join(dict.fromkeys(entry.clause.id for entry in entries))
    shows = f"An answer as {said.clause.id} asks for breaks {breaks}."
    if not said.always and len(said.items) > 1:
        shows = f"Whatever shows {said.clause.id} breaks {breaks}."
    return Clash(one, others, region, shows, request(said.clause, *(e.clause for e in entries)), answer)


def _place(survey: Survey, said: Said) -> Span:
    if len(said.items) == 1:
        return survey.entry(said.clause, said.field, said.items[0])
    return place(said.clause, said.field)


def _answer(survey: Survey, said: Said) -> str:
    """Return the shortest answer that the clause asks for."""
    body = said.clause.body
    if isinstance(body, Require):
        texts = [body.starts, *(survey.comparer.text_of(item) for item in body.includes), body.ends]
        return " ".join(text for text in texts if text)
    text = survey.comparer.text_of(said.items[0])
    return f"I am {text}." if said.field == "called" else text


# ------------------------------------------------------------------ length and shape


def _too_long(survey: Survey, said: Said, text: str, limits: Sequence[Limit], crowd: Crowd) -> Iterator[Clash]:
    for limit in limits:
        if limit.most >= len(text):
            return  # the limits are in order
        if limit.clause.id == said.clause.id or not (count := demands.exceeds(limit, text)):
            continue
        if crowd.worth(said.clause, limit.clause) and survey.meeting(said.clause, limit.clause):
            crowd.add(said.clause, limit.clause)
            asks = _ASKS[said.field].format(quoted(text))
            one = Side(said.clause, _place(survey, said), f"{asks}, {count} {limit.unit}", True)
            other = Side(limit.clause, place(limit.clause, limit.field), f"allows {limit.most}", True)
            shows = f"An answer as {said.clause.id} asks for is longer than {limit.clause.id} allows."
            region = survey.overlap(said.clause, limit.clause)
            # A preference is a wish: an answer that goes beyond it breaks nothing.
            hard = not isinstance(limit.clause.body, Prefer)
            yield Clash(one, (other,), region, shows, request(said.clause), _answer(survey, said), hard)


def _ruled_out(
    survey: Survey, said: Said, text: str, ruled_out: dict[str, list[Clause]], crowd: Crowd
) -> Iterator[Clash]:
    for feature, clauses in ruled_out.items():
        if not clauses or not demands.has(feature, text):
            continue
        for clause in clauses:
            if not (crowd.worth(said.clause, clause) and survey.meeting(said.clause, clause)):
                continue
            crowd.add(said.clause, clause)
            asks = _ASKS[said.field].format(quoted(text))
            one = Side(said.clause, _place(survey, said), asks, True)
            other = Side(clause, place(clause, feature, "voice"), f"rules {feature} out", True)
            shows = f"An answer as {said.clause.id} asks for has {feature}, which {clause.id} rules out."
            yield Clash(
                one, (other,), survey.overlap(said.clause, clause), shows, request(said.clause), _answer(survey, said)
            )


# ------------------------------------------------------------------ two starts, two ends


def _edges(survey: Survey, parts: Sequence[Said]) -> Iterator[Clash]:
    for where in ("start", "end"):
        edges = [(said, survey.comparer.text_of(said.items[0])) for said in parts if said.where == where]
        if len({plain(text) for _, text in edges}) > 1:
            yield from _apart(survey, edges, where, survey.crowd())


def _apart(survey: Survey, edges: Sequence[tuple[Said, str]], where: str, crowd: Crowd) -> Iterator[Clash]:
    from compiler.checks import phrases  # markup makes no difference; its folder loads pydantic

    folded = [(said, phrases.fold(plain(text)) or plain(text)) for said, text in edges]

    def worth(one: tuple[Said, str], other: tuple[Said, str]) -> bool:
        return not _compatible(one[1], other[1], where) and crowd.worth(one[0].clause, other[0].clause)

    for (first, _), (second, _) in survey.meeting_pairs(folded, lambda edge: edge[0].clause, worth):
        if first.clause.id != second.clause.id:
            crowd.add(first.clause, second.clause)
            yield _edge(survey, first, second)


def _compatible(one: str, other: str, where: str) -> bool:
    """Say whether an answer can start, or end, with both texts: then one of them starts, or ends, with the other."""
    if one == other:
        return True
    short, long = (one, other) if len(one) < len(other) else (other, one)
    if not (long.endswith(short) if where == "end" else long.startswith(short)):
        return False
    from compiler.checks import phrases

    bounded = phrases.bounded(short)
    return re.search(rf"(?:{bounded})\Z" if where == "end" else rf"\A(?:{bounded})", long) is not None


def _edge(survey: Survey, first: Said, second: Said) -> Clash:
    sides = [
        Side(said.clause, place(said.clause, said.field), _ASKS[said.field].format(_listed(said.items)), True)
        for said in (first, second)
    ]
    verb = "starts" if first.where == "start" else "ends"
    shows = f"No answer {verb} with both texts; this one breaks {second.clause.id}."
    region = survey.overlap(first.clause, second.clause)
    return Clash(sides[0], (sides[1],), region, shows, request(), _answer(survey, first))


# ------------------------------------------------------------------ words


def _listed(items: Sequence[Item]) -> str:
    first = [shown(item) for item in items[:3]]
    more = f" and {len(items) - 3} more" if len(items) > 3 else ""
    return f"{first[0]}{more}" if len(first) == 1 else f"{', '.join(first[:-1])} or {first[-1]}{more}"


def _distinct(items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(items))
