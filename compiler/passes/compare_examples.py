"""Hold the author's own answers against the author's own rules: an answer called good may not break a forbid.

In: a resolved program. Out: the same program; an error for each good answer that says a forbidden phrase (such a row
could not be trained on), a warning for a probe that asks what a training row asks. Matching is plainer than in
measuring (case-folded whole words): this runs in every `tenet check`, which has no time for more.

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
import unicodedata
from collections.abc import Iterator

from compiler.codes import diagnose
from compiler.ir import Clause, Program
from spec.constructs import Forbid, Refuse, Stance
from spec.diagnostics import Diagnostic, Note
from spec.document import Example


def compare_examples(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    rules = [(c, c.body) for c in program.clauses if c.when is None and c.unless is None and isinstance(c.body, Forbid)]
    found = [
        diagnose(
            "T0506",
            f"a good answer of {clause.id} breaks {rule.id}",
            example.span,
            label=broken,
            secondary=(Note(rule.span, "the rule"),),
        )
        for clause in program.clauses
        for example in clause.examples
        for answer in example.good
        for rule, body in rules
        if (broken := _breach(body, answer))
    ]
    return program, (*found, *_asked_twice(program))


def _breach(body: Forbid, answer: str) -> str | None:
    """Return how `answer` breaks the forbid, in words."""
    said = plain(answer)
    return next((f'it says "{phrase}"' for phrase in body.phrases if contains(said, plain(phrase))), None)


def _asked_twice(program: Program) -> list[Diagnostic]:
    taught = dict(_training_asks(program))
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


def _training_asks(program: Program) -> Iterator[tuple[str, Clause]]:
    for clause in program.clauses:
        for example in clause.examples:
            if _single(example):
                yield plain(example.turns[0].text), clause
        if isinstance(clause.body, Refuse | Stance):
            yield from ((plain(ask), clause) for ask in clause.body.asks)


def _single(example: Example) -> bool:
    return len(example.turns) == 1


def plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def contains(text: str, phrase: str) -> bool:
    """Whether `phrase` stands in `text` as whole words."""
    if not phrase:
        return False
    before = r"(?<!\w)" if phrase[0].isalnum() else ""
    after = r"(?!\w)" if phrase[-1].isalnum() else ""
    return re.search(f"{before}{re.escape(phrase)}{after}", text) is not None
