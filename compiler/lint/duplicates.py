"""Rows that stand there twice, nearly twice, or say the opposite of one another.

Near-duplicates are found by MinHash over runs of words (Broder 1997), in bands, so that not every two rows are
compared; what it proposes is checked by the Jaccard similarity of the runs themselves.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from compiler.digests import digest
from compiler.lint.findings import Finding, Rows, Severity, finding, text_of
from compiler.records.rows import PreferencePair

NEAR = 0.8
RUN = 3
PERMUTATIONS = 128
BANDS = 32
"""Of 4 values: rows alike to 0.8 share a band with a chance of 1 - (1 - 0.8**4)**32 > 0.9999."""
MOST_SHARE = 0.10
_WORD = re.compile(r"\w+")


def look(rows: Rows) -> Iterator[Finding]:
    yield from _exact(rows.pairs)
    yield from _opposite(rows.pairs)
    near = near_duplicates([(pair.id, _whole(pair)) for pair in rows.pairs])
    share = len(near) / max(len(rows.pairs), 1)
    if near:
        message = f"{len(near)} of {len(rows.pairs)} rows are near duplicates of an earlier one ({share:.0%})"
        severity: Severity = "warning" if share > MOST_SHARE else "note"
        yield finding("L03", severity, message, "ask more varied questions, or draw answers wider", rows=near)


def _whole(pair: PreferencePair) -> str:
    return "\n".join(map(text_of, (pair.prompt, pair.chosen, pair.rejected)))


def _exact(pairs: Sequence[PreferencePair]) -> Iterator[Finding]:
    seen: set[str] = set()
    twice = []
    for pair in pairs:
        key = digest([[m.model_dump() for m in side] for side in (pair.prompt, pair.chosen, pair.rejected)])
        if key in seen:
            twice.append(pair.id)
        seen.add(key)
    if twice:
        message = f"{len(twice)} rows are the same as an earlier one, word for word"
        yield finding("L02", "warning", message, "leave them out: training counts them twice", rows=twice)


def _opposite(pairs: Sequence[PreferencePair]) -> Iterator[Finding]:
    """Rows that prefer what another row rejects, to the same prompt."""
    rejected = {(text_of(pair.prompt), text_of(pair.rejected)): pair.id for pair in pairs}
    against = [pair.id for pair in pairs if (text_of(pair.prompt), text_of(pair.chosen)) in rejected]
    if against:
        message = f"{len(against)} rows choose an answer that another row rejects, to the same prompt"
        yield finding("L04", "error", message, "one of the two clauses must yield: state a priority", rows=against)


def near_duplicates(texts: Sequence[tuple[str, str]]) -> list[str]:
    """Return the ids of texts that are near duplicates of an earlier one, exact ones left out."""
    runs = [_runs(text) for _, text in texts]
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    near = []
    for number, signature in enumerate(_signatures(runs)):
        rows_in_band = len(signature) // BANDS
        keys = [(band, signature[band * rows_in_band : (band + 1) * rows_in_band].tobytes()) for band in range(BANDS)]
        others = Counter(other for key in keys for other in buckets[key])
        if any(runs[other] != runs[number] and _alike(runs[other], runs[number]) >= NEAR for other in others):
            near.append(texts[number][0])
        for key in keys:
            buckets[key].append(number)
    return near


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return frozenset(tuple(words[at : at + RUN]) for at in range(max(1, len(words) - RUN + 1)))


def _alike(one: frozenset[Any], other: frozenset[Any]) -> float:
    return len(one & other) / len(one | other)


def _signatures(runs: Iterable[frozenset[tuple[str, ...]]]) -> Iterator[Any]:
    """Yield MinHash signatures: `PERMUTATIONS` values of 64 bits each."""
    import numpy as np

    dice = np.random.default_rng(1)
    # Multiply and add, without a prime: the upper half of the product is well mixed.
    factors = dice.integers(1, 1 << 63, PERMUTATIONS, dtype=np.uint64) | np.uint64(1)
    offsets = dice.integers(0, 1 << 63, PERMUTATIONS, dtype=np.uint64)
    for group in runs:
        values = np.array([_hashed(run) for run in sorted(group)], np.uint64)
        mixed = values[:, None] * factors[None, :] + offsets[None, :]
        yield (mixed >> np.uint64(32)).min(axis=0)


def _hashed(run: tuple[str, ...]) -> int:
    # Python's own hash of texts differs from process to process.
    import zlib

    text = " ".join(run).encode()
    return zlib.crc32(text) << 32 | zlib.adler32(text)
