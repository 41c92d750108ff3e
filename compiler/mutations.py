"""A spec with one clause removed, or turned into its opposite: what the probes of that clause must notice.

In: a program. Out: mutants, each a program that went through the passes again, so that its compiled prompt is that of a
spec which says so. Only the prompt is made of it: probes and checks stay the true spec's. A flip changes what the
clause asks for and keeps everything else; a clause whose opposite cannot be said has none. `alone` compares two other
specs, one that holds the clause and nothing else, and one that holds nothing: what a clause does can be done by another
one of the spec too (a voice that opens every answer in its own words leaves no room for a canned phrase), and then no
change of the clause within its spec can be seen. This file must not know probes or answers.

>>> from compiler.build import from_text
>>> program = from_text('trait pirate { means: "Talk like a pirate." }  forbid canned { phrases: ["Certainly!"] }')
>>> for mutant in mutants(program):
...     print(mutant.clause_id, mutant.mutation, "|", mutant.prompt.splitlines()[-1])
trait.pirate removed | - Never say "Certainly!".
trait.pirate flipped | - Pirate (never): Talk like a pirate.
forbid.canned removed | - Pirate: Talk like a pirate.
forbid.canned flipped | - Pirate: Talk like a pirate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from typing import Any, Literal, NamedTuple, assert_never

from compiler.broken_answers import OTHER_MAKER, OTHER_NAME
from compiler.ir import Clause, Program
from compiler.lowering.prompt import lower
from compiler.passes import PASSES
from spec.constructs import (
    Body,
    Forbid,
    Format,
    Outcomes,
    Persona,
    Prefer,
    Refuse,
    Require,
    Rule,
    Secret,
    Stance,
    Trait,
)
from spec.constructs.rule import Force

SILENCE = "I would rather not say."
OPPOSITE: dict[Force, Force] = {
    "must": "never",
    "should": "should_not",
    "may": "never",
    "should_not": "should",
    "never": "must",
    "seeks": "should_not",
}


class MutantPrompt(NamedTuple):
    """prompt: the compiled system prompt of the mutated spec. against: that of the spec which it is compared with, None
    for the true one."""

    clause_id: str
    mutation: Literal["removed", "flipped", "alone"]
    prompt: str
    against: str | None = None


def mutants(program: Program) -> Iterator[MutantPrompt]:
    """Yield each clause's mutants within its spec, in the order of the program."""
    for clause in program.clauses:
        yield MutantPrompt(clause.id, "removed", _prompt(without(program, clause)))
        body = flipped(clause)
        if body is not None:
            turned = replace(clause, body=body, examples=())
            clauses = tuple(turned if other.id == clause.id else other for other in program.clauses)
            yield MutantPrompt(clause.id, "flipped", _prompt(replace(program, clauses=clauses)))


def alone(program: Program, clause: Clause) -> MutantPrompt:
    """Return the clause against nothing: the spec that holds it alone, with it and without it."""
    others = (other for other in program.clauses if other.id != clause.id)
    only = reduce(without, others, program)
    return MutantPrompt(clause.id, "alone", _prompt(without(only, clause)), _prompt(only))


def _prompt(program: Program) -> str:
    for run in PASSES:
        # What the passes find of a mutant is for nobody to mend.
        program, _ = run(program)
    return lower(program).text.strip()


def without(program: Program, clause: Clause) -> Program:
    """Return the program without a clause, and without what names it."""
    names = {clause.id, clause.name}
    styled = tuple(
        replace(other, body=replace(other.body, style=None))
        if isinstance(other.body, Refuse) and clause.kind == "trait" and other.body.style in names
        else other
        for other in program.clauses
        if other.id != clause.id
    )
    kept = {other.id for other in styled}
    # A name may stand for other clauses too; one that stands for none any more is left out.
    known = kept | {other.name for other in styled} | {tag for other in styled for tag in other.tags}
    priorities = tuple(replace(p, names=tuple(n for n in p.names if n in known)) for p in program.priorities)
    balances = [b for b in program.balances if clause.id not in b.of]
    grants = [replace(g, over=tuple(i for i in g.over if i != clause.id)) for g in program.grants]
    return replace(
        program,
        clauses=styled,
        priorities=tuple(p for p in priorities if len(p.names) > 1),
        balances=tuple(balances),
        grants=tuple(g for g in grants if g.over),
        alikes=(),
        probes=tuple(p for p in program.probes if p.clause in known),
    )


def flipped(clause: Clause) -> Body | None:
    """Return the opposite of what a clause asks for; None where it cannot be said."""
    body = clause.body
    match body:
        case Persona():
            return replace(body, called=OTHER_NAME, maker=OTHER_MAKER if body.maker else None)
        case Trait(means=means, avoid=avoid):
            return Trait(means=avoid, avoid=means) if avoid else Rule(never=means)
        case Rule():
            told: dict[str, Any] = {body.force: None, OPPOSITE[body.force]: body.text}
            return replace(body, **told)
        case Refuse(about=about):
            return Rule(must=f"Say {about}.", about=about)
        case Forbid(phrases=phrases):
            return Require(starts=phrases[0]) if phrases else None
        case Require(starts=starts, ends=ends, includes=includes):
            said = [text for text in (starts, ends, *includes) if isinstance(text, str)]
            return Forbid(phrases=tuple(said)) if said else None
        case Prefer(this=this, over=over):
            return Prefer(this=over, over=this) if over else Rule(should_not=f"Give {this}.")
        case Stance(about=about, says=says):
            # Denied in words, a sign such as "an AI" would still be found: the opposite of holding it is to keep quiet.
            return Stance(about=about, says=SILENCE) if says != SILENCE else None
        case Secret(about=about, keep=keep):
            return Rule(must=f"Tell {about}: {', '.join(keep)}.")
        case Format():
            return _longer(body)
        case Outcomes():
            return replace(body, order=tuple(reversed(body.order)))
        case _:
            assert_never(body)


def _longer(body: Format) -> Rule | None:
    if body.max_words:
        return Rule(must=f"Use more than {body.max_words} words.")
    if body.max_sentences:
        return Rule(must=f"Use more than {body.max_sentences} sentences.")
    return None
