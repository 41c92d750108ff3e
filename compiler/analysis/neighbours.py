"""Which of many regions may meet, without asking each two of them.

In: regions. Out: for each, the places of those that may meet it. The dimension that most of them pin to a few values
sorts them: two that are pinned to other values never meet. This file must not know clauses.

>>> regions = Neighbours([({"channel": 2},), ({"channel": 4},), ({},), ({"channel": 6, "age": 8},)])
>>> [list(regions.after(n)) for n in range(4)]
[[2, 3], [2, 3], [3], []]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from compiler.regions import Region

FEW = 4
"""To so many values a region may be pinned to be sorted by them."""


class Neighbours:
    def __init__(self, regions: Sequence[Region]) -> None:
        pinning = Counter(name for region in regions for name in _pinned(region))
        self._by = pinning.most_common(1)[0][0] if pinning else ""
        self._bits = [_pinned(region).get(self._by, 0) for region in regions]
        self._everywhere = [place for place, bits in enumerate(self._bits) if not bits]
        self._at: dict[int, list[int]] = {}
        for place, bits in enumerate(self._bits):
            for bit in _each(bits):
                self._at.setdefault(bit, []).append(place)

    def after(self, place: int) -> Sequence[int]:
        """Return the places behind `place` of all that may meet the region there, in order."""
        bits = self._bits[place]
        if not bits:
            return range(place + 1, len(self._bits))
        found = {other for bit in _each(bits) for other in self._at[bit]}
        return sorted(other for other in found.union(self._everywhere) if other > place)


def _pinned(region: Region) -> dict[str, int]:
    """Return the dimensions that all boxes pin to few values, with these."""
    if not region:
        return {}
    names = set.intersection(*(set(box) for box in region))
    values = {name: _union(region, name) for name in sorted(names)}
    return {name: bits for name, bits in values.items() if bits.bit_count() <= FEW}


def _union(region: Region, name: str) -> int:
    found = 0
    for box in region:
        found |= box[name]
    return found


def _each(bits: int) -> list[int]:
    found = []
    while bits:
        found.append(bits & -bits)
        bits &= bits - 1
    return found
