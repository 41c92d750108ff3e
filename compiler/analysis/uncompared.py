"""What could not be compared (T0531), so that nobody takes silence for a verdict. It runs after all others."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.analysis.clashes import Findings
from compiler.analysis.survey import Doubt, Survey, shown
from compiler.codes import diagnose

MOST_LISTED = 5


def uncompared(survey: Survey) -> Findings:
    doubts = {**{doubt.clause.id: doubt for doubt in _missed(survey)}, **survey.doubts}
    listed = list(doubts.values())[:MOST_LISTED]
    for doubt in listed:
        more = ""
        if doubt is listed[-1] and len(doubts) > MOST_LISTED:
            more = f"; nor were {len(doubts) - MOST_LISTED:,} more clauses"
        message = f"{doubt.clause.id} was not compared: {doubt.what}{more}"
        yield diagnose("T0531", message, doubt.span, label="too large to be compared exactly")


def _missed(survey: Survey) -> Iterator[Doubt]:
    for entry in survey.index.missed():
        what = f"{shown(entry.item)} with the texts of others"
        yield Doubt(entry.clause, what, survey.entry(entry.clause, entry.field, entry.item))
