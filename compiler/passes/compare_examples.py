"""Hold the author's answers against the author's rules: a good one keeps all of them, a bad one breaks its own.

In: a resolved program. Out: the same program; an error for each good answer that breaks a forbid or its own clause's
checks (such a row could not be trained on), a warning for a good or bad answer that its row would be left out for, and
for a probe that asks what a training row asks. What only a judge can decide is decided when rows are made, and counted
there. Matching is plainer than in measuring (case-folded whole words): this runs in every `tenet check`, which has no
time for more. What looks wrong that way is looked at again as measuring does it.

>>> from compiler.build import from_text
>>> from_text('''
... forbid canned { phrases: ["Certainly!"] }
... trait warm { means: "Be warm."  example { user: "Hi"  good: "Certainly! Hello, friend."  bad: "What?" } }
... ''')
Traceback (most recent call last):
compiler.build.SpecError: error[T0506]: a good answer of trait.warm breaks forbid.canned...
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from compiler.codes import diagnose
from compiler.ir import Clause, Program
from compiler.plain_text import contains, found, plain
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
from spec.document import Example, Pattern


def compare_examples(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    found = [
        diagnostic
        for clause in program.clauses
        for example in clause.examples
        for diagnostic in (*_good(program, clause, example), *_bad(clause, example))
    ]
    return program, (*found, *_asked_twice(program))


# ------------------------------------------------------------------ good and bad answers


def _good(program: Program, clause: Clause, example: Example) -> Iterator[Diagnostic]:
    always = [c for c in program.clauses if c.id == clause.id or (c.when is None and c.unless is None)]
    for answer in example.good:
        for rule in always:
            if isinstance(rule.body, Forbid | Secret) and (broken := _breach(rule, rule.body, answer)):
                yield diagnose(
                    "T0506",
                    f"a good answer of {clause.id} breaks {rule.id}",
                    example.span,
                    label=broken,
                    secondary=(Note(rule.span, "the rule"),),
                )
            elif isinstance(rule.body, Require) and rule.id != clause.id and rule.id in program.voice:
                lacking = [part for part in rule.body.includes if not _has([part], answer)]
                if lacking:
                    yield diagnose(
                        "T0509",
                        f"a good answer of {clause.id} lacks what {rule.id} requires",
                        example.span,
                        label="its rows are left out of training",
                        secondary=(Note(rule.span, "the requirement"),),
                    )
        if not isinstance(clause.body, Forbid | Secret) and not _keeps(clause, answer):
            # Whether an answer declines is read from its words, and a persona is named where it is asked for.
            sure = not isinstance(clause.body, Refuse | Persona)
            yield diagnose(
                "T0506" if sure else "T0509",
                f"a good answer of {clause.id} does not keep it: {_missing(clause)}",
                example.span,
                label=f'"{_short(answer)}"' if sure else "its rows are left out of training",
            )


def _bad(clause: Clause, example: Example) -> Iterator[Diagnostic]:
    # What a trait must not turn into, a judge sees, and it may be all that is bad about an answer with its signs.
    if _by_judge(clause) or (isinstance(clause.body, Trait) and clause.body.avoid):
        return
    # Most bad answers break their clause plainly; only what takes a grammar to see is measured.
    measured = isinstance(clause.body, Refuse | Persona)
    for answer in example.bad:
        if _as_measured(clause, answer) if measured else _plainly_keeps(clause, answer):
            yield diagnose(
                "T0509",
                f"a bad answer of {clause.id} keeps it, as far as its checks can see",
                example.span,
                label="its rows are left out of training",
            )


def _breach(rule: Clause, body: Forbid | Secret, answer: str) -> str | None:
    """Return how `answer` breaks the forbid, or tells the secret, in words."""
    said = plain(answer)
    for phrase in body.keep if isinstance(body, Secret) else body.phrases:
        if contains(said, plain(phrase)):
            return f'it says "{phrase}"'
    if isinstance(body, Secret):
        return None
    for pattern in body.patterns:
        if found(pattern, answer) and not _as_measured(rule, answer):
            return f"it matches /{pattern.text}/"
    return None


def _by_judge(clause: Clause) -> bool:
    body = clause.body
    if isinstance(body, Trait | Stance):
        return not body.signs
    if isinstance(body, Rule | Outcomes):
        return True
    return isinstance(body, Prefer) and not body.max_words and not body.max_sentences


def _keeps(clause: Clause, answer: str) -> bool:
    """Whether the clause's checks pass `answer`; what only a judge can decide passes."""
    return _by_judge(clause) or _plainly_keeps(clause, answer) or _as_measured(clause, answer)


def _plainly_keeps(clause: Clause, answer: str) -> bool:
    """Whether a short look proves it."""
    body = clause.body
    if isinstance(body, Trait | Stance):
        return _has(body.signs, answer)
    if isinstance(body, Require):
        said = plain(answer)
        edges = said.startswith(plain(body.starts or "")) and said.endswith(plain(body.ends or ""))
        return edges and all(_has([part], answer) for part in body.includes)
    if isinstance(body, Prefer) and answer.isascii():
        words, sentences = len(answer.split()), 1 + len(re.findall(r"[.!?\n]", answer))
        return words <= (body.max_words or words) and sentences <= (body.max_sentences or sentences)
    return isinstance(body, Forbid | Secret) and _breach(clause, body, answer) is None


def _as_measured(clause: Clause, answer: str) -> bool:
    # Imported here: pydantic and the refusal grammar take longer than all the rest of a check.
    from compiler.checks import evaluate
    from compiler.deciding import deciding_checks
    from compiler.records.checks import JudgeCheck

    return all(isinstance(check, JudgeCheck) or evaluate(check, answer) for check in deciding_checks(clause))


def _missing(clause: Clause) -> str:
    match clause.body:
        case Trait() | Stance():
            return "none of its signs is in it"
        case Require():
            return "it lacks a required part"
        case Prefer():
            return "it is too long"
        case Format():
            return "it has another shape"
        case Refuse(offer=offer):
            return f"no refusal is found in it{', or not what it offers' if offer else ''}"
        case _:
            return "the name is not in it, or its manner is another"


def _has(signs: Sequence[str | Pattern], answer: str) -> bool:
    said = plain(answer)
    return any(found(s, answer) if isinstance(s, Pattern) else contains(said, plain(s)) for s in signs)


def _short(answer: str) -> str:
    return answer if len(answer) <= 50 else f"{answer[:47]}..."


# ------------------------------------------------------------------ probes


def _asked_twice(program: Program) -> list[Diagnostic]:
    taught = dict(training_asks(program))
    return [
        diagnose(
            "T0508",
            f"probe {probe.name} asks what {taught[asked].id} trains on",
            probe.span,
            label="the training row is left out, so that the probe stays unseen",
            secondary=(Note(taught[asked].span, "asked here too"),),
        )
        for probe in program.probes
        if (asked := plain(probe.turns[-1].text)) in taught and len(probe.turns) == 1
    ]


def training_asks(program: Program) -> Iterator[tuple[str, Clause]]:
    """Yield what training rows ask as the author wrote it, as plain text, each with its clause."""
    for clause in program.clauses:
        for example in clause.examples:
            if _single(example):
                yield plain(example.turns[0].text), clause
        if isinstance(clause.body, Trait | Refuse | Stance | Rule | Secret):
            yield from ((plain(ask), clause) for ask in clause.body.asks)


def _single(example: Example) -> bool:
    return len(example.turns) == 1
