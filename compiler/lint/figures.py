"""What there is to see of rows beside findings: how many, of which generator, how long, how separable, by clause.

In: rows. Out: plain figures, which a page draws. This file must not know limits or pages.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from compiler.lint.findings import Rows, text_of
from compiler.lint.probing import Separability, of_clause, separability
from compiler.records.rows import PreferencePair

BINS = 24
"""Of a histogram of lengths; the last one holds everything that is longer."""
LONGEST_SHARE = 0.99
"""Bins reach to the length that this share of all sides keeps within."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Words of one side: counts by bin, and the median."""

    bins: tuple[int, ...]
    median: float


@dataclass(frozen=True, slots=True)
class ClauseFigures:
    """rows: made for the clause. also: made for another, and teaching it too. separability: None below two rows."""

    clause_id: str
    rows: int
    also: int
    generators: dict[str, int]
    chosen: Lengths
    rejected: Lengths
    separability: Separability | None


@dataclass(frozen=True, slots=True)
class Figures:
    """clauses: in the spec's order, then what is of no clause. width: words of a bin. all: of all rows together."""

    clauses: tuple[ClauseFigures, ...]
    width: int
    all: ClauseFigures


def figures(rows: Rows) -> Figures:
    """Look at rows, clause by clause."""
    words = sorted(len(text.split()) for _, _, text in rows.sides())
    longest = words[min(len(words) - 1, int(len(words) * LONGEST_SHARE))] if words else 0
    width = max(1, -(-longest // (BINS - 1)))
    taught = Counter(clause_id for pair in rows.pairs for clause_id in pair.clause_ids[1:])
    none = [pair for pair in rows.pairs if not pair.clause_ids]
    of = [
        _of(clause_id, pairs, width, taught[clause_id], of_clause(rows, clause_id))
        for clause_id, pairs in rows.by_clause.items()
    ]
    if none:
        of.append(_of("", none, width, 0, separability(none)))
    return Figures(tuple(of), width, _of("", rows.pairs, width, 0, None))


def _of(
    clause_id: str, pairs: Sequence[PreferencePair], width: int, also: int, told: Separability | None
) -> ClauseFigures:
    return ClauseFigures(
        clause_id=clause_id,
        rows=len(pairs),
        also=also,
        generators=dict(Counter(pair.generator for pair in pairs).most_common()),
        chosen=_lengths([len(text_of(pair.chosen).split()) for pair in pairs], width),
        rejected=_lengths([len(text_of(pair.rejected).split()) for pair in pairs], width),
        separability=told if len(pairs) > 1 else None,
    )


def _lengths(words: Sequence[int], width: int) -> Lengths:
    counts = Counter(min(count // width, BINS - 1) for count in words)
    return Lengths(tuple(counts[at] for at in range(BINS)), statistics.median(words) if words else 0.0)
