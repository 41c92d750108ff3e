"""One look at a model while it is trained: what it answers, and how far that is from what its base answers.

In: the model with its adapter on, held-out rows, rows that are trained on, a judge. Out: a `Look`. Answers that are
scored are greedy, as when an adapter is measured. The divergence is of answers that are sampled at temperature 1 with a
seed of their own, at each of their tokens over the whole vocabulary. Nothing here touches the trainer's random state.
This file must not know when it is looked, nor what follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from backends.bases import Base
from backends.cached import CHUNK, CachedEngine
from backends.deciding import Case, decide
from backends.devices import Device
from backends.engines import Sampling
from backends.engines.transformers import TransformersEngine
from compiler.checks import evaluate
from compiler.metrics.everyday import words_of
from compiler.metrics.variety import distinct_share, first_runs
from compiler.records.watch import Look, Watch, WatchRow
from compiler.side_effects import repeats_itself
from compiler.statistics.correlation import spearman
from compiler.watching import SAMPLED


@dataclass(frozen=True, slots=True)
class Rows:
    """held_out: of watch.jsonl. trained: questions that training rows ask."""

    held_out: tuple[WatchRow, ...]
    trained: tuple[WatchRow, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """Answers to rows, in their order; None for a row that the model cannot read. passed: the clause's checks; kept:
    these, and right, and an answer at all."""

    texts: list[str | None]
    passed: list[bool | None]
    kept: list[bool | None]
    right: list[bool | None]


class Watcher:
    """Looks at one model. The base answers once, with the adapter off."""

    def __init__(self, base: Base, device: Device, model: Any, watch: Watch, rows: Rows, judge: CachedEngine) -> None:
        self.watch = watch
        self.rows = rows
        self.judge = judge
        self._engine = TransformersEngine(base, device, model)
        with self._evaluating():
            self._base = self._asked(rows.held_out, adapter=False)
        self.degenerate_base = _share(_is_empty(t) or repeats_itself(t) for t in self._base.texts if t is not None)

    def look(self, step: int, of: int) -> Look:
        with self._evaluating():
            held_out = self._asked(self.rows.held_out, adapter=True)
            trained = self._asked(self.rows.trained, adapter=True)
            kl = self._divergence()
        both = [
            (t, b) for t, b in zip(held_out.texts, self._base.texts, strict=True) if t is not None and b is not None
        ]
        ours, theirs = [t for t, _ in both], [b for _, b in both]
        lengths = [float(len(words_of(text))) for text in ours]
        length, base_length = _mean(lengths), _mean([float(len(words_of(text))) for text in theirs])
        runs = {name: distinct_share(found) for name, found in first_runs({"adapter": ours, "base": theirs}, 2).items()}
        clauses = _by_clause(self.rows.held_out, held_out.kept)
        facts, base_facts = _of(held_out.right), _of(self._base.right)
        passed = _of(held_out.passed)
        return Look(
            step=step,
            of=of,
            score=_mean(list(clauses.values())),
            clauses=clauses,
            reward=passed if passed is not None else 0.0,
            trained=_mean(list(_by_clause(self.rows.trained, trained.kept).values())) if self.rows.trained else None,
            kl=kl,
            facts=facts,
            facts_lost=None if facts is None or base_facts is None else base_facts - facts,
            length=length,
            length_ratio=length / base_length if base_length else 1.0,
            reward_length=_correlation(held_out.passed, held_out.texts),
            distinct_2=runs["adapter"],
            base_distinct_2=runs["base"],
            empty=_share(_is_empty(text) for text in ours),
            looping=_share(repeats_itself(text) for text in ours),
        )

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        model = self._engine.model
        was, learned = model.training, [(weight, weight.requires_grad) for weight in model.parameters()]
        model.eval()
        try:
            yield
        finally:
            model.train(was)
            # Switching adapters off and on again lets all of them learn, one that stands still too.
            for weight, learns in learned:
                weight.requires_grad_(learns)

    def _asked(self, rows: Sequence[WatchRow], *, adapter: bool) -> Said:
        greedy = Sampling(max_new_tokens=self.watch.answer)
        texts: list[str | None] = []
        for start in range(0, len(rows), CHUNK):
            batch = [row.messages for row in rows[start : start + CHUNK]]
            texts += self._engine.answers(batch, greedy, adapter=adapter)
        given = [place for place, text in enumerate(texts) if text is not None]
        cases = [Case(rows[i].messages[-1].content, texts[i] or "", rows[i].checks) for i in given]
        passed: list[bool | None] = [None] * len(rows)
        kept, right = list(passed), list(passed)
        for place, decision in zip(given, decide(cases, self.judge), strict=True):
            row, text = rows[place], texts[place] or ""
            if row.right:
                right[place] = all(evaluate(check, text) for check in row.right)
            if row.checks and decision.kept is not None:
                passed[place] = decision.kept
                sound = not _is_empty(text) and not repeats_itself(text)
                kept[place] = decision.kept and sound and right[place] is not False
        return Said(texts, passed, kept, right)

    def _divergence(self) -> float:
        engine = self._engine
        rows = _spread(self.rows.held_out, SAMPLED)
        prompts = [engine.chat.prompt_ids(row.messages) for row in rows]
        sampling = Sampling(temperature=1.0, max_new_tokens=self.watch.answer, seed=self.watch.seed)
        found: list[float] = []
        for asked, said in zip(prompts, engine.continuations(prompts, sampling, adapter=True), strict=True):
            if said is not None:
                found += engine.strayed(asked, said, ended=len(said) < self.watch.answer)
        return _mean(found)


def _is_empty(text: str) -> bool:
    return not words_of(text)


def _spread(rows: Sequence[WatchRow], most: int) -> list[WatchRow]:
    """At most so many rows, evenly from all."""
    count = min(most, len(rows))
    return [rows[place * len(rows) // count] for place in range(count)]


def _by_clause(rows: Sequence[WatchRow], kept: Sequence[bool | None]) -> dict[str, float]:
    """The share kept of each clause that some answer decides."""
    found: dict[str, list[bool]] = {}
    for row, each in zip(rows, kept, strict=True):
        if each is not None:
            found.setdefault(row.clause_id, []).append(each)
    return {clause: _share(flags) for clause, flags in found.items()}


def _of(flags: Sequence[bool | None]) -> float | None:
    said = [flag for flag in flags if flag is not None]
    return _share(said) if said else None


def _share(flags: Any) -> float:
    return _mean([float(flag) for flag in flags])


def _mean(numbers: Sequence[float]) -> float:
    return fmean(numbers) if numbers else 0.0


def _correlation(passed: Sequence[bool | None], texts: Sequence[str | None]) -> float | None:
    """Spearman's, of whether an answer passes its checks with its length; None of too few, or where all are alike."""
    pairs = [
        (float(flag), float(len(words_of(text))))
        for flag, text in zip(passed, texts, strict=True)
        if flag is not None and text is not None
    ]
    if len(pairs) < 3 or any(len(set(numbers)) == 1 for numbers in zip(*pairs, strict=True)):
        return None
    return spearman([flag for flag, _ in pairs], [length for _, length in pairs])[0]
