"""Entries of a list that find nothing new (T0525): a wider phrase or pattern of the same clause finds all of it.

>>> from compiler.analysis import analyse
>>> from compiler.build import from_text
>>> for found in analyse(from_text('forbid canned { phrases: ["Certainly", "Certainly, sir"] }')):
...     print(found.code, found.message)
T0525 "Certainly, sir" of forbid.canned is found by "Certainly" already
"""

from __future__ import annotations

from compiler.analysis.clashes import Findings
from compiler.analysis.demands import Barred, Item
from compiler.analysis.items import MOST_OTHERS, Index, text_of
from compiler.analysis.survey import Survey, place, request, shown
from compiler.codes import diagnose
from spec.diagnostics import Note
from spec.document import Pattern


def vacuous(survey: Survey) -> Findings:
    for clause in survey.program.clauses:
        entries = survey.index.of_clause.get(clause.id, [])
        if len(entries) < 2:
            continue
        index = Index(entries)
        places = {id(entry): n for n, entry in enumerate(entries)}
        gone: set[int] = set()
        # From the last on, so that of two equal ones the first stays.
        found = [
            (n, by) for n in reversed(range(len(entries))) if (by := _covering(survey, index, entries, places, n, gone))
        ]
        for n, by in reversed(found):
            entry = entries[n]
            yield diagnose(
                "T0525",
                f"{shown(entry.item)} of {clause.id} is found by {shown(by.item)} already",
                place(clause, entry.field),
                label=f"{shown(entry.item)} finds nothing new",
                secondary=(Note(place(clause, by.field), "finds all of it"),) if by.field != entry.field else (),
                witness=survey.witness(
                    clause,
                    survey.inside(clause) or ({},),
                    f"{shown(by.item)} is found in this answer, too.",
                    request(clause),
                    text_of(entry.item),
                ),
            )


def _covering(
    survey: Survey, index: Index, entries: list[Barred], places: dict[int, int], n: int, gone: set[int]
) -> Barred | None:
    """Return an entry that finds all that entry `n` finds; note `n` as gone then. places: of entries, by identity."""
    entry = entries[n]
    hits = [hit for hit in index.found_in(text_of(entry.item)) if hit is not entry]
    for hit in hits[:MOST_OTHERS]:
        if places[id(hit)] not in gone and _covers(hit.item, entry.item, survey, entry):
            gone.add(n)
            return hit
    return None


def _covers(wide: Item, narrow: Item, survey: Survey, entry: Barred) -> bool:
    answer = survey.comparer.covered(narrow, [wide])
    if answer is None:
        pattern = wide if isinstance(wide, Pattern) else narrow
        survey.doubt(entry.clause, f"{shown(pattern)} with the other entries", place(entry.clause, "patterns"))
    return answer is True
