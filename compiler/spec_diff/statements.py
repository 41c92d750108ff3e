"""What has changed beside the clauses: priorities, and the statements that are about several clauses or about none.

In: both versions' programs and documents, and which id became which. Out: `StatementDiff`s. This file must not judge
whether a change is stricter: it says what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

from compiler import ir
from compiler.digests import plain
from compiler.passes.order import named
from compiler.rendering import uses, word_of
from compiler.spec_diff.moves import written
from compiler.spec_diff.records import StatementDiff
from spec.document import Document
from spec.references import BUILT_IN

MOST_SHOWN = 6

# Statement -> the field of a program that holds its records.
NAMED = {
    "dimension": "dimensions",
    "term": "terms",
    "probe": "probes",
    "grant": "grants",
    "balance": "balances",
    "alike": "alikes",
}


def compare(
    old: ir.Program, new: ir.Program, documents: tuple[Document, Document], became: Mapping[str, str]
) -> tuple[StatementDiff, ...]:
    """became: old id -> new id, for every clause that is in both."""
    return tuple(_compared(old, new, documents, became))


def _compared(
    old: ir.Program, new: ir.Program, documents: tuple[Document, Document], became: Mapping[str, str]
) -> Iterator[StatementDiff]:
    yield from _priority(old, new, became)
    for statement, attribute in NAMED.items():
        # A dimension of the language is there whether or not a condition asks about it.
        before = {r.name: _renamed(r, became) for r in getattr(old, attribute) if r not in BUILT_IN}
        after = {r.name: r for r in getattr(new, attribute) if r not in BUILT_IN}
        yield from _each(statement, before, after, new)
    for statement in ("authority", "model", "train"):
        was, now = getattr(old, statement), getattr(new, statement)
        if was != now:
            what = "is new" if was is None else "is gone" if now is None else "changed"
            yield StatementDiff(statement, what, _fields(was, now) if was and now else ())
    places = [{s.name: (s.kind, s.parent, s.title) for s in d.sections} for d in documents]
    moved = [name for name in {**places[0], **places[1]} if places[0].get(name) != places[1].get(name)]
    if moved:
        yield StatementDiff("sections", "are others", tuple(f"{name}: {_change(places, name)}" for name in moved))


def _change(places: Sequence[Mapping[str, Any]], name: str) -> str:
    return "is gone" if name not in places[1] else "is new" if name not in places[0] else "changed"


def _each(
    statement: str, before: Mapping[str, Any], after: Mapping[str, Any], program: ir.Program
) -> Iterator[StatementDiff]:
    for name, record in after.items():
        if name not in before:
            yield StatementDiff(f"{statement} {name}", "is new", _touched(statement, record, program))
        elif before[name] != record:
            details = (*_fields(before[name], record), *_touched(statement, record, program))
            yield StatementDiff(f"{statement} {name}", "changed", details)
    for name in before:
        if name not in after:
            yield StatementDiff(f"{statement} {name}", "is gone")


def _touched(statement: str, record: Any, program: ir.Program) -> tuple[str, ...]:
    """The clauses whose meaning a term bears on."""
    if statement != "term":
        return ()
    users = [c.id for c in program.clauses if any(uses(text, word_of(record)) for text in _texts(plain(c.body)))]
    return (f"used by {shortened(users)}",) if users else ()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)


def _fields(old: Any, new: Any) -> tuple[str, ...]:
    """Each field that differs, with both values, as an author reads them."""
    found = []
    for f in fields(new):
        if f.name in ("span", "name"):
            continue
        was, now = getattr(old, f.name), getattr(new, f.name)
        if was == now:
            continue
        if hasattr(now, "__dataclass_fields__") and type(was) is type(now):
            found += [f"{f.name}.{detail}" for detail in _fields(was, now)]
        else:
            found.append(f"{f.name}: {_shown(was)} -> {_shown(now)}")
    return tuple(found)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if hasattr(value, "text"):
        return value.text if hasattr(value, "role") else written(value) or ""
    return "nothing" if value is None else written(value) or '""'


def _renamed(record: Any, became: Mapping[str, str]) -> Any:
    """A record of the old version with the clauses that it names under their new names."""
    if hasattr(record, "clause"):
        return replace(record, clause=became.get(record.clause, record.clause))
    for field in ("over", "of"):
        if hasattr(record, field):
            return replace(record, **{field: tuple(became.get(i, i) for i in getattr(record, field))})
    return record


# ------------------------------------------------------------------ priorities

Order = set[tuple[str, str]]
"""Pairs of ids of which the first wins over the second."""


def _priority(old: ir.Program, new: ir.Program, became: Mapping[str, str]) -> Iterator[StatementDiff]:
    """Who wins over whom by what the priorities say, among clauses that are in both versions."""
    both = set(became.values())
    before = {(became.get(a, a), became.get(b, b)) for a, b in stated(old)}
    after = stated(new)
    before, after = ({(a, b) for a, b in order if a in both and b in both} for order in (before, after))
    turned = sorted((a, b) for a, b in after if (b, a) in before)
    gained = sorted((a, b) for a, b in after - before if (b, a) not in before)
    lost = sorted((a, b) for a, b in before - after if (b, a) not in after)
    details = [
        *_said(turned, "{} wins over {} now, and lost to it before"),
        *_said(gained, "{} wins over {} now"),
        *_said(lost, "{} no longer wins over {}"),
    ]
    if details:
        yield StatementDiff("priority", "changed", tuple(details))


def _said(pairs: list[tuple[str, str]], text: str) -> Iterator[str]:
    yield from (text.format(a, b) for a, b in pairs[:MOST_SHOWN])
    if len(pairs) > MOST_SHOWN:
        yield f"and {len(pairs) - MOST_SHOWN} more like these"


def stated(program: ir.Program) -> Order:
    """The pairs that the priority statements order, what follows from several of them included.

    Levels decide first, so pairs of different levels are left out, whichever way round they are ranked.
    """
    by_name = {name: [c.id for c in named(name, program.clauses)] for s in program.priorities for name in s.names}
    below: dict[str, set[str]] = {}
    for statement in program.priorities:
        for higher, lower in pairwise(statement.names):
            for above in by_name[higher]:
                below.setdefault(above, set()).update(i for i in by_name[lower] if i != above)
    order: Order = set()
    for above in below:
        for under in _reached(above, below):
            if program.clause(above).level == program.clause(under).level:
                order.add((above, under))
    return order


def _reached(start: str, below: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    pending = [start]
    while pending:
        for under in below.get(pending.pop(), ()):
            if under not in found:
                found.add(under)
                pending.append(under)
    return found - {start}


def shortened(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MOST_SHOWN} more" if len(ids) > MOST_SHOWN else ""
    return ", ".join(ids[:MOST_SHOWN]) + more
