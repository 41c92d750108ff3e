"""A checked document -> the program that lowerings read.

In: `spec.document.Document`. Out: `compiler.ir.Program` and diagnostics. The whole middle of the compiler reads here:
copy the clauses over, then run the passes, each of which sees what the one before it made. This file must not know
what a pass does or where artifacts go.

>>> program = from_text('trait warm { means: "Be warm." }')
>>> [(c.id, c.rank, str(c.target.share)) for c in program.clauses]
[('trait.warm', 0, '0.9')]
"""

from __future__ import annotations

from compiler.ir import USUAL_TARGET, Clause, Program
from compiler.passes import PASSES
from spec.diagnostics import Diagnostic
from spec.document import Document, Target
from spec.doors import spec_name

# What has to be measured where a clause names no target. Chosen so that the probes needed stay near a hundred.
DEFAULT_TARGETS = {"forbid": Target("<=", 0.02), "secret": Target("<=", 0.02), "refuse": Target(">=", 0.95)}


class SpecError(ValueError):
    """A spec given as text has errors; the message holds them as a reader sees them."""


def to_program(document: Document) -> tuple[Program, tuple[Diagnostic, ...]]:
    """Return the program and everything that the passes found; an error among it means that no artifact may be made."""
    # 1. Copy: same clauses, same order; ranks, dependencies and digests are still empty.
    program = collect(document)
    # 2. Passes: each pure, in the order of the tuple.
    found: list[Diagnostic] = []
    for run in PASSES:
        program, diagnostics = run(program)
        found.extend(diagnostics)
    return program, tuple(found)


def collect(document: Document) -> Program:
    """Return the document's statements as IR, with targets filled in."""
    overlaid = _overlaid(document)
    clauses = tuple(
        Clause(
            id=clause.id,
            kind=clause.kind,
            name=clause.name,
            level=clause.level,
            rank=index,
            body=clause.body,
            because=clause.because,
            tags=clause.tags,
            when=clause.when,
            unless=clause.unless,
            examples=clause.examples,
            target=clause.target or DEFAULT_TARGETS.get(clause.kind, USUAL_TARGET),
            override=clause.override,
            excepted=clause.excepted,
            absolute=clause.absolute,
            transforming=clause.transforming,
            section=clause.section,
            overlay=clause.section in overlaid,
            span=clause.span,
            field_spans=clause.field_spans,
        )
        for index, clause in enumerate(document.clauses)
    )
    return Program(
        name=spec_name(document.path),
        model=document.model,
        train=document.train,
        clauses=clauses,
        dimensions=document.dimensions,
        priorities=document.priorities,
        probes=document.probes,
        terms=document.terms,
        grants=document.grants,
        balances=document.balances,
        alikes=document.alikes,
        authority=document.authority,
    )


def _overlaid(document: Document) -> set[str | None]:
    """Return the names of overlays and of the sections in them."""
    found: set[str | None] = set()
    for section in document.sections:  # a section stands behind the one around it
        if section.kind == "overlay" or section.parent in found:
            found.add(section.name)
    return found


def from_text(text: str, name: str = "spec") -> Program:
    """Compile a spec given as text; the header `tenet 1` may be left out.

    Raises:
        SpecError: the text has errors.
    """
    import spec

    if not text.lstrip().startswith("tenet "):
        text = f"tenet 1\n{text}"
    loaded = spec.loads(text, f"{name}.tenet")
    if loaded.document is None:
        raise SpecError(spec.render(loaded.diagnostics, loaded.sources))
    program, diagnostics = to_program(loaded.document)
    if any(d.severity == "error" for d in diagnostics):
        raise SpecError(spec.render(diagnostics, loaded.sources))
    return program
