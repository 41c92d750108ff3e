"""Two versions of one spec, compared by what they mean: `tenet diff OLD.tenet NEW.tenet`.

In: two checked documents with their programs. Out: a `SpecDiff`, which `terminal.py` and `markdown.py` render. Each
clause is added, removed, stricter, looser, incomparable or equivalent, under its own name or another one, with reasons.

    pairing.py      which clause is which
    clauses.py      one clause: scope (`scopes.py`), what is asked (`demands.py`), level, target, examples
    statements.py   priorities and all that is no clause
    cost.py         what would be made anew

>>> from spec import loads
>>> old, new = (version(f"{n}.tenet", loads(f'tenet 1 forbid canned {{ phrases: [{p}] }}').document)
...             for n, p in (("old", '"Certainly!"'), ("new", '"Certainly!", "Of course!"')))
>>> [(c.id, c.verdict, c.changes[0].witness) for c in compare(old, new).clauses]
[('forbid.canned', 'stricter', '"Of course!"')]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from compiler import ir
from compiler.build import to_program
from compiler.spec_diff import clauses, cost, pairing, statements
from compiler.spec_diff.clauses import Side
from compiler.spec_diff.records import ClauseDiff, Effort, SpecDiff
from spec.document import Document


@dataclass(frozen=True, slots=True)
class Version:
    """name: as messages call it. document: as written. program: as compiled, without errors."""

    name: str
    document: Document
    program: ir.Program


def version(name: str, document: Document) -> Version:
    return Version(name, document, to_program(document)[0])


def compare(old: Version, new: Version) -> SpecDiff:
    # 1. Which clause is which.
    pairs = pairing.pair(old.document.clauses, new.document.clauses)
    became = {pair.old.id: pair.new.id for pair in pairs if pair.old and pair.new}
    # 2. Each clause by itself.
    found = list(_clauses(pairs, old, new))
    # 3. What is said about clauses together, and what all of it costs.
    others = statements.compare(old.program, new.program, (old.document, new.document), became)
    price, efforts = cost.compare(old.program, new.program)
    return SpecDiff(old.name, new.name, tuple(_with_effort(c, efforts) for c in found), others, price)


def _clauses(pairs: list[pairing.Pair], old: Version, new: Version) -> Iterator[ClauseDiff]:
    # What refers to a clause by its name alone is a style, which is a trait's.
    both = [(p.old, p.new) for p in pairs if p.old and p.new]
    renamed = {old.name: new.name for old, new in both if old.kind == "trait" and old.name != new.name}
    for pair in pairs:
        before = Side(pair.old, old.program) if pair.old else None
        after = Side(pair.new, new.program) if pair.new else None
        if before and after:
            yield clauses.compare(before, after, renamed, pair.told_by)
        elif after:
            yield clauses.added(after)
        elif before:
            yield clauses.removed(before, new.document)


def _with_effort(clause: ClauseDiff, efforts: dict[str, Effort]) -> ClauseDiff:
    own = efforts.get(clause.id, Effort())
    earlier = efforts.get(clause.was, Effort()) if clause.was else Effort()
    return replace(clause, effort=Effort(own.rows, own.probes, own.gone + earlier.gone))


__all__ = ["SpecDiff", "Version", "compare", "version"]
