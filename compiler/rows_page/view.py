"""What the page shows, picked out: which rows, and what was found in each.

In: rows, findings, struck rows. Out: a `View`. Where there are more rows than a page takes, those with findings come
first, then each clause in turn. This file must not know HTML.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from compiler.lint.figures import Figures, figures
from compiler.lint.findings import ORDER, Finding, Rows
from compiler.records.rows import PreferencePair, StruckRow
from compiler.struck import key_of_pair

MOST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class RowView:
    """codes: of the findings that name the row. struck: it is on the list, and leaves with the next build."""

    pair: PreferencePair
    key: str
    codes: tuple[str, ...]
    struck: bool

    @property
    def clause_id(self) -> str:
        return self.pair.clause_ids[0] if self.pair.clause_ids else ""


@dataclass(frozen=True, slots=True)
class View:
    """name: the spec's. target: what `tenet lint-data` was given. total: pairs of the build, of which `rows` are some,
    in the file's order. gone: struck rows that the build does not hold. review: rows can be struck out here."""

    name: str
    target: str
    findings: Sequence[Finding]
    figures: Figures
    rows: Sequence[RowView]
    total: int
    gone: Sequence[StruckRow]
    review: bool = False


def view(
    name: str,
    target: str,
    rows: Rows,
    findings: Sequence[Finding],
    struck: Sequence[StruckRow],
    *,
    review: bool = False,
    most: int = MOST_ROWS,
) -> View:
    codes: dict[str, list[str]] = {}
    for found in findings:
        if not found.is_of_clause:
            for row_id in found.every:
                codes.setdefault(row_id.split(" ")[-1], []).append(found.code)
    listed = {row.key for row in struck}
    keys = {pair.id: key_of_pair(pair) for pair in rows.pairs}
    picked = {pair.id for _, pair in zip(range(most), _picked(rows, codes), strict=False)}
    return View(
        name=name,
        target=target,
        findings=sorted(findings, key=lambda found: ORDER.index(found.severity)),
        figures=figures(rows),
        rows=[
            RowView(pair, keys[pair.id], tuple(dict.fromkeys(codes.get(pair.id, ()))), keys[pair.id] in listed)
            for pair in rows.pairs
            if pair.id in picked
        ],
        total=len(rows.pairs),
        gone=[row for row in struck if row.key not in set(keys.values())],
        review=review,
    )


def _picked(rows: Rows, codes: dict[str, list[str]]) -> Iterator[PreferencePair]:
    """Rows in the order in which a page has room for them; a row may come twice."""
    yield from (pair for pair in rows.pairs if pair.id in codes)
    for of_each in zip_longest(*rows.by_clause.values()):
        yield from (pair for pair in of_each if pair is not None)
    yield from (pair for pair in rows.pairs if not pair.clause_ids)
