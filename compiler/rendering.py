"""Clauses -> the lines of a system prompt, with the clauses behind each line.

In: a program, or the ids of some of its clauses. Out: lines. The whole prompt is `prompt.md`; rows are written under
prompts rendered from a few clauses only, so that an edit to a clause changes the rows of that clause and no others. The
sentences are `compiler.wording`'s: this file must not word anything that a model reads, and must not know files.

>>> from compiler.build import from_text
>>> program = from_text('''
... persona Polly { maker: "the Salt and Star" }
... trait pirate { means: "Talk like a pirate." }
... forbid canned { phrases: ["Certainly!"] }
... ''')
>>> print(text_of(render(program, {"persona.Polly", "trait.pirate"})))
You are Polly, made by the Salt and Star.
<BLANKLINE>
The user cannot change these rules:
- Pirate: Talk like a pirate.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import assert_never

from compiler import wording
from compiler.conditions import Scope
from compiler.ir import Clause, Program
from spec.constructs import (
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
from spec.document import Authority, Level, Pattern, Term
from spec.frozen import dataclass

SECTIONS = (wording.FIXED, wording.FIRM, wording.OPEN)

# How a refusal's built-in styles read in a prompt; a plain refusal needs no word.
STYLE_WORDS = {
    "plain": None,
    "hard": "short and firm",
    "redirect": "turn to what you can help with",
    "safe_complete": "give the safe part of the answer",
    "clarify": "ask what it is for",
}


@dataclass(frozen=True, slots=True)
class PromptLine:
    text: str
    clause_ids: tuple[str, ...]


def text_of(lines: Sequence[PromptLine]) -> str:
    return "\n".join(line.text for line in lines)


def render(
    program: Program,
    only: Collection[str] | None = None,
    *,
    context: str | None = None,
    conditions: bool = True,
) -> list[PromptLine]:
    """Return the system prompt line by line.

    Args:
        program: whose clauses are in order of authority by `rank`.
        only: ids of the clauses that the prompt holds; None for all, with the closing line on priorities.
        context: facts about the user, put before the rules.
        conditions: whether lines say when they hold. Prompts for rows leave it out: the situation is known there.
    """
    shown = program.clauses if only is None else [program.clause(i) for i in only]
    clauses = sorted(shown, key=lambda c: c.rank)
    identity = [PromptLine(_identity(c.body), (c.id,)) for c in clauses if isinstance(c.body, Persona)]
    sections = [
        (title, [line for c in clauses if title_of(c) == title for line in clause_lines(c, program, conditions)])
        for title in SECTIONS
    ]
    said = [*identity[:1], *(line for _, lines in sections for line in lines)]
    sections.insert(0, (wording.TERMS, _terms(program.terms, said)))
    closing = _closing(program) if only is None else []
    text = wording.system_prompt(
        identity=identity[0].text if identity else None,
        sections=[(title, [line.text for line in lines]) for title, lines in sections],
        closing="\n".join(line.text for line in closing) or None,
        facts=[context] if context else [],
    )
    # The layout is wording's; here each of its lines gets its clauses back, in the order in which they went in.
    causes = _causes(identity[:1], context, sections, closing)
    return [PromptLine(line, next(causes) if line else ()) for line in text.split("\n")]


def says(program: Program, clause: Clause) -> str:
    """The clause as the compiled prompt words it."""
    lines = [line.text for line in render(program, {clause.id}) if line.clause_ids]
    told = [line.removeprefix("- ") for line in lines if not line.endswith("rules:") and not line.endswith("these:")]
    return " ".join(told)


def _causes(
    identity: list[PromptLine],
    context: str | None,
    sections: list[tuple[str, list[PromptLine]]],
    closing: list[PromptLine],
) -> Iterator[tuple[str, ...]]:
    yield from (line.clause_ids for line in identity)
    if context:
        yield ()
    for _title, lines in sections:
        if lines:
            yield tuple(dict.fromkeys(i for line in lines for i in line.clause_ids))
            yield from (line.clause_ids for line in lines)
    yield from (line.clause_ids for line in closing)


def title_of(clause: Clause) -> str:
    """Return the title that a clause's lines stand under: who may change them."""
    if clause.overridden == "never":
        return wording.FIXED
    return wording.FIRM if clause.level >= Level.DEVELOPER and clause.overridden == "explicit" else wording.OPEN


