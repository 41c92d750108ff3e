"""Variety: how many different words and word pairs, and how often the same opening. Collapse shows here.

distinct-n (Li et al., NAACL 2016) falls with length, so every arm gives as many first words of each answer (at most
FIRST, and no more than the shortest arm has there). Its interval is the jackknife's over prompts (Efron and Stein,
Annals of Statistics 9, 1981).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from compiler import tallies
from compiler.metrics.asked import Asked, of_counts
from compiler.records import Arm
from compiler.report.record import Metric, Score
from compiler.side_effects import everyday, opening, words_of
from compiler.statistics import t_quantile

FIRST = 12


def measure(asked: Asked) -> Iterator[Metric]:
    texts = _texts(asked)
    n = len(next(iter(texts.values()), ()))
    if n < 2:
        return
    words = {arm: [words_of(text) for text in rows] for arm, rows in texts.items()}
    sizes = [min(FIRST, *(len(words[arm][place]) for arm in words)) for place in range(n)]
    for size, name in ((1, "words"), (2, "word pairs")):
        scores = {
            arm: distinct([_runs(row[:cut], size) for row, cut in zip(rows, sizes, strict=True)])
            for arm, rows in words.items()
        }
        yield Metric(
            id=f"distinct_{size}",
            group="variety",
            title=f"different {name}",
            explains=f"different {name} among all in the first {FIRST} words, as many of each answer in every arm",
            unit="share",
            better="more",
            scores={arm: score for arm, score in scores.items() if score},
        )
    yield _openings(texts)


def _texts(asked: Asked) -> Mapping[Arm, list[str]]:
    """The answers to everyday prompts that every arm has answered, each prompt once."""
    said: dict[object, dict[Arm, str]] = {}
    for probe in everyday(asked.program, asked.probes):
        row = {arm: m.answer for arm in asked.arms if (m := asked.answers.get((probe.id, arm))) and m.was_given}
        if len(row) == len(asked.arms):
            said.setdefault(tallies.prompt_key(probe), row)
    return {arm: [row[arm] for row in said.values()] for arm in asked.arms}


def _runs(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + size]) for start in range(len(words) - size + 1)]


def distinct(rows: Sequence[Sequence[tuple[str, ...]]], confidence: float = 0.95) -> Score | None:
    """Return the share of different runs among all, with the jackknife's t interval over rows.

    >>> distinct([[("a",), ("b",)], [("a",), ("c",)]]).value
    0.75
    """
    counts = Counter(run for row in rows for run in row)
    total = sum(counts.values())
    n = sum(bool(row) for row in rows)
    if n < 2:
        return None
    value = len(counts) / total
    left_out = []
    for row in (row for row in rows if row):
        own = Counter(row)
        alone = sum(counts[run] == count for run, count in own.items())
        left_out.append((len(counts) - alone) / (total - len(row)))
    middle = math.fsum(left_out) / n
    error = math.sqrt((n - 1) / n * math.fsum((each - middle) ** 2 for each in left_out))
    half = t_quantile(0.5 + confidence / 2.0, n - 1) * error
    return Score(value=value, low=max(0.0, value - half), high=min(1.0, value + half), n=n)


def _openings(texts: Mapping[Arm, Sequence[str]]) -> Metric:
    scores: dict[Arm, Score] = {}
    examples: dict[Arm, str] = {}
    for arm, rows in texts.items():
        ((words, count),) = Counter(opening(text) for text in rows).most_common(1)
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
