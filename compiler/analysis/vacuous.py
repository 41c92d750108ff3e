"""Entries of a list that find nothing new (T0525): a wider phrase or pattern of the same clause finds all of it.

>>> from compiler.analysis import analyse
>>> from compiler.build import from_text
>>> for found in analyse(from_text('forbid canned { phrases: ["Certainly", "Certainly, sir"] }')):
...     print(found.code, found.message)
T0525 "Certainly, sir" of forbid.canned is found by "Certainly" already
"""

from __future__ import annotations

from itertools import islice

from compiler.analysis.clashes import Findings
from compiler.analysis.demands import Barred, Item
from compiler.analysis.items import MOST_OTHERS
from compiler.analysis.survey import Survey, request, shown
from compiler.codes import diagnose
from spec.diagnostics import Note
from spec.document import Pattern


def vacuous(survey: Survey) -> Findings:
    for clause in survey.program.clauses:
        entries = survey.index.of_clause.get(clause.id, [])
        if len(entries) < 2:
            continue
        places = {id(entry): n for n, entry in enumerate(entries)}
        gone: set[int] = set()
        # From the last on, so that of two equal ones the first stays.
        found = [(n, by) for n in reversed(range(len(entries))) if (by := _covering(survey, entries[n], places, gone))]
        for n, by in reversed(found):
            entry = entries[n]
            here, there = (survey.entry(clause, e.field, e.item) for e in (entry, by))
            yield diagnose(
                "T0525",
                f"{shown(entry.item)} of {clause.id} is found by {shown(by.item)} already",
                here,
                label="finds nothing new",
                secondary=(Note(there, f"{shown(by.item)} finds all of it"),) if there != here else (),
                witness=survey.witness(
                    clause,
                    survey.inside(clause) or ({},),
                    f"{shown(by.item)} is found in this answer, too.",
                    request(clause),
                    survey.comparer.text_of(entry.item),
                ),
            )


def _covering(survey: Survey, entry: Barred, places: dict[int, int], gone: set[int]) -> Barred | None:
    """Return an entry that finds all that `entry` finds; note the place of that as gone then."""
    hits = (hit for hit in survey.index.near(entry.item).get(entry.clause.id, ()) if hit is not entry)
    for hit in islice(hits, MOST_OTHERS):
        if places[id(hit)] not in gone and _covers(hit.item, entry.item, survey, entry):
            gone.add(places[id(entry)])
            return hit
    return None


def _covers(wide: Item, narrow: Item, survey: Survey, entry: Barred) -> bool:
    answer = survey.comparer.covered(narrow, [wide])
    if answer is None:
        pattern = wide if isinstance(wide, Pattern) else narrow
        survey.doubt(
            entry.clause, f"{shown(pattern)} with the other entries", survey.entry(entry.clause, "patterns", pattern)
        )
    return answer is True
