"""Generated specs: everything planted is found, and nothing is found between clauses that never hold together."""

from __future__ import annotations

import pytest

import spec
from compiler.analysis import analyse
from compiler.build import to_program
from compiler.ir import Program
from spec.diagnostics import Diagnostic
from tests.compiler.analysis.corpora import corpus

CLASHES = ("T0520", "T0521", "T0522", "T0523")


def program_of(text: str) -> Program:
    loaded = spec.loads(text)
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources, "concise")
    return to_program(loaded.document)[0]


def named(found: Diagnostic, program: Program) -> frozenset[str]:
    """The clauses that a finding points at."""
    spans = [found.span, *(note.span for note in found.secondary)]
    return frozenset(
        clause.id
        for clause in program.clauses
        if any(clause.span.start <= span.start < clause.span.end for span in spans)
    )


@pytest.mark.parametrize("seed", range(40))
def test_what_is_planted_is_found_and_nothing_else(seed: int) -> None:
    made = corpus(seed, 30)
    program = program_of(made.text)
    found = analyse(program)
    clashes = {(d.code, named(d, program)) for d in found if d.code in CLASHES}
    assert clashes == made.expected
    assert len([d for d in found if d.code in CLASHES]) == len(made.expected)
    assert not [d for d in found for pair in made.apart if pair <= named(d, program)]


@pytest.mark.parametrize("seed", range(10))
def test_a_witness_is_a_situation_in_which_both_hold(seed: int) -> None:
    from compiler.conditions import Scope

    program = program_of(corpus(seed, 30).text)
    for found in (d for d in analyse(program) if d.code in CLASHES):
        assert found.witness is not None
        for clause in (program.clause(clause_id) for clause_id in named(found, program)):
            scope = Scope(clause.when, clause.unless, program.dimensions, clause.restricts)
            assert scope.applies(dict(found.witness.facts)), (clause.id, found.witness)
