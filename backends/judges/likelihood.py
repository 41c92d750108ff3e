"""The subject's own likelihood ratio as a judge: is the answer what the base would say if it were told the clause?

In: answers to questions, and the clause as the compiled prompt words it. Out: log p(answer | clause) - log p(answer |
without it), in nats. It is summed over the answer, not divided by its tokens: on answers of nano's world the sum tells
kept from broken better (`benchmarks/judges.py`). Its zero is no threshold, since a prompt that asks for any voice makes
every voice likelier: a threshold is learned from labelled answers. This file must not know clauses or checks.
"""

from __future__ import annotations

from collections.abc import Sequence

from backends.cached import CHUNK, CachedEngine
from backends.engines import Conversation
from compiler.records import Message


def ratios(engine: CachedEngine, told: str, asked: Sequence[tuple[str, str]]) -> list[tuple[float, int] | None]:
    """Return the ratio of each question's answer and the answer's tokens; None for what is empty or too long.

    Args:
        told: the system message that states the clause.
        asked: questions with their answers.
    """
    system = Message(role="system", content=told)
    found: list[tuple[float, int] | None] = []
    for start in range(0, len(asked), CHUNK):
        part = asked[start : start + CHUNK]
        bare: list[Conversation] = [(Message(role="user", content=question),) for question, _ in part]
        answers = [answer for _, answer in part]
        without = engine.log_likelihoods(list(zip(bare, answers, strict=True)))
        with_it = engine.log_likelihoods([((system, *one), answer) for one, answer in zip(bare, answers, strict=True)])
        for one, other in zip(with_it, without, strict=True):
            found.append(None if one is None or other is None else (one[0] - other[0], one[1]))
    return found


def threshold(ratios: Sequence[float], kept: Sequence[bool]) -> float | None:
    """Return the cut that tells kept from broken best: the highest sum of sensitivity and specificity (Youden, Cancer
    3, 1950), in the middle of its gap; None where one of the two sorts is missing."""
    good, bad = sum(kept), len(kept) - sum(kept)
    if not good or not bad:
        return None
    ranked = sorted(zip(ratios, kept, strict=True))
    best, cut = -1.0, 0.0
    above_good, above_bad = good, bad
    for place, (ratio, keeps) in enumerate(ranked[:-1]):
        above_good, above_bad = above_good - keeps, above_bad - (not keeps)
        following = ranked[place + 1][0]
        index = above_good / good - above_bad / bad
        if following > ratio and index > best:
            best, cut = index, (ratio + following) / 2.0
    return cut if best > 0 else None


def cross_fitted(ratios: Sequence[float], kept: Sequence[bool]) -> list[bool | None]:
    """Decide each answer by the threshold of the other half of the answers, so that no label judges itself; None where
    that half gives no threshold. Halves are by turns within each sort."""
    seen = {True: 0, False: 0}
    halves = []
    for keeps in kept:
        halves.append(seen[keeps] % 2)
        seen[keeps] += 1
    cuts = {}
    for half in (0, 1):
        own = [place for place, of in enumerate(halves) if of == half]
        cuts[1 - half] = threshold([ratios[p] for p in own], [kept[p] for p in own])
    return [None if (cut := cuts[halves[p]]) is None else ratios[p] > cut for p in range(len(kept))]
