"""Embedders: a small checkpoint made here, and a server over a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends import embedders
from compiler.failures import DataError, NetworkError

WORDS = ("how", "do", "i", "boil", "an", "egg", "what", "is", "the", "capital", "of", "france", "please", "cook")


def sentence_model(folder: Path) -> Path:
    """A BERT of random weights with a vocabulary of words."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    vocabulary = {word: place for place, word in enumerate(("[PAD]", "[UNK]", *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    size = {"vocab_size": len(vocabulary), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(**size, intermediate_size=48, max_position_embeddings=16)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sentence_model(tmp_path_factory.mktemp("sentences"))


def test_vectors_have_length_one_and_do_not_depend_on_what_else_is_read(model: Path) -> None:
    embedder = embedders.load(str(model))
    texts = ["How do I boil an egg", "What is the capital of France please", "egg", ""]
    together = embedder.embed(texts)
    assert together.shape == (4, 32)
    assert np.linalg.norm(together, axis=1) == pytest.approx([1.0, 1.0, 1.0, 0.0], abs=1e-5)
    alone = np.concatenate([embedder.embed([text]) for text in texts[:3]])
    assert np.abs(together[:3] - alone).max() < 1e-5
    # A text that is longer than the model reads is cut, and refused by nothing.
    assert embedder.embed(["egg " * 50]).shape == (1, 32)


def test_the_same_words_are_nearest(model: Path) -> None:
    embedder = embedders.load(str(model))
    among = embedder.embed(["What is the capital of France", "How do I boil an egg", "cook"])
    found = list(embedders.nearest(embedder.embed(["how do I boil an egg", "cook cook"]), among, block=1))
    assert [place for place, _ in found] == [1, 2]
    assert found[0][1] == pytest.approx(1.0, abs=1e-5)


def test_what_is_kept_is_not_computed_again_and_a_torn_file_counts_as_none(model: Path, tmp_path: Path) -> None:
    first = embedders.load(str(model), cache=tmp_path)
    assert isinstance(first, embedders.Remembered)
    vectors = first.embed(["egg", "cook", "egg"])
    assert first.computed == 2
    again = embedders.load(str(model), cache=tmp_path)
    assert isinstance(again, embedders.Remembered)
    assert np.array_equal(again.embed(["cook", "egg"]), vectors[[1, 0]])
    assert again.computed == 0
    (path,) = (tmp_path / "embeddings").iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    torn = embedders.load(str(model), cache=tmp_path)
    assert isinstance(torn, embedders.Remembered)
    assert np.allclose(torn.embed(["egg"]), vectors[:1], atol=1e-6)
    assert torn.computed == 1


@contextmanager
def serving(reply: Any) -> Iterator[tuple[str, list[Any]]]:
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, body))
            raw = json.dumps(reply(body["input"])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"openai:small@http://127.0.0.1:{server.server_address[1]}/v1", asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_server_is_asked_in_batches_and_sorted_by_its_numbers() -> None:
    def reply(texts: list[str]) -> Any:
        data = [{"index": place, "embedding": [len(text), 1.0]} for place, text in enumerate(texts)]
        return {"data": data[::-1]}

    with serving(reply) as (name, asked):
        found = embedders.load(name).embed(["a" * n for n in range(100)])
    assert [(path, len(body["input"]), body["model"]) for path, body in asked] == [
        ("/v1/embeddings", 64, "small"),
        ("/v1/embeddings", 35, "small"),
    ]
    # Servers refuse empty texts, so the first is not asked about.
    assert not found[0].any()
    assert found[1:, 0] / found[1:, 1] == pytest.approx(list(range(1, 100)))


@pytest.mark.parametrize("data", [[], [{"index": 1, "embedding": [1.0]}], [{"index": 0, "embedding": "x"}], None])
def test_a_server_that_gives_something_else_is_a_failure(data: Any) -> None:
    with serving(lambda texts: {"data": data}) as (name, _), pytest.raises(NetworkError):
        embedders.load(name).embed(["egg"])


def test_a_vector_of_nothing_is_a_failure() -> None:
    empty = {"data": [{"index": 0, "embedding": [0.0, 0.0]}]}
    with serving(lambda texts: empty) as (name, _), pytest.raises(DataError):
        embedders.load(name).embed(["egg"])
