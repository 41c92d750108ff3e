"""Probes put to an arm, and what it says held against their checks.

In: probes, an arm, the compiled prompt, the engines of the subject and the judge. Out: answers, and measurements of
them. No batch holds probes of two clauses. This file must not know which probes are asked, or why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backends.cached import CHUNK, CachedEngine
from backends.deciding import decide
from backends.engines import Conversation, Sampling
from backends.judges import Judge
from backends.measure import outcomes
from backends.measure.arms import Said, seen, waiting
from backends.measure.engaged import engaged
from compiler.arms import uses_adapter, uses_steering
from compiler.records.measured import Engaged, Measurement
from compiler.records.recipe import Recipe
from compiler.records.record import Arm, Message
from compiler.records.rows import Probe

ANSWERS = Sampling(max_new_tokens=160)


def described(max_new_tokens: int | None, temperature: float | None = 0.0) -> str:
    """How answers are drawn, in words. None: as the model's server sets it.

    >>> described(160)
    'greedy, at most 160 new tokens'
    """
    drawn = "the server's temperature" if temperature is None else f"temperature {temperature:g}"
    length = "" if max_new_tokens is None else f", at most {max_new_tokens} new tokens"
    return f"{'greedy' if temperature == 0 else drawn}{length}"


SAMPLING = described(ANSWERS.max_new_tokens)


def answer(
    subject: CachedEngine, probes: Sequence[Probe], arm: Arm, prompt: str, tell: Callable[[int], None] | None = None
) -> list[Said]:
    """What the arm says to each probe, greedily. A push after a first answer follows the arm's own first answer, and
    each turn of a dialogue its own answers to the turns before."""
    said: dict[str, Said] = {}
    for own in _by_clause(probes):

        def told(n: int, before: int = len(said)) -> None:
            if tell is not None:
                tell(before + n)

        answers = _answer(subject, [seen(probe, arm, prompt) for probe in own], arm, told)
        said.update(zip((probe.id for probe in own), answers, strict=True))
    return [said[probe.id] for probe in probes]


def _by_clause(probes: Sequence[Probe]) -> list[list[Probe]]:
    """The probes of each clause together: whatever is batched is batched within one of these.

    A batch is cached as a whole. Were it shared, an edit to one clause would regroup the others' batches, and all of
    them would be answered and judged anew.
    """
    groups: dict[str, list[Probe]] = {}
    for probe in probes:
        groups.setdefault(probe.clause_id, []).append(probe)
    return list(groups.values())


def _answer(
    subject: CachedEngine, conversations: list[Conversation], arm: Arm, tell: Callable[[int], None]
) -> list[Said]:
    before: list[tuple[str | None, ...]] = [() for _ in conversations]
    # All conversations that wait for an answer go on by one turn together.
    while first := [place for place, conversation in enumerate(conversations) if waiting(conversation) is not None]:
        openings = [conversations[place][: waiting(conversations[place])] for place in first]
        for place, said in zip(first, _answers(subject, openings, arm), strict=True):
            at = waiting(conversations[place])
            assert at is not None
            # A template may refuse an empty turn; an answer of nothing is shown as such.
            filled = Message(role="assistant", content=said or "…")
            conversations[place] = (*conversations[place][:at], filled, *conversations[place][at + 1 :])
            before[place] = (*before[place], said)
    last = _answers(subject, conversations, arm, tell)
    return [Said(answer, earlier) for answer, earlier in zip(last, before, strict=True)]


def _answers(
    subject: CachedEngine, conversations: Sequence[Conversation], arm: Arm, tell: Callable[[int], None] | None = None
) -> list[str | None]:
    """Each different conversation is answered once, in batches that share a system message where they can."""
    said: dict[Conversation, str | None] = {}
    for batch in _batches(conversations):
        answers = subject.answers(batch, ANSWERS, adapter=uses_adapter(arm), steer=uses_steering(arm))
        said.update(zip(batch, answers, strict=True))
        if tell is not None:
            tell(sum(conversation in said for conversation in conversations))
    return [said[conversation] for conversation in conversations]


def _batches(conversations: Sequence[Conversation]) -> list[list[Conversation]]:
    def order(conversation: Conversation) -> tuple[str, int]:
        system = conversation[0].content if conversation[0].role == "system" else ""
        return system, sum(len(m.content) for m in conversation)

    different = sorted(dict.fromkeys(conversations), key=order)
    return [different[start : start + CHUNK] for start in range(0, len(different), CHUNK)]


def gate(subject: CachedEngine, probes: Sequence[Probe], prompt: str) -> Engaged:
    """Whether the adapter does anything, on a batch of the first clause's prompts."""
    conversations = [seen(probe, "adapter", prompt) for probe in _by_clause(probes)[0]]
    whole = [c for c in conversations if waiting(c) is None] or [c[: waiting(c)] for c in conversations]
    asked = _batches(whole)[0]
    return engaged(subject, asked, subject.answers(asked, ANSWERS), subject.answers(asked, ANSWERS, adapter=True))


def decided(
    probes: Sequence[Probe], arm: Arm, answers: Sequence[Said], recipe: Recipe, judge: Judge
) -> list[Measurement]:
    """Return what each answer did. recipe: it has the checks of clauses that ride along."""
    said = dict(zip((probe.id for probe in probes), answers, strict=True))
    rows: dict[str, Measurement] = {}
    for own in _by_clause(probes):
        further = {probe.id: outcomes.further_checks(probe, recipe) for probe in own}
        asked = {probe.id: outcomes.asked(probe, said[probe.id], further[probe.id]) for probe in own}
        decisions = iter(decide([one.case for probe in own for one in asked[probe.id]], judge))
        for probe in own:
            found = [(one, next(decisions)) for one in asked[probe.id]]
            rows[probe.id] = outcomes.measurement(probe, arm, said[probe.id], further[probe.id], found)
    return [rows[probe.id] for probe in probes]
