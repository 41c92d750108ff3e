"""An engine in the judging role, asked about one principle at a time in the words of its rubric.

In: cases, an engine, rubrics. Out: kept, broken, or undecided where a reply gives no verdict. A batch holds requests of
one principle: it is cached as a whole, so that an edit to one clause leaves what was said about the others. This file
must not know which engine answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.cached import CHUNK, CachedEngine
from backends.engines import Sampling
from backends.judges import Case, Decision, both
from compiler.records.checks import JudgeCheck
from compiler.records.record import Message
from compiler.replies import YES_NO, verdict
from compiler.rubrics import Rubric, is_plain

YES = 0.5
REPEATED = Sampling(temperature=0.7, max_new_tokens=256)
"""How a judge is sampled where it is asked several times."""


class ModelJudge:
    """repeats: 1 asks once, greedily, and takes the probability of yes; more ask that often by sampling, and take the
    share of yes among replies with a verdict, where at least half have one."""

    def __init__(self, engine: CachedEngine, rubrics: Mapping[str, Rubric] | None = None, repeats: int = 1) -> None:
        self.engine = engine
        self.rubrics = rubrics or {}
        self.repeats = repeats

    def decide(self, cases: Sequence[Case]) -> list[Decision]:
        asked = [(place, c) for place, case in enumerate(cases) for c in case.checks if isinstance(c, JudgeCheck)]
        said = self._judged([(check.principle, cases[place]) for place, check in asked])
        kept: list[bool | None] = [True] * len(cases)
        first: dict[int, float | None] = {}
        for (place, check), yes in zip(asked, said, strict=True):
            kept[place] = both(kept[place], None if yes is None else (yes >= YES) == check.present)
            first.setdefault(place, yes)
        return [Decision(kept[place], first.get(place)) for place in range(len(cases))]

    def rubric(self, principle: str) -> Rubric:
        """The rubric of a principle; of one that no clause states, the principle alone."""
        return self.rubrics.get(principle) or Rubric(principle, plain=is_plain(self.engine.base.name))

    def _judged(self, asked: Sequence[tuple[str, Case]]) -> list[float | None]:
        """What is on yes for each principle and answer."""
        places: dict[str, list[int]] = {}
        for place, (principle, _) in enumerate(asked):
            places.setdefault(principle, []).append(place)
        said: list[float | None] = [None] * len(asked)
        for principle, own in places.items():
            rubric = self.rubric(principle)
            requests = {p: rubric.request(asked[p][1].question, asked[p][1].answer) for p in own}
            # An arm often says the same to the same question, and a clause and a facet may ask for the same.
            different = list(dict.fromkeys(requests.values()))
            found: dict[str, float | None] = {}
            for start in range(0, len(different), CHUNK):
                batch = different[start : start + CHUNK]
                found.update(zip(batch, self._yes(batch), strict=True))
            for place, request in requests.items():
                said[place] = found[request]
        return said

    def _yes(self, requests: Sequence[str]) -> list[float | None]:
        if self.repeats == 1:
            return self.engine.yes(requests)
        votes: list[list[float]] = [[] for _ in requests]
        conversations = [(Message(role="user", content=request),) for request in requests]
        for seed in range(self.repeats):
            sampling = Sampling(REPEATED.temperature, REPEATED.max_new_tokens, seed)
            for place, reply in enumerate(self.engine.answers(conversations, sampling)):
                if (found := verdict(reply or "", YES_NO)) is not None:
                    votes[place].append(float(found[0] == "yes"))
        return [sum(own) / len(own) if 2 * len(own) >= self.repeats else None for own in votes]
