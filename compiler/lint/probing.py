"""How well a simple reader, who knows nothing of the clause, tells chosen from rejected: by words, and by length.

In: pairs. Out: the share of held-out pairs that a reader orders rightly, one half for a coin. The reader of words is
naive Bayes over which words a side holds (presence, add-one smoothing), a baseline that is hard to beat on short texts
(Wang and Manning 2012, "Baselines and Bigrams"); the reader of length goes by which side is the longer one in the pairs
that it has seen. Each pair is judged by a reader that has not seen it, nor any other pair with the same prompt. This
file must not know limits.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from compiler.lint.findings import Rows, text_of
from compiler.records.rows import PreferencePair

FOLDS = 5
MOST = 2000
"""Pairs of a clause that are looked at, spread evenly: more of them would change the share by less than a hundredth."""
WORD = re.compile(r"\w+(?:['’]\w+)?|[^\w\s]")
"""Signs count too: an exclamation mark tells sides apart as well as a word does."""


class Separability(NamedTuple):
    """Shares of `pairs` that are ordered rightly; ties count one half."""

    words: float
    length: float
    pairs: int


def separability(pairs: Sequence[PreferencePair]) -> Separability:
    """Return how separable pairs are; 0.5 throughout where there are none."""
    if len(pairs) > MOST:
        pairs = [pairs[place * len(pairs) // MOST] for place in range(MOST)]
    sides = [(_held(text_of(p.chosen)), _held(text_of(p.rejected))) for p in pairs]
    lengths = [len(text_of(p.chosen).split()) - len(text_of(p.rejected).split()) for p in pairs]
    folds = [zlib.crc32(text_of(p.prompt).encode()) % FOLDS for p in pairs]
    words_right = length_right = 0.0
    for fold in range(FOLDS):
        seen = [place for place, of in enumerate(folds) if of != fold]
        asked = [place for place, of in enumerate(folds) if of == fold]
        weigh = _weights([sides[place] for place in seen])
        longer = sum((lengths[place] > 0) - (lengths[place] < 0) for place in seen)
        for place in asked:
            chosen, rejected = sides[place]
            # A word that both sides hold moves neither.
            score = sum(weigh.get(w, 0.0) for w in chosen - rejected) - sum(
                weigh.get(w, 0.0) for w in rejected - chosen
            )
            words_right += _right(score)
            length_right += _right(lengths[place] * longer)
    count = len(pairs)
    return Separability(words_right / count, length_right / count, count) if count else Separability(0.5, 0.5, 0)


def of_clause(rows: Rows, clause_id: str) -> Separability:
    """How separable the pairs of a clause are, worked out once."""
    key = (separability, clause_id)
    if key not in rows.known:
        rows.known[key] = separability(rows.by_clause[clause_id])
    found: Separability = rows.known[key]
    return found


def _right(score: float) -> float:
    return 0.5 if abs(score) < 1e-9 else float(score > 0)


def _held(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.casefold()))


def _weights(sides: Sequence[tuple[frozenset[str], frozenset[str]]]) -> dict[str, float]:
    """log P(word | chosen) / P(word | rejected)."""
    chosen: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for one, other in sides:
        chosen.update(one)
        rejected.update(other)
    return {word: math.log((chosen[word] + 1) / (rejected[word] + 1)) for word in chosen.keys() | rejected.keys()}
