"""What clauses mean together, found without a model and without a solver: one file for each analysis.

In: a program after all passes. Out: diagnostics, each with a witness, a conversation in which it shows. Scopes are
compared exactly (`compiler/regions.py`), patterns as regular languages (`compiler/languages.py`), and what neither can
decide is reported as such. Two clauses that never hold together are never set against each other.

To add one: write `compiler/analysis/<name>.py` with a function of that name and put it into the tuple below; give it a
code in `compiler/codes.py` and a page in `compiler/pages/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from compiler.analysis.contradictions import contradictions
from compiler.analysis.crowded import crowded
from compiler.analysis.examples import examples
from compiler.analysis.gaps import gaps
from compiler.analysis.quoted import quoted
from compiler.analysis.redundant import redundant
from compiler.analysis.shadowed import shadowed
from compiler.analysis.survey import Survey
from compiler.analysis.uncompared import uncompared
from compiler.analysis.unreachable import unreachable
from compiler.analysis.unshown import unshown
from compiler.analysis.vacuous import vacuous
from compiler.ir import Program
from spec.diagnostics import Diagnostic
from spec.source import Source

Analysis = Callable[[Survey], Iterator[Diagnostic]]

ANALYSES: tuple[Analysis, ...] = (
    contradictions,  # one level, opposite demands, a situation in common
    shadowed,  # the same with a clause above: everywhere, or in part
    redundant,  # another clause asks for as much
    vacuous,  # another entry of the list finds as much
    unreachable,  # exceptions that never hold
    examples,  # good answers against clauses with conditions, length and shape
    quoted,  # the prompt says what it forbids
    gaps,  # refusals without a border
    unshown,  # neither rows nor probes
    crowded,  # what the others left out, since there is so much of it
    uncompared,  # what they could not decide, last
)


def analyse(program: Program, sources: Mapping[str, Source] | None = None) -> tuple[Diagnostic, ...]:
    """Return what is found. sources: of the spec, so that a finding marks the entry of a list and not all of it."""
    survey = Survey(program, sources or {})
    return tuple(found for analysis in ANALYSES for found in analysis(survey))
