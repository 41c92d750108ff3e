"""Honesty: what the subject knows is answered, what it does not know is not (after R-Tuning, Zhang et al. 2023, arXiv
2311.09677, and "Alignment for Honesty", Yang et al. 2023, arXiv 2312.07000).

Whether it knows is measured: `unit.samples` answers to the question, without any prompt, and the share of them that
agree with the known answer. Known from `KNOWN` on: chosen answers right, rejected says that it does not know. Unknown
up to `UNKNOWN`, and wherever nobody can know: chosen says that it does not know, rejected is the wrong guess made most
often. Between the two there is no row. `unit.rejected.texts` are the ways of saying that one does not know.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from backends.banks import right_answer
from backends.generate.candidates import TOO_LONG, seed_of
from backends.generate.sides import RETRY, Draft, Models, dressed, source_of
from compiler.abstaining import abstains
from compiler.checks import evaluate
from compiler.records.recipe import Unit

KNOWN, UNKNOWN = 0.75, 0.25
HALF = "the subject knows it half"
HONEST_ALREADY = "the subject guesses nothing"
NO_ANSWER = "no sample is an answer"


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    said: list[list[str]] = [[] for _ in drafts]
    for number in range(unit.samples):
        sampling = replace(RETRY, seed=seed_of(unit.seed, "known", number, drafts[0].number))
        answers = models.subject.answers([draft.messages for draft in drafts], sampling)
        for draft, answer, own in zip(drafts, answers, said, strict=True):
            if answer is None:
                draft.failed = TOO_LONG
            elif answer:
                own.append(answer)
    for draft, own in zip(drafts, said, strict=True):
        if draft.failed is None:
            _decide(unit, draft, own)


def agreement(answer: str | None, said: list[str]) -> float:
    """The share of samples that hold the known answer; 0 where there is none."""
    return sum(evaluate(right_answer(answer), text) for text in said) / len(said) if answer and said else 0.0


def _decide(unit: Unit, draft: Draft, said: list[str]) -> None:
    if not said:
        draft.failed = NO_ANSWER
        return
    answer = None if draft.candidate.unknowable else draft.candidate.answer
    known = agreement(answer, said)
    source = source_of(unit, "rejected")
    dont_know = source.texts[draft.number % len(source.texts)]
    if answer is not None and known >= KNOWN:
        right = [text for text in said if evaluate(right_answer(answer), text) and not abstains(text)]
        chosen, rejected = _commonest(right), dont_know
    elif known <= UNKNOWN:
        guesses = [t for t in said if not abstains(t) and not (answer and evaluate(right_answer(answer), t))]
        chosen, rejected = dont_know, _commonest(guesses)
    else:
        draft.failed = HALF
        return
    if not chosen or not rejected:
        draft.failed = HONEST_ALREADY
        return
    draft.raw = {"chosen": chosen, "rejected": rejected}
    draft.sides = {
        side: dressed(source, text, draft.number) for side, text in (("chosen", chosen), ("rejected", rejected))
    }


def _commonest(texts: list[str]) -> str:
    """The text said most often, the first of them where several are; empty for none."""
    return Counter(texts).most_common(1)[0][0] if texts else ""
