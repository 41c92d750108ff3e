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

from collections.abc import Container, Mapping
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
    place = {id: at for at, id in enumerate(voice)}
    known = {c.id for c in program.clauses}
    clauses = tuple(_resolved(clause, voice, place, known) for clause in program.clauses)
    return replace(program, clauses=clauses, voice=voice), ()


def always_on(clause: Clause) -> bool:
    """Say whether a clause bears on every answer, whatever the user asks for."""
    return clause.when is None and clause.unless is None and clause.level >= Level.DEVELOPER


def _resolved(clause: Clause, voice: tuple[str, ...], place: Mapping[str, int], known: Container[str]) -> Clause:
    """Fill in one clause; `place` tells where in the voice each of its clauses stands."""
    body = clause.body
    if isinstance(body, Persona) and body.called is None:
        body = replace(body, called=clause.name.rpartition(".")[2].replace("_", " "))
    at = place.get(clause.id)
    depends = voice if at is None else voice[:at] + voice[at + 1 :]
    if isinstance(body, Refuse) and body.style:
        style = f"trait.{body.style}"
        if style in known and style not in place:
            depends = (*depends, style)
    return replace(clause, body=body, depends=depends)
