"""What decides whether an answer keeps a clause: one file for each `type` of check in `compiler/records/checks.py`.

In: a check record and an answer's text. Out: whether the answer keeps it. A judge's check is not decided here: it
needs a model, and the code that runs models asks it. This folder must not know clauses, files or models.

>>> from compiler.records.checks import PhrasesCheck
>>> evaluate(PhrasesCheck(phrases=("Certainly!",), present=False), "CERTAINLY! The sea is deep.")
False
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from compiler.checks import affix, emoji, length, patterns, phrases, refusal
from compiler.records.checks import (
    AffixCheck,
    Check,
    EmojiCheck,
    JudgeCheck,
    LengthCheck,
    PatternsCheck,
    PhrasesCheck,
    RefusalCheck,
)

__all__ = ["evaluate", "evaluate_all"]


def evaluate(check: Check, answer: str) -> bool:
    """Return whether `answer` keeps `check`.

    Raises:
        TypeError: for a judge's check, which only a model can decide.
        ValueError: for a pattern that the engine refuses (`patterns.problem` says so beforehand).
    """
    match check:
        case PhrasesCheck():
            return phrases.holds(check, answer)
        case PatternsCheck():
            return patterns.holds(check, answer)
        case AffixCheck():
            return affix.holds(check, answer)
        case LengthCheck():
            return length.holds(check, answer)
        case EmojiCheck():
            return emoji.holds(check, answer)
        case RefusalCheck():
            return refusal.holds(check, answer)
        case JudgeCheck():
            raise TypeError("a judge's check needs a model; it cannot be decided from the text alone")
        case _:
            assert_never(check)


def evaluate_all(checks: Iterable[Check], answer: str, judged: bool | None = None) -> bool | None:
    """Return whether `answer` keeps every check; `judged` stands for each judge's check.

    One broken check decides. Without one, a judge that gave no verdict leaves the whole undecided: None.
    """
    undecided = False
    for check in checks:
        kept = judged if isinstance(check, JudgeCheck) else evaluate(check, answer)
        if kept is None:
            undecided = True
        elif not kept:
            return False
    return None if undecided else True