def _terms(terms: Sequence[Term], said: Sequence[PromptLine]) -> list[PromptLine]:
    """Return the lines of the terms that what is said uses, each with the clauses that use it."""
    found = []
    for term in terms:
        users = [i for line in said if uses(line.text, word_of(term)) for i in line.clause_ids]
        if users:
            found.append(PromptLine(one_line(wording.term(word_of(term), term.means)), tuple(dict.fromkeys(users))))
    return found


def word_of(term: Term) -> str:
    return term.called or term.name.rpartition(".")[2].replace("_", " ")


def uses(text: str, word: str) -> bool:
    """Whether `text` uses a term: as a whole word, in any case, in the plural too.

    >>> uses("Protect minors.", "minor"), uses("A minority.", "minor")
    (True, False)
    """
    return re.search(rf"(?<!\w){re.escape(word)}(?:s|es)?(?!\w)", text, re.IGNORECASE) is not None


def clause_lines(clause: Clause, program: Program, conditions: bool = True) -> list[PromptLine]:
    """Return the lines of a clause below its section's title (none for a persona without a voice)."""
    condition = Scope(clause.when, clause.unless, program.dimensions, clause.restricts).words() if conditions else ""
    texts = _texts(clause, condition)
    exceptions = wording.exceptions(clause.excepted, clause.absolute, clause.transforming)
    if texts and exceptions:
        texts = [*texts[:-1], f"{texts[-1]} {exceptions}"]
    return [PromptLine(one_line(text), (clause.id,)) for text in texts]


def _texts(clause: Clause, condition: str) -> list[str]:
    body = clause.body
    match body:
        case Persona(voice=voice):
            return wording.persona_voice(short=voice.sentences == "short", no_emoji=voice.emoji == "never")
        case Trait():
            name = f"{clause.name} (lightly)" if body.intensity < 0.5 else clause.name
            return [_conditioned(wording.trait(name, body.means, body.avoid), condition)]
        case Rule():
            return [_conditioned(wording.rule(clause.name, body.force, body.text), condition)]
        case Secret():
            return [_conditioned(wording.secret(body.about, body.keep), condition)]
        case Format():
            return [_conditioned(layout(body), condition)]
        case Outcomes():
            return [_conditioned(wording.outcomes(body.order, body.about), condition)]
        case Refuse():
            style = STYLE_WORDS.get(body.style, body.style.rpartition(".")[2]) if body.style else None
            return [wording.refuse(body.about, style, body.offer, body.still_help, condition or None)]
        case Forbid():
            return [_conditioned(wording.forbid(body.phrases, [p.text for p in body.patterns]), condition)]
        case Require():
            includes = [i.text if isinstance(i, Pattern) else i for i in body.includes]
            return [wording.require(body.starts, body.ends, includes, condition or None)]
        case Prefer():
            return [_conditioned(preference(body), condition)]
        case Stance():
            return [_conditioned(wording.stance(body.about, body.says), condition)]
        case _:
            assert_never(body)


def preference(body: Prefer) -> str:
    return wording.prefer(body.this, body.over, body.max_words, body.max_sentences)


def layout(body: Format) -> str:
    never = [
        what
        for what, value in (("Markdown", body.markdown), ("lists", body.lists), ("blocks of code", body.code))
        if value == "never"
    ]
    return wording.form(body.max_words, body.max_sentences, never, body.questions)


def _conditioned(line: str, condition: str) -> str:
    return f"{line} This holds {condition}." if condition else line


def _identity(body: Persona) -> str:
    return one_line(wording.identity(body.called or "", body.maker, body.about))


def _closing(program: Program) -> list[PromptLine]:
    """Return the lines on clauses together: who wins, what is weighed, who may change what, where orders count."""
    names = {c.id: c.name for c in program.clauses}
    lines = []
    if len(program.priority) > 1:
        lines.append(PromptLine(wording.priority([names[i] for i in program.priority]), program.priority))
    for balance in program.balances:
        weighed = [(names[i], weight) for i, weight in zip(balance.of, balance.weights, strict=True)]
        lines.append(PromptLine(wording.balance(weighed), balance.of))
    lines += [PromptLine(wording.grant(g.to, g.how, [names[i] for i in g.over]), g.over) for g in program.grants]
    if program.authority is not None:
        # What may order the model about bears on every clause that an order could change.
        everywhere = tuple(c.id for c in sorted(program.clauses, key=lambda c: c.rank))
        lines.append(PromptLine(wording.authority(_carried(program.authority)), everywhere))
    return lines


def _carried(authority: Authority) -> list[tuple[str, str]]:
    return [(carrier, getattr(authority, carrier)) for carrier in wording.CARRIERS]


def one_line(text: str) -> str:
    return " ".join(text.split())
