"""Rows that stand there twice, nearly twice, or say the opposite of one another.

Near-duplicates are found by MinHash over runs of words (Broder 1997), in bands, so that not every two rows are
compared; what it proposes is checked by the Jaccard similarity of the runs themselves.
"""

from __future__ import annotations

import hashlib
import re
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
LOOK_BACK = 8
"""Earlier texts of a bucket that one is compared with."""
MOST_SHARE = 0.10
_WEIGHTS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
"""Odd numbers of 64 bits, one a word of a run."""
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
    """Return the ids of texts that are near duplicates of an earlier one, exact ones left out.

    Time and memory grow with the number of texts: within a band, a text is compared with at most `LOOK_BACK` earlier
    ones of its bucket, so that a form asked ten thousand times does not cost its square.
    """
    import numpy as np

    if not texts:
        return []
    words: dict[str, int] = {}
    runs = [_runs(text, words) for _, text in texts]
    near: set[int] = set()
    for earlier, number in _candidates(np.stack([*_signatures(runs)])):
        if number not in near and NEAR <= _alike(runs[earlier], runs[number]) < 1.0:
            near.add(number)
    return [texts[number][0] for number in sorted(near)]


def _runs(text: str, words: dict[str, int]) -> Any:
    """Return the runs of words as sorted 64-bit numbers, each once. words: numbers of words that are known already."""
    import numpy as np

    found = _WORD.findall(text.casefold())
    numbers = np.array([words.get(word) or words.setdefault(word, _number(word)) for word in found], np.uint64)
    if len(numbers) < RUN:
        numbers = np.concatenate([numbers, np.zeros(RUN - len(numbers), np.uint64)])
    # Places of a run weigh otherwise, so that its order counts; numbers of 64 bits wrap around.
    count = len(numbers) - RUN + 1
    mixed = sum((numbers[at : at + count] * np.uint64(weight) for at, weight in enumerate(_WEIGHTS)), np.uint64(0))
    return np.unique(mixed)


def _number(word: str) -> int:
    # Python's own hash of texts differs from process to process.
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big") | 1


def _alike(one: Any, other: Any) -> float:
    import numpy as np

    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)


def _signatures(runs: Iterable[Any]) -> Iterator[Any]:
    """Yield MinHash signatures: `PERMUTATIONS` values of 32 bits each."""
    import numpy as np

    dice = np.random.default_rng(1)
    # Multiply and add, without a prime: the upper half of the product is well mixed.
    factors = dice.integers(1, 1 << 63, PERMUTATIONS, dtype=np.uint64) | np.uint64(1)
    offsets = dice.integers(0, 1 << 63, PERMUTATIONS, dtype=np.uint64)
    for values in runs:
        mixed = values[:, None] * factors[None, :] + offsets[None, :]
        yield (mixed >> np.uint64(32)).min(axis=0).astype(np.uint32)


def _candidates(signatures: Any) -> Iterator[tuple[int, int]]:
    """Yield pairs of texts that share a band, the earlier one first, each pair once."""
    import numpy as np

    count = len(signatures)
    weights = np.array((*_WEIGHTS, 0x2545F4914F6CDD1D), np.uint64)
    found = []
    for band in range(BANDS):
        width = PERMUTATIONS // BANDS
        keys = (signatures[:, band * width : (band + 1) * width].astype(np.uint64) * weights).sum(axis=1)
        order = np.argsort(keys, kind="stable")
        ranked = keys[order]
        for back in range(1, min(LOOK_BACK, count - 1) + 1):
            same = ranked[back:] == ranked[:-back]
            if not same.any():
                break
            found.append(order[:-back][same] * count + order[back:][same])
    for pair in np.unique(np.concatenate(found)).tolist() if found else ():
        yield divmod(pair, count)
