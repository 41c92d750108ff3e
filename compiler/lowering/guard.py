"""Clauses -> `guard.lark`: a grammar of the answers in which no clause finds what it forbids.

In: a program. Out: the file, with a mark for each line that a clause caused. It is a grammar for llguidance, which
local decoders and servers (vLLM's structured outputs) run token by token: what would complete a forbidden phrase cannot
be drawn. Every answer that it lets through passes `checks/phrases.py` and `checks/patterns.py`. What always applies is
guarded; a clause under a condition, or a pattern that no decoder can be kept out of, is named in a comment with the
reason. A spec that forbids no text has no guard.

>>> from compiler.build import from_text
>>> print(*lower(from_text('forbid canned { phrases: ["Sure!"] }'))[0].text.splitlines()[4:6], sep="\\n")
start: ANSWER
ANSWER: ANY & ~(IN_0_0)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compiler.artifact import Artifact, Mark
from compiler.checks import phrases
from compiler.deciding import deciding_checks
from compiler.guarding import literals, patterns
from compiler.guarding.letters import Letters
from compiler.guarding.terms import IGNORED, SIGNS, SPACE, Terms, as_class
from compiler.ir import Clause, Program
from compiler.records.checks import Check, PatternsCheck, PhrasesCheck
from spec.constructs import Forbid, Secret

PATH = "guard.lark"
HEAD = """\
// What an answer may be: anything but a text in which a clause finds what it forbids.
// For llguidance, and servers that run it. C_0061 is every character that is read as U+0061; C_0066_0069 stands for
// two at once.

"""
BETWEEN = {
    "ANY": "/(?s:.*)/",
    literals.BEFORE: r"/(?s:.*)[^\p{L}\p{N}]/",
    literals.AFTER: r"/[^\p{L}\p{N}](?s:.*)/",
    patterns.BEFORE: "/(?s:.*)[^A-Za-z0-9_]/",
    patterns.AFTER: "/[^A-Za-z0-9_](?s:.*)/",
}


def lower(program: Program) -> tuple[Artifact, ...]:
    terms = Terms()
    ranked = sorted(program.clauses, key=lambda clause: clause.rank)
    found = [part for number, clause in enumerate(ranked) for part in _parts(number, clause, terms)]
    guarded = [part for part in found if part.expression]
    if not guarded:
        return ()
    everybody = tuple(dict.fromkeys(part.clause.id for part in guarded))
    lines = [(line, everybody) for line in (*HEAD.splitlines(), "start: ANSWER")]
    lines.append((f"ANSWER: ANY & ~({' | '.join(part.name for part in guarded)})", everybody))
    for part in found:
        own = (part.clause.id,)
        lines.append((f"// {part.clause.id} ({part.clause.span}): {part.said}", own))
        if part.expression:
            lines.append((f"{part.name}: {part.expression}", own))
    lines += [(line, everybody) for line in (*_shared(), *terms.text().splitlines())]
    marks = tuple(Mark(str(number), ids) for number, (line, ids) in enumerate(lines, 1) if line)
    return (Artifact(PATH, "".join(f"{line}\n" for line, _ in lines), marks),)


def _shared() -> Iterator[str]:
    """What stands between, before and after texts."""
    yield from (f"{name}: {expression}" for name, expression in BETWEEN.items())
    ignored = as_class(phrases.invisible() + phrases.MARKUP)
    yield f"{IGNORED}: /{ignored}*/"
    yield rf"{SPACE}: /{ignored}*(?:\s{ignored}*)+/"
    yield rf"{SIGNS}: /[^\p{{L}}\p{{N}}{as_class(_signs_read_as_letters())[1:-1]}]+/"


@dataclass(frozen=True, slots=True)
class _Part:
    """One phrase or pattern. expression: how it stands in an answer; None where nothing keeps it out. said: of which
    text it is, or why there is no guard."""

    clause: Clause
    name: str
    said: str
    expression: str | None = None


def _parts(number: int, clause: Clause, terms: Terms) -> Iterator[_Part]:
    if not isinstance(clause.body, Forbid | Secret):
        return
    if clause.when is not None or clause.unless is not None:
        yield _Part(clause, "", "not guarded, since it applies under a condition")
        return
    texts = [(check, text) for check in deciding_checks(clause) for text in _texts(check)]
    for place, (check, text) in enumerate(texts):
        name = f"HELD_{number}_{place}"
        said = text.translate(_LINES)
        if isinstance(check, PhrasesCheck):
            held = literals.expression(text, name, terms)
            yield _Part(
                clause, f"IN_{number}_{place}", said if held else f"{said}, not guarded: nothing of it is left", held
            )
            continue
        assert isinstance(check, PatternsCheck)
        try:
            held = patterns.expression(text, check.flags, name, terms)
        except patterns.Unguardable as why:
            yield _Part(clause, "", f"/{said}/, not guarded: {why}")
        else:
            yield _Part(clause, f"IN_{number}_{place}", f"/{said}/", held)


def _signs_read_as_letters() -> str:
    """Characters such as a circled letter: were they among the signs too, a text would have many readings, and the
    automaton no end of states."""
    return "".join(
        character
        for becomes, characters in Letters.folded().read.items()
        for character in characters
        if becomes.isalnum() and not character.isalnum()
    )


_LINES = {ord("\n"): "\\n", ord("\r"): "\\r"}


def _texts(check: Check) -> tuple[str, ...]:
    match check:
        case PhrasesCheck(phrases=texts) | PatternsCheck(patterns=texts):
            return texts
        case _:
            return ()
