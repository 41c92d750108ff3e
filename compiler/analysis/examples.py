"""Good answers that break another clause which holds wherever the example's own does (T0530).

Prohibitions and requirements that always hold are looked at in `passes/compare_examples.py`, since rows that break
them cannot be trained on; here are those with conditions, and length and shape.

>>> from compiler.analysis import analyse
>>> from compiler.build import from_text
>>> for found in analyse(from_text('''
... format short { max_words: 3 }
... trait kind { means: "Is kind."  example { user: "Hi"  good: "Hello, my dear old friend."  bad: "What?" } }
... ''')): print(found.code, found.message)
T0530 a good answer of trait.kind breaks format.short: it has 5 words, and may have 3
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from compiler.analysis import demands
from compiler.analysis.clashes import Findings
from compiler.analysis.crowds import Crowd
from compiler.analysis.survey import Survey, quoted, shown
from compiler.codes import diagnose
from compiler.ir import Clause
from compiler.plain_text import contains, found, plain
from compiler.regions import EVERYWHERE
from spec.constructs import Forbid, Format, Persona, Require, Secret
from spec.diagnostics import Note
from spec.document import ELISION, Level, Pattern


def examples(survey: Survey) -> Findings:
    clauses = survey.program.clauses
    shaping = [c for c in clauses if isinstance(c.body, Format | Persona | Require)]
    conditional = {c.id for c in clauses if c.when is not None or c.unless is not None}
    crowd = survey.crowd()
    for clause in clauses:
        if not clause.examples:
            continue
        for example in clause.examples:
            for answer in (text for text in example.good if ELISION not in text):
                barring = _barred(survey, clause, answer, conditional, crowd)
                for other, reason in chain(barring, _misshaped(survey, clause, answer, shaping, crowd)):
                    crowd.add(clause, other)
                    yield diagnose(
                        "T0530",
                        f"a good answer of {clause.id} breaks {other.id}: {reason}",
                        example.span,
                        label=quoted(answer),
                        secondary=(Note(other.span, "holds here, too"),),
                        witness=survey.witness(
                            other,
                            survey.inside(clause) or EVERYWHERE,
                            f"This answer is called good, and breaks {other.id}.",
                            example.turns,
                            answer,
                        ),
                    )


def _in_force(survey: Survey, clause: Clause, other: Clause) -> bool:
    """Say whether `other` holds wherever `clause` does, and does not give way to it."""
    firm = other.level >= min(clause.level, Level.DEVELOPER)
    return other.id != clause.id and firm and not survey.outranks(clause, other) and survey.within(clause, other)


def _barred(
    survey: Survey, clause: Clause, answer: str, conditional: set[str], crowd: Crowd
) -> Iterator[tuple[Clause, str]]:
    told: set[str] = set()
    for entry in survey.index.found_in(answer):
        other = entry.clause
        if other.id not in conditional or other.id in told or not crowd.worth(clause, other):
            continue
        if _in_force(survey, clause, other):
            told.add(other.id)
            assert isinstance(other.body, Forbid | Secret)
            yield other, f"it says {shown(entry.item)}"


def _misshaped(
    survey: Survey, clause: Clause, answer: str, shaping: Sequence[Clause], crowd: Crowd
) -> Iterator[tuple[Clause, str]]:
    for other in shaping:
        if crowd.worth(clause, other) and _in_force(survey, clause, other):
            yield from ((other, reason) for reason in _breaks(survey, other, answer))


def _breaks(survey: Survey, other: Clause, answer: str) -> Iterator[str]:
    if isinstance(other.body, Require):
        # What every answer of the voice starts and ends with is put on its rows, and what it holds is T0509's.
        if other.id not in survey.program.voice:
            yield from _lacks(other.body, answer)
        return
    for limit in demands.limits(other):
        if count := demands.exceeds(limit, answer):
            yield f"it has {count} {limit.unit}, and may have {limit.most}"
            return
    for feature in demands.without(other):
        if demands.has(feature, answer):
            yield f"it has {feature}"
            return


def _lacks(body: Require, answer: str) -> Iterator[str]:
    folded = plain(answer)
    if body.starts and not folded.startswith(plain(body.starts)):
        yield f"it does not start with {quoted(body.starts)}"
    elif body.ends and not folded.endswith(plain(body.ends)):
        yield f"it does not end with {quoted(body.ends)}"
    else:
        for item in body.includes:
            if not (found(item, answer) if isinstance(item, Pattern) else contains(folded, plain(item))):
                yield f"it lacks {shown(item)}"
                return
