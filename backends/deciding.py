"""Whether answers keep their checks: the deterministic ones first, then a judge for what only a model can say.

In: answers with their questions and checks. Out: kept, broken or undecided, with the judge's probability of yes. The
judge is asked in batches, each about one principle, and only where no deterministic check has decided already. This
file must not know who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backends.cached import CHUNK, CachedEngine
from compiler import wording
from compiler.checks import evaluate
from compiler.records import Check, JudgeCheck

YES = 0.5


@dataclass(frozen=True, slots=True)
class Case:
    """An answer to be decided: `question` is the user's last message."""

    question: str
    answer: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """kept: None where a judge was needed and gave no answer. judge_yes: of the first judge asked."""

    kept: bool | None
    judge_yes: float | None = None


def decide(cases: Sequence[Case], judge: CachedEngine) -> list[Decision]:
    plain = [
        all(evaluate(check, case.answer) for check in case.checks if not isinstance(check, JudgeCheck))
        for case in cases
    ]
    asked = [
        (place, check)
        for place, case in enumerate(cases)
        if plain[place]
        for check in case.checks
        if isinstance(check, JudgeCheck)
    ]
    said = _judged([(check.principle, cases[place]) for place, check in asked], judge)
    decisions = [Decision(kept) for kept in plain]
    first: dict[int, float | None] = {}
    for (place, check), yes in zip(asked, said, strict=True):
        now = None if yes is None else (yes >= YES) == check.present
        decisions[place] = Decision(_both(decisions[place].kept, now), first.setdefault(place, yes))
    return decisions


def _judged(asked: Sequence[tuple[str, Case]], judge: CachedEngine) -> list[float | None]:
    """The probability of yes for each principle and answer. A principle has batches of its own: a batch is cached as a
    whole, so an edit to one clause leaves what was said about the others."""
    places: dict[str, list[int]] = {}
    for place, (principle, _) in enumerate(asked):
        places.setdefault(principle, []).append(place)
    said: list[float | None] = [None] * len(asked)
    for principle, own in places.items():
        requests = {p: wording.judge_request(principle, asked[p][1].question, asked[p][1].answer) for p in own}
        # An arm often says the same to the same question, and a clause and a facet may ask for the same.
        different = list(dict.fromkeys(requests.values()))
        found: dict[str, float | None] = {}
        for start in range(0, len(different), CHUNK):
            batch = different[start : start + CHUNK]
            found.update(zip(batch, judge.yes(batch), strict=True))
        for place, request in requests.items():
            said[place] = found[request]
    return said


def _both(one: bool | None, other: bool | None) -> bool | None:
    """Whether both are kept: a broken one decides, then an undecided one."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True
