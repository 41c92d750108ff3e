"""Embedders: texts -> vectors of length 1, so that two texts are as alike as the product of their vectors is large.

In: a name, as a spec or a command gives it, and texts. Out: an array of vectors, kept by content where a cache is
given. A folder or hub id is a model whose last states are averaged over a text's tokens (mean pooling, as
sentence-transformers' models are used: Reimers and Gurevych 2019, section 3); safetensors alone are read, and no code
of a model is run. `openai:MODEL@URL` is a server with `/embeddings`. This file must not know rows, probes or prompts.

    load("./models/minilm")                                a folder
    load("openai:nomic-embed-text@http://localhost:11434/v1")   a server
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backends import bases
from backends.bases import Base
from backends.server import Refused, Server, served
from compiler import spending
from compiler.failures import DataError, ModelLoadError, NetworkError
from compiler.files import write_bytes

Vectors = NDArray[np.float32]

BATCH = 64
"""Texts that are read together."""
VERSION = 1
"""Of what is written for the same text; a change of pooling raises it."""


class Embedder(Protocol):
    name: str
    digest: str
    """What the vectors depend on beside the text."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return float32 vectors of length 1, one a text: [texts, dimensions]. A text of no word has the vector 0,
        which is like nothing.

        Raises:
            DataError, ModelLoadError, NetworkError: the model cannot be had, or gives something else.
        """


def load(
    name: str, *, cache: Path | None = None, relative_to: Path | None = None, local_files_only: bool = False
) -> Embedder:
    """Find an embedder; its weights are loaded when the first text is new.

    Args:
        cache: a folder; vectors that are there are not computed again.
        relative_to: where a relative folder starts.

    Raises:
        ModelLoadError, NetworkError: as `bases.resolve_role`.
    """
    found = bases.resolve_role(name, relative_to=relative_to, local_files_only=local_files_only)
    embedder: Embedder = Served(found, served(name)) if bases.is_served(name) else Pooled(found)
    return Remembered(embedder, cache) if cache is not None else embedder


class Pooled:
    """A model of this machine; the mean over a text's tokens of its last states."""

    def __init__(self, base: Base) -> None:
        self.name = base.name
        self.digest = base.digest
        self._base = base
        self._loaded: tuple[Any, Any, int] | None = None

    def _load(self) -> tuple[Any, Any, int]:
        if self._loaded is None:
            from transformers import AutoModel, AutoTokenizer
            from transformers.utils import logging

            logging.disable_progress_bar()
            path = str(self._base.path)
            # The library's own table of what is missing names the pooler, which nothing here uses.
            before = logging.get_verbosity()
            logging.set_verbosity_error()
            try:
                tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False, local_files_only=True)
                model, report = AutoModel.from_pretrained(
                    path,
                    use_safetensors=True,
                    trust_remote_code=False,
                    local_files_only=True,
                    output_loading_info=True,
                )
            except Exception as error:  # the library raises many kinds; all mean that the files are no such model
                raise ModelLoadError(
                    f"{self.name} cannot be read as a model that embeds: {str(error).strip().partition(chr(10))[0]}"
                ) from error
            finally:
                logging.set_verbosity(before)
            missing = sorted(key for key in report["missing_keys"] if "pooler" not in key)
            if missing:
                raise ModelLoadError(f"{self.name}: {len(missing)} tensors are not in the weights: {missing[0]} first")
            if tokenizer.pad_token is None:
                tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
            tokenizer.padding_side = "right"
            model = model.float().eval()
            positions = getattr(model.config, "max_position_embeddings", None) or 512
            self._loaded = tokenizer, model, min(positions, tokenizer.model_max_length)
        return self._loaded

    def embed(self, texts: Sequence[str]) -> Vectors:
        return _all(texts, self._embed, self.name)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        import torch

        tokenizer, model, longest = self._load()
        # Texts of one length together: padding is computed like words.
        order = sorted(range(len(texts)), key=lambda place: (len(texts[place]), place))
        rows: list[Any] = [None] * len(texts)
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            read = tokenizer(
                [texts[place] for place in places],
                padding=True,
                truncation=True,
                max_length=longest,
                return_tensors="pt",
                return_token_type_ids=False,
            )
            with torch.inference_mode():
                states = model(**read).last_hidden_state
            mask = read["attention_mask"].unsqueeze(-1)
            pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
            for place, vector in zip(places, pooled.numpy(), strict=True):
                rows[place] = vector
        return np.asarray(rows, np.float32)


