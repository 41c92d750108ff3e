"""Pairs that were left out, since both of their clauses are in several findings of the kind (T0531): how many."""

from __future__ import annotations

from compiler.analysis.clashes import Findings
from compiler.analysis.crowds import MOST_EACH
from compiler.analysis.survey import Survey
from compiler.codes import diagnose
from spec.diagnostics import Note


def crowded(survey: Survey) -> Findings:
    for crowd in survey.crowds:
        if crowd.first is None:
            continue
        one, other = crowd.first
        more = f"; nor were {crowd.left_out - 1:,} more pairs like it" if crowd.left_out > 1 else ""
        yield diagnose(
            "T0531",
            f"{one.id} was not compared with {other.id}, since many others clash with both{more}",
            one.span,
            label=f"{MOST_EACH} such findings already",
            help="Mend those that are listed, and check again: most of the rest has the same cause.",
            secondary=(Note(other.span, f"{MOST_EACH} as well"),) if other is not one else (),
        )
