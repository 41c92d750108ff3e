"""Fill in what a clause takes from others: the persona's name, the voice, and what each clause's rows depend on.

In: ranked clauses. Out: `Persona.called` set, `Program.voice`, and `depends`: the ids of the clauses under whose text a
clause's rows are written (the voice, and the trait that a refusal is styled after). Editing one of those rewrites the
rows; editing any other clause does not.

>>> from compiler.build import from_text
>>> program = from_text('''
... persona Polly { }
... trait pirate { means: "Talk like a pirate." }
... trait stern { means: "Be stern."  when: user.role == minor }
... refuse dosing { about: "doses"  style: stern }
... ''')
>>> program.voice
('persona.Polly', 'trait.pirate')
>>> program.clause("refuse.dosing").depends
('persona.Polly', 'trait.pirate', 'trait.stern')
"""

from __future__ import annotations

from dataclasses import replace

from compiler.ir import Clause, Program
from spec.constructs import Format, Persona, Prefer, Refuse, Require, Trait
from spec.diagnostics import Diagnostic
from spec.document import Level

VOICING = (Persona, Trait, Prefer, Require, Format)


def resolve(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    ranked = sorted(program.clauses, key=lambda c: c.rank)
    voice = tuple(c.id for c in ranked if isinstance(c.body, Persona)) + tuple(
        c.id for c in ranked if always_on(c) and isinstance(c.body, VOICING) and not isinstance(c.body, Persona)
    )
    clauses = tuple(_resolved(clause, program, voice) for clause in program.clauses)
    return replace(program, clauses=clauses, voice=voice), ()


def always_on(clause: Clause) -> bool:
    """Say whether a clause bears on every answer, whatever the user asks for."""
    return clause.when is None and clause.unless is None and clause.level >= Level.DEVELOPER


def _resolved(clause: Clause, program: Program, voice: tuple[str, ...]) -> Clause:
    body = clause.body
    if isinstance(body, Persona) and body.called is None:
        body = replace(body, called=clause.name.rpartition(".")[2].replace("_", " "))
    styles = [f"trait.{body.style}"] if isinstance(body, Refuse) and body.style else []
    known = {c.id for c in program.clauses}
    depends = [i for i in (*voice, *styles) if i != clause.id and i in known]
    return replace(clause, body=body, depends=tuple(dict.fromkeys(depends)))
