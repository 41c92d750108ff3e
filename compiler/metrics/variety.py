"""Variety: how many different words and word pairs, and how often the same opening. Collapse shows here.

distinct-n (Li et al., NAACL 2016) falls with length, so every arm gives as many first words of each answer (at most
FIRST, and no more than the shortest arm has there). Its interval is the jackknife's over prompts (Efron and Stein,
Annals of Statistics 9, 1981).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from compiler.metrics.asked import Asked, of_counts
from compiler.metrics.everyday import Texts, said, words_of
from compiler.records.behaviour import Metric
from compiler.records.figures import Score
from compiler.records.record import Arm
from compiler.statistics import t_quantile

FIRST = 12

Run = tuple[str, ...]
"""Words that stand in a row."""


def measure(asked: Asked) -> Iterator[Metric]:
    found = said(asked.program, asked.probes, asked.answers, asked.arms).texts
    if min(map(len, found.values()), default=0) < 2:
        return
    for size, name in ((1, "words"), (2, "word pairs")):
        scores = {arm: distinct(rows) for arm, rows in first_runs(found, size).items()}
        yield Metric(
            id=f"distinct_{size}",
            group="variety",
            title=f"different {name}",
            explains=f"different {name} among all in the first {FIRST} words, as many of each answer in every arm",
            unit="share",
            better="more",
            scores={arm: score for arm, score in scores.items() if score},
        )
    yield _openings(found)


def first_runs(texts: Texts, size: int) -> dict[Arm, list[list[Run]]]:
    """Return, per arm and answer, the runs of `size` words in its first words, as many of each answer in every arm."""
    words = {arm: [words_of(text) for text in rows] for arm, rows in texts.items()}
    cuts = [min(FIRST, *map(len, row)) for row in zip(*words.values(), strict=True)]
    return {arm: [_runs(row[:cut], size) for row, cut in zip(rows, cuts, strict=True)] for arm, rows in words.items()}


def _runs(words: Sequence[str], size: int) -> list[Run]:
    return [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]


def distinct_share(rows: Sequence[Sequence[Run]]) -> float:
    """Return the share of different runs among all; 0 where there is none.

    >>> distinct_share([[("a",), ("b",)], [("a",), ("c",)]])
    0.75
    """
    total = sum(map(len, rows))
    return len({run for row in rows for run in row}) / total if total else 0.0


def distinct(rows: Sequence[Sequence[Run]], confidence: float = 0.95) -> Score | None:
    """Return `distinct_share` with the jackknife's t interval over rows; None for fewer than two that have a run."""
    counts = Counter(run for row in rows for run in row)
    total = sum(counts.values())
    n = sum(bool(row) for row in rows)
    if n < 2:
        return None
    value = distinct_share(rows)
    left_out = []
    for row in (row for row in rows if row):
        own = Counter(row)
        alone = sum(counts[run] == count for run, count in own.items())
        left_out.append((len(counts) - alone) / (total - len(row)))
    middle = math.fsum(left_out) / n
    error = math.sqrt((n - 1) / n * math.fsum((each - middle) ** 2 for each in left_out))
    half = t_quantile(0.5 + confidence / 2.0, n - 1) * error
    return Score(value=value, low=max(0.0, value - half), high=min(1.0, value + half), n=n)


def commonest_opening(texts: Sequence[str]) -> tuple[str, int]:
    """Return the two words, folded, with which most answers begin, and how many do."""
    ((words, count),) = Counter(" ".join(words_of(text)[:2]) for text in texts).most_common(1)
    return words, count


def _openings(texts: Texts) -> Metric:
    scores: dict[Arm, Score] = {}
    examples: dict[Arm, str] = {}
    for arm, rows in texts.items():
        words, count = commonest_opening(rows)
        score = of_counts(count, len(rows))
        if score:
            scores[arm], examples[arm] = score, f"{words} ..."
    return Metric(
        id="same_opening",
        group="variety",
        title="opens the same way",
        explains="everyday answers that begin with the arm's commonest two words (chosen after the fact)",
        unit="share",
        better="less",
        scores=scores,
        examples=examples,
    )
