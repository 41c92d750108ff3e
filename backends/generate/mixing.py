"""Units made in turn, and what one ran out of made up by others, where the spec declares a mixture.

In: the recipe's units of training rows, and what makes rows of one. Out: the rows by unit, and mixture.json's counts.
What a unit makes depends on the unit; how many of its rows are taken may depend on others that ran dry. This file must
not know how a row is made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backends.generate.candidates import Candidates
from compiler.mixing import apportioned, named
from compiler.records.mixture import Made, MixtureReport, ShareCounts
from compiler.records.recipe import MixtureShare, Unit
from compiler.records.rows import ChatRow, PreferencePair

CHAT = "chat"
"""The source of a chat that starts from no candidate."""


@dataclass(slots=True)
class Making:
    """A unit and what was made of it. is_last: of its clause's units. dry: whether it gave less than it was asked
    for. asks: how many rows it was asked for, one time after the other."""

    unit: Unit
    candidates: Candidates
    is_last: bool = True
    rows: list[PreferencePair | ChatRow] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    dry: bool = False
    asks: list[int] = field(default_factory=list)

    def sources(self) -> Counter[str]:
        """Where the questions of the rows are from. A row is named by its place among all candidates."""
        given = self.candidates.sources
        if self.unit.talk is not None:
            return Counter({CHAT: len(self.rows)}) if self.rows else Counter()
        return Counter(given[int(row.id.rpartition("-")[2])] for row in self.rows)


More = Callable[[Making, int], None]
"""Make so many further rows of a unit, or as many as it has."""


def make(
    makings: Sequence[Making],
    shares: Sequence[MixtureShare],
    more: More,
    asks: Mapping[str, Sequence[int]] | None = None,
) -> None:
    """Make every unit's rows; with a mixture, let shares that have more stand in for those that ran dry.

    Args:
        asks: by the id of a unit, how many rows it is asked for, one time after the other, and nobody stands in; as the
            unit says unless given.
    """
    for making in makings:
        for count in (asks or {}).get(making.unit.id) or (making.unit.count,):
            _ask(making, count, more)
    if not shares or asks is not None:
        return
    wanted = sum(share.rows for share in shares)
    while missing := wanted - sum(len(making.rows) for making in makings):
        left = {
            share.name: [m for m in makings if m.unit.share == share.name and not m.dry]
            for share in shares
            if share.rows
        }
        weights = {share.name: share.share for share in shares if left.get(share.name)}
        if not weights:
            return
        for name, extra in named(weights, missing).items():
            units = left[name]
            counts = apportioned([m.unit.count for m in units], extra)
            for making, count in zip(units, counts, strict=True):
                if count:
                    _ask(making, count, more)


def _ask(making: Making, count: int, more: More) -> None:
    before = len(making.rows)
    making.asks.append(count)
    more(making, count)
    making.dry = len(making.rows) - before < count


def counted(makings: Sequence[Making], shares: Sequence[MixtureShare], own: Iterable[Made] = ()) -> MixtureReport:
    """mixture.json. own: of the user's own chats, which no share counts."""
    made: dict[tuple[str, str, str], list[Making]] = {}
    for making in makings:
        # Who wrote the answers is a tag of the rows, where they have one.
        for writer in dict.fromkeys(str(getattr(row, "writer", None) or "") for row in making.rows) or [""]:
            made.setdefault((making.unit.clause_ids[0], making.unit.generator, writer), []).append(making)
    entries = [_made(key, found) for key, found in made.items()]
    return MixtureReport(
        rows=sum(entry.got for entry in (*entries, *own)),
        shares=tuple(_share(share, makings) for share in shares),
        made=(*entries, *own),
    )


def _made(key: tuple[str, str, str], makings: Sequence[Making]) -> Made:
    clause, generator, writer = key
    sources: Counter[str] = Counter()
    for making in makings:
        sources += making.sources()
    return Made(
        clause=clause,
        generator=generator,
        writer=writer,
        asked=sum(making.unit.count for making in makings),
        got=sum(len(making.rows) for making in makings),
        sources=dict(sorted(sources.items())),
    )


def _share(share: MixtureShare, makings: Sequence[Making]) -> ShareCounts:
    own = [making for making in makings if making.unit.share == share.name]
    got = sum(len(making.rows) for making in own)
    return ShareCounts(name=share.name, share=share.share, asked=share.rows, got=got, made_up=max(0, got - share.rows))
