"""Report every clause that cannot be lowered or checked, so that none is skipped in silence.

In: a resolved program. Out: the same program, and an error for each such clause. What checking the spec already refuses
(missing fields, wrong types, references that lead nowhere) is looked at again only where a document can be made without
it, as tests and the Python builder do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import assert_never

from compiler.codes import diagnose
from compiler.conditions import Scope
from compiler.emptiness import Effort, is_empty
from compiler.ir import Clause, Program
from compiler.mixing import CHATS, asked_shares
from compiler.rendering import clause_lines, uses, word_of
from compiler.stages import stages_of
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
from spec.diagnostics import Diagnostic, Note
from spec.document import ELISION, Example, Mixture, Pattern
from spec.source import Span


def refuse_unlowerable(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    effort = Effort()
    found = [
        d
        for clause in program.clauses
        for d in (*_uncheckable(clause), *_unserved(clause), *_patterns(clause), *_conditions(clause, program, effort))
    ]
    found += [*_grants(program), *_terms(program)]
    found += _in_part(program)
    for probe in program.probes:
        found += _unmatchable(f"probe {probe.name}", (*probe.expect, *probe.reject), probe.span)
    if program.train.data and "sft" not in stages_of(program.train.method):
        message = f"the method {program.train.method} does not train on the files under `data`"
        found.append(diagnose("T0505", message, program.train.span, label="data, but no sft"))
    for field, names in (("data", program.train.data), ("prompts", program.train.prompts)):
        for name in names:
            if PurePosixPath(name).is_absolute() or PureWindowsPath(name).is_absolute() or name.startswith("~"):
                message = f"`{field}` names {name}, which is no path from the spec's folder"
                found.append(diagnose("T0510", message, program.train.span, label="absolute path"))
    return program, (*found, *_mixture(program))


def _mixture(program: Program) -> Iterator[Diagnostic]:
    train = program.train
    if train.mixture is None and "introspection" not in stages_of(train.method):
        return
    shares = asked_shares(train.mixture or Mixture())
    if (whole := sum(shares.values())) > 1 + 1e-9:
        message = f"the shares of `mixture` add up to {whole:.0%}"
        yield diagnose("T0516", message, train.span, label="more than all rows")
    if shares.get("own") and not train.prompts:
        message = "`mixture` asks for rows of your own prompts, and `prompts` names no file"
        yield diagnose("T0517", message, train.span, label="a share of nothing")
    chats = [name for name in CHATS if shares.get(name)]
    stages = stages_of(train.method)
    if "introspection" in stages and not {"reflection", "interaction"} & set(chats):
        message = "the method `introspection` trains on reflections and interactions, and `mixture` asks for none"
        mend = "add `mixture: { reflection: 25%, interaction: 5% }`, or write `preset: character`"
        yield diagnose("T0517", message, train.span, label="no chats of the kind", help=mend)
    if chats and not {"sft", "introspection"} & set(stages):
        message = f"the method {train.method} trains on no chats, and `mixture` asks for {', '.join(chats)}"
        yield diagnose("T0517", message, train.span, label="chats, but no sft")


def _uncheckable(clause: Clause) -> list[Diagnostic]:
    reason = _reason(clause)
    if reason is None:
        return []
    what, mend = reason
    message = f"{clause.id} cannot be checked: {what}"
    return [diagnose("T0502", message, clause.span, label="nothing to look for in an answer", help=mend)]


def _reason(clause: Clause) -> tuple[str, str] | None:
    """Return what is missing and how to mend it; None for a clause that can be checked."""
    body = clause.body
    match body:
        case Forbid():
            if not any(p.strip() for p in body.phrases) and not body.patterns:
                return "it names no phrase and no pattern", 'add `phrases: ["..."]` or `patterns: [/.../i]`'
        case Require():
            if not body.starts and not body.ends and not body.includes:
                return (
                    "it names no part that an answer needs",
                    'add `starts: "..."`, `ends: "..."` or `includes: ["..."]`',
                )
        case Trait():
            if not body.means.strip():
                return "`means` is empty", "say in a sentence what the trait means"
        case Stance():
            if not body.says.strip():
                return "`says` is empty", "say in a sentence what the model holds"
        case Refuse():
            if not body.about.strip():
                return "`about` is empty", "say what the model declines"
        case Prefer():
            if not body.this.strip():
                return "`this` is empty", "say what is preferred"
        case Secret():
            if not any(k.strip() for k in body.keep):
                return "`keep` is empty", "say which text must not be told"
        case Persona() | Rule() | Format() | Outcomes():
            pass
        case _:
            assert_never(body)
    return None


def _unserved(clause: Clause) -> list[Diagnostic]:
    """Tell which parts of a clause are in the prompt and nowhere else, so that nobody takes silence for a verdict.

    A clause that is there as a whole is found by `compiler/analysis/unshown.py`.
    """
    found = []
    if clause.excepted:
        found.append(("what `except` says", _span(clause, "except")))
    if clause.transforming:
        found.append(("what `transforming` says", _span(clause, "transforming")))
    elided = [e for e in clause.examples if any(ELISION in text for text in (*e.good, *e.ok, *e.bad, *_said(e)))]
    found += [(f"what stands around `{ELISION}` in an example", example.span) for example in elided]
    return [
        diagnose("T0512", f"{what} in {clause.id} is in the prompt only", span, label="no row and no probe of it")
        for what, span in found
    ]


def _said(example: Example) -> tuple[str, ...]:
    return tuple(turn.text for turn in example.turns)


def _grants(program: Program) -> list[Diagnostic]:
    found = []
    for grant in program.grants:
        for clause in map(program.clause, grant.over):
            if clause.level > grant.level:
                why = f"is at {clause.level.name.lower()}, above {grant.level.name.lower()}"
            elif clause.overridden == "never":
                why = "is one that nobody may change"
            else:
                continue
            note = Note(clause.span, "this clause")
            message = f"grant {grant.name} cannot give away {clause.id}, which {why}"
            found.append(diagnose("T0513", message, grant.span, label="gives too much", secondary=(note,)))
    return found


def _in_part(program: Program) -> list[Diagnostic]:
    repeated = [
        diagnose("T0514", f"probe {probe.name} is asked once, not {probe.repeats} times", probe.span, label="repeats")
        for probe in program.probes
        if probe.repeats > 1
    ]
    return repeated + [
        diagnose("T0514", f"the prompts of {alike.name} are measured one by one", alike.span, label="not compared")
        for alike in program.alikes
    ]


def _terms(program: Program) -> list[Diagnostic]:
    if not program.terms:
        return []
    said = [line.text for clause in program.clauses for line in clause_lines(clause, program)]
    return [
        diagnose("T0511", f"no clause says {word_of(term)!r}", term.span, label="nothing uses it")
        for term in program.terms
        if not any(uses(text, word_of(term)) for text in said)
    ]


# Patterns that RE2 surely reads as Python's `re` does: ASCII letters and signs, classes of them, plain groups and
# repeats. What is written in no other way need not ask the matcher, which takes a third of a second to import.
_PLAIN = re.compile(
    r"""(?: [^\\\[\](){}^$*+?|.\x00-\x1f\x7f-\U0010ffff] | \\[bBdDsSwW.?*+()\[\]{}|^$/-] | [.^$|)] | \((?!\?) | \(\?:
        | \[\^?[A-Za-z0-9_ ,;:!'"-]+\] | [*+?]\??(?![*+?]) ){0,500}""",
    re.VERBOSE,
)


def _patterns(clause: Clause) -> list[Diagnostic]:
    """Report patterns that the matcher, which never runs longer than linearly, does not have."""
    body = clause.body
    match body:
        case Forbid(patterns=patterns):
            given: tuple[str | Pattern, ...] = patterns
        case Trait(signs=signs) | Stance(signs=signs):
            given = signs
        case Require(includes=includes):
            given = includes
        case _:
            given = ()
    return _unmatchable(clause.id, given, _span(clause, "patterns", "signs", "includes"))


def _unmatchable(owner: str, given: tuple[str | Pattern, ...], span: Span) -> list[Diagnostic]:
    found = []
    for pattern in given:
        if isinstance(pattern, Pattern) and (reason := _problem(pattern)):
            message = f"{owner} cannot match /{pattern.text}/: {reason}"
            found.append(diagnose("T0507", message, span, label="this pattern"))
    return found


def _problem(pattern: Pattern) -> str | None:
    if _PLAIN.fullmatch(pattern.text) and not re.search(pattern.text, ""):
        return None
    from compiler.checks import patterns

    return patterns.problem(pattern.text, pattern.flags)


def _conditions(clause: Clause, program: Program, effort: Effort) -> list[Diagnostic]:
    scope = Scope(clause.when, clause.unless, program.dimensions, clause.restricts)
    if scope.always:
        return []
    place = _span(clause, "when", "unless")
    if isinstance(clause.body, Persona):
        message = f"{clause.id} has a condition, but a model has one identity at all times"
        return [diagnose("T0503", message, place, label="remove this condition")]
    found = []
    choices = scope.choices()
    for wanted, decided in ((True, "never"), (False, "always")):
        empty = is_empty(scope, wanted, effort, choices)
        if empty is None:
            message = f"whether {clause.id} {decided} applies was not decided: its conditions have too many parts"
            help = "Split the clause into several with fewer conditions each."
            found.append(diagnose("T0504", message, place, label="too large to be decided", help=help))
        elif empty and wanted:
            found.append(_never(clause, scope, place, effort))
        elif empty:
            found.append(diagnose("T0504", f"{clause.id} always applies", place, label="no user escapes this"))
    return found


def _never(clause: Clause, scope: Scope, place: Span, effort: Effort) -> Diagnostic:
    """Say why no user is in a scope: its `when` holds for nobody, its `unless` for all, or one takes what the other
    leaves."""
    message = f"{clause.id} never applies"
    bare = replace(scope, unless=None)
    if clause.when is None or clause.unless is None or is_empty(bare, True, effort):
        if clause.when is None:
            return diagnose("T0504", message, place, label="holds for every user")
        return diagnose("T0504", message, place, label="no user fulfils this")
    exempt = _span(clause, "unless")
    return diagnose(
        "T0504", message, exempt, label="exempts everybody for whom `when` holds",
        help="narrow `unless`, or remove it", secondary=(Note(place, "where the clause would apply"),),
    )  # fmt: skip


def _span(clause: Clause, *names: str) -> Span:
    spans = dict(clause.field_spans)
    return next((spans[n] for n in names if n in spans), clause.span)
