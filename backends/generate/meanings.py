"""Questions that were taken, searched for one that means the same.

In: an embedder, questions. Out: whether a question is near one that was taken. This file must not know units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backends.cached import CHUNK

if TYPE_CHECKING:
    from backends.embedders import Embedder, Vectors

SAME = 0.9
"""Questions whose vectors have this cosine mean the same."""


class Meanings:
    """Texts that were taken, searched for one that means the same."""

    def __init__(self, embedder: Embedder, same: float = SAME) -> None:
        self.same = same
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}
        self._taken: Vectors | None = None
        self._count = 0

    def expect(self, texts: Sequence[str]) -> None:
        """Embed texts together, before they are asked about one by one."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._embedder.embed(new), strict=True))

    def near(self, text: str) -> bool:
        self.expect([text])
        if self._taken is None:
            return False
        return bool((self._taken[: self._count] @ self._known[text]).max() >= self.same)

    def add(self, text: str) -> None:
        import numpy as np

        self.expect([text])
        vector = self._known[text]
        if self._taken is None:
            self._taken = np.zeros((CHUNK, len(vector)), np.float32)
        if self._count == len(self._taken):
            self._taken = np.concatenate([self._taken, np.zeros_like(self._taken)])
        self._taken[self._count] = vector
        self._count += 1
