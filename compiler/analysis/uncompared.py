"""What could not be compared (T0531), so that nobody takes silence for a verdict. It runs after all others."""

from __future__ import annotations

from compiler.analysis.clashes import Findings
from compiler.analysis.survey import Survey
from compiler.codes import diagnose


def uncompared(survey: Survey) -> Findings:
    for doubt in survey.doubts.values():
        message = f"{doubt.clause.id} was not compared: {doubt.what}"
        yield diagnose("T0531", message, doubt.span, label="too large to be compared exactly")