class Served:
    """A server's `/embeddings` (https://platform.openai.com/docs/api-reference/embeddings)."""

    def __init__(self, base: Base, server: Server) -> None:
        self.name = base.name
        self.digest = base.digest
        self._server = server

    def embed(self, texts: Sequence[str]) -> Vectors:
        return _all(texts, self._embed, self.name)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        rows: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            asked = list(texts[start : start + BATCH])
            try:
                reply = self._paid({"model": self._server.model, "input": asked})
            except Refused as refused:
                raise NetworkError(
                    f"{self.name} gives no embeddings: {refused.status} {refused.said}",
                    help="name a model that embeds, and a server that has /embeddings",
                ) from None
            try:
                found = sorted(reply["data"], key=lambda one: one["index"])
                assert [one["index"] for one in found] == list(range(len(asked)))
                rows += [[float(value) for value in one["embedding"]] for one in found]
            except (KeyError, TypeError, ValueError, AssertionError):
                raise NetworkError(
                    f"{self.name} gives no list of embeddings, one a text",
                    help="see that the address is that of a server that has /embeddings",
                ) from None
        return np.asarray(rows, np.float32)

    def _paid(self, body: dict[str, Any]) -> dict[str, Any]:
        ticket = spending.current().open(self._server.model, sum(len(text.encode()) for text in body["input"]), 0)
        try:
            reply = self._server.post("embeddings", body, ticket)
            usage = reply.get("usage")
            read = usage.get("prompt_tokens") if isinstance(usage, dict) else None
            ticket.answered((read, 0) if isinstance(read, int) else None)
        finally:
            ticket.free()
        return reply


class Remembered:
    """Vectors by content, a file a batch of new texts; a torn or foreign file counts as none."""

    def __init__(self, embedder: Embedder, cache: Path) -> None:
        self.name = embedder.name
        self.digest = embedder.digest
        self.computed = 0
        """How many texts were new."""
        self._embedder = embedder
        self._folder = cache / "embeddings"
        self._known: dict[str, Any] | None = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        known = self._read() if self._known is None else self._known
        self._known = known
        new = {key: text for text in texts if text.strip() and (key := _key(text)) not in known}
        if new:
            vectors = self._embedder.embed(list(new.values()))
            self.computed += len(new)
            known.update(zip(new, vectors, strict=True))
            self._write(list(new), vectors)
        return _all(texts, lambda said: np.stack([known[_key(text)] for text in said]), self.name)

    def _prefix(self) -> str:
        return hashlib.sha256(f"{VERSION}\0{self.digest}".encode()).hexdigest()[:24]

    def _read(self) -> dict[str, Any]:
        known: dict[str, Any] = {}
        for path in sorted(self._folder.glob(f"{self._prefix()}-*.bin")):
            raw = path.read_bytes()
            head, _, body = raw.partition(b"\n")
            count, _, rest = head.partition(b" ")
            if hashlib.sha256(body).hexdigest().encode() != rest or not count.isdigit():
                continue
            named = 64 * int(count)
            vectors = np.frombuffer(body[named:], np.float32).reshape(int(count), -1)
            known.update((body[64 * at : 64 * at + 64].decode(), vector) for at, vector in enumerate(vectors))
        return known

    def _write(self, keys: Sequence[str], vectors: Vectors) -> None:
        body = "".join(keys).encode() + vectors.astype("<f4").tobytes()
        name = hashlib.sha256("".join(keys).encode()).hexdigest()[:24]
        head = f"{len(keys)} {hashlib.sha256(body).hexdigest()}\n".encode()
        write_bytes(self._folder / f"{self._prefix()}-{name}.bin", head + body)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def nearest(of: Vectors, among: Vectors, block: int = 512) -> Iterable[tuple[int, float]]:
    """For each vector of `of`, yield the place of the most alike one in `among`, and their cosine."""
    for start in range(0, len(of), block):
        alike = of[start : start + block] @ among.T
        best = alike.argmax(axis=1)
        yield from zip(best.tolist(), alike[np.arange(len(best)), best].tolist(), strict=True)


def _all(texts: Sequence[str], embed: Callable[[Sequence[str]], Vectors], name: str) -> Vectors:
    """Embed the texts that say something, and bring their vectors to length 1.

    Raises:
        DataError: a vector is of nothing, or of no numbers.
    """
    said = [place for place, text in enumerate(texts) if text.strip()]
    if not said:
        return np.zeros((len(texts), 0), np.float32)
    vectors = embed([texts[place] for place in said])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True) if vectors.ndim == 2 else np.zeros(1)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise DataError(f"{name} gives vectors that are no direction", help="name another model to embed with")
    whole = np.zeros((len(texts), vectors.shape[1]), np.float32)
    whole[said] = vectors / lengths
    return whole
