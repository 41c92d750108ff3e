"""Sentence models: which questions mean the same, where a spec names one (`model { embedder: ... }`).

In: texts. Out: vectors of length 1, one a text. A folder or a Hugging Face id is loaded by transformers and its last
hidden states are averaged over a text's tokens (mean pooling, as Sentence-BERT does: Reimers and Gurevych 2019);
`openai:MODEL@URL` is asked at `/embeddings`. This file must not know units.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from backends.bases import Base, resolve_role
from backends.cached import CHUNK
from compiler.failures import DataError, ModelLoadError, NetworkError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

SAME = 0.9
"""Questions whose vectors have this cosine mean the same."""
LONGEST = 512
"""Tokens of a text that are read."""


class Embedder(Protocol):
    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of shape (texts, dimensions), each of length 1."""


def load(name: str, root: Path, *, local_files_only: bool = False) -> Embedder:
    """Return the embedder that a spec names; folders start from `root`.

    Raises:
        ModelLoadError, NetworkError: it cannot be had.
    """
    base = resolve_role(name, relative_to=root, local_files_only=local_files_only)
    return Served(name) if base.engine == "openai" else Local(base)


class Local:
    """A model of this machine, on its CPU: sentence models are small."""

    def __init__(self, base: Base) -> None:
        from transformers import AutoModel, AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(
                str(base.path), trust_remote_code=False, local_files_only=True
            )
            self._model: Any = AutoModel.from_pretrained(
                str(base.path), use_safetensors=True, trust_remote_code=False, local_files_only=True
            ).eval()
        except Exception as error:  # the library raises many kinds; all mean that the files are no such model
            first = str(error).strip().splitlines() or [type(error).__name__]
            raise ModelLoadError(f"{base.name} is no sentence model that can be read: {first[0]}") from error
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token

    def embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np
        import torch

        found = []
        with torch.inference_mode():
            for start in range(0, len(texts), CHUNK):
                batch = self._tokenizer(
                    list(texts[start : start + CHUNK]),
                    padding=True,
                    truncation=True,
                    max_length=LONGEST,
                    return_tensors="pt",
                )
                batch.pop("token_type_ids", None)
                states = self._model(**batch).last_hidden_state.float()
                mask = batch["attention_mask"].unsqueeze(-1)
                found.append(((states * mask).sum(1) / mask.sum(1).clamp(min=1)).numpy())
        return _unit(np.concatenate(found)) if found else np.zeros((0, 0), np.float32)


class Served:
    """A model behind a server that speaks OpenAI's protocol."""

    def __init__(self, name: str) -> None:
        from backends.server import served

        self._server = served(name)

    def embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        from backends.server import Refused

        found: list[list[float]] = []
        for start in range(0, len(texts), CHUNK):
            batch = list(texts[start : start + CHUNK])
            try:
                reply = self._server.post("embeddings", {"model": self._server.model, "input": batch})
            except Refused as error:
                raise DataError(f"{self._server.url} embeds nothing: {error}") from error
            try:
                rows = sorted(reply["data"], key=lambda row: row["index"])
                vectors = [[float(number) for number in row["embedding"]] for row in rows]
            except (KeyError, TypeError, ValueError) as error:
                raise NetworkError(f"{self._server.url} answers with no embeddings: {error!r}") from error
            if len(vectors) != len(batch):
                raise NetworkError(f"{self._server.url} answers {len(batch)} texts with {len(vectors)} vectors")
            found += vectors
        return _unit(np.asarray(found, np.float32)) if found else np.zeros((0, 0), np.float32)


def _unit(vectors: Vectors) -> Vectors:
    import numpy as np

    # No text may come near another one by having no direction.
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit


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
