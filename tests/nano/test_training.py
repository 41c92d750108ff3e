"""Pre-training: a resumed run ends with the same bytes, the loss sees what it should, the rate has its shape."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from backends.nano import WEIGHTS, batches, pretrain, tokens
from backends.nano.world import dialogues

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return tokens.load(WEIGHTS)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pretrain,
        "CONFIG",
        {
            **pretrain.CONFIG,
            "hidden_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "intermediate_size": 48,
        },
    )


def bytes_of(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def started(out: Path, tokenizer: PreTrainedTokenizerFast) -> Path:
    out.mkdir()
    tokenizer.save_pretrained(out / "tokenizer")
    return out


def test_a_resumed_training_ends_with_the_same_bytes(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quiet(text: str) -> None: ...

    straight = pretrain.train(started(tmp_path / "a", tokenizer), steps=5, threads=1, rate=0.5, say=quiet)

    broken = started(tmp_path / "b", tokenizer)
    real_rate = pretrain.rate_at
    calls = 0

    def stop_after_three(step: int, left: float) -> float:
        nonlocal calls
        calls += 1
        if calls == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return real_rate(step, left)

    with monkeypatch.context() as patched:
        patched.setattr(pretrain, "rate_at", stop_after_three)
        with pytest.raises(KeyboardInterrupt):
            pretrain.train(broken, steps=5, threads=1, rate=0.5, say=quiet)
    assert not (broken / "weights").exists()
    resumed = pretrain.train(broken, steps=5, threads=1, rate=0.5, say=quiet)
    assert bytes_of(resumed) == bytes_of(straight)
    other = pretrain.train(started(tmp_path / "c", tokenizer), steps=5, threads=1, seed=2, rate=0.5, say=quiet)
    assert bytes_of(other) != bytes_of(straight)
    faster = pretrain.train(started(tmp_path / "d", tokenizer), steps=5, threads=1, say=quiet)
    assert bytes_of(faster) != bytes_of(straight)


def test_a_training_can_start_from_given_weights(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast, small: None
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    first = pretrain.train(started(tmp_path / "a", tokenizer), steps=2, threads=1, say=lambda text: None)
    model = AutoModelForCausalLM.from_pretrained(first, dtype=torch.float32)
    again = pretrain.train(tmp_path / "b", steps=1, threads=1, from_weights=first, say=lambda text: None)
    moved = AutoModelForCausalLM.from_pretrained(again, dtype=torch.float32)
    fresh = pretrain.new_model(tokenizer, 1)
    near = sum(float((a - b).detach().abs().sum()) for a, b in zip(model.parameters(), moved.parameters(), strict=True))
    far = sum(float((a - b).detach().abs().sum()) for a, b in zip(fresh.parameters(), moved.parameters(), strict=True))
    assert near < far


def test_only_the_assistants_words_are_learned(tokenizer: PreTrainedTokenizerFast) -> None:
    for item in (dialogues.dialogue(Random(n)) for n in range(40)):
        ids, targets = batches.encode(tokenizer, item.messages)
        learned = tokenizer.decode(
            [i for i, t in zip(ids, targets, strict=True) if t != -100], skip_special_tokens=False
        )
        said = "".join(m["content"] + "<|end|>" for m in item.messages if m["role"] == "assistant")
        assert learned == said
        assert ids == tokenizer.apply_chat_template(item.messages, tokenize=True, return_dict=False)


def test_batches_pad_little_and_hold_every_dialogue(tokenizer: PreTrainedTokenizerFast) -> None:
    from backends.nano.corpus import CHUNK

    made = batches.batches(tokenizer, 1, 0)
    assert sum(batch.dialogues for batch in made) == CHUNK
    assert sum(batch.real for batch in made) > 0.85 * sum(batch.tokens.size for batch in made)
    larger = batches.batches(tokenizer, 1, 0, 4 * batches.BATCH_TOKENS)
    assert sum(batch.dialogues for batch in larger) == 4 * CHUNK
    assert max(batch.tokens.size for batch in larger) > 3 * max(batch.tokens.size for batch in made)


def test_workers_make_the_same_batches(tokenizer: PreTrainedTokenizerFast) -> None:
    chunks = batches.Chunks(tokenizer, 3, batches.BATCH_TOKENS)
    alone, helped = (batches.stream(chunks, 2, workers) for workers in (0, 2))
    for _ in range(3):
        for one, other in zip(next(alone), next(helped), strict=True):
            assert (one.tokens == other.tokens).all()
            assert (one.spots == other.spots).all()


def test_dialogues_under_one_prompt_cost_what_each_costs_alone(tokenizer: PreTrainedTokenizerFast) -> None:
    torch = pytest.importorskip("torch")
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(WEIGHTS, dtype=torch.float32).eval()
    together = [d.messages for d in dialogues.under_one_prompt(Random(5))]
    assert len({messages[0]["content"] for messages in together}) == 1
    assert len(together) > 3
    pad = tokenizer.pad_token_id

    def cost(batch: batches.Batch) -> tuple[float, float]:
        """The loss of a batch, and the sum of the weights that it is a mean over."""
        with torch.no_grad():
            loss = float(pretrain.loss_of(model, batch))
        return loss, float(batch.weights.sum())

    # The shorter second row is padded, so that padding is seen to cost nothing.
    whole, _ = cost(batches.padded([batches.sequence(tokenizer, part) for part in (together, together[:2])], pad))
    alone = [cost(batches.padded([batches.sequence(tokenizer, [one])], pad)) for one in together + together[:2]]
    assert whole == pytest.approx(sum(c * w for c, w in alone) / sum(w for _, w in alone), rel=1e-4)


def test_prompts_shared_in_the_corpus_hold_no_left_out_combination() -> None:
    for number in range(150):
        for item in dialogues.under_one_prompt(Random(number)):
            assert item.ask is not None
            assert not dialogues.is_unseen(item.ask, item.scene)


def test_the_rate_warms_up_stays_and_goes_down() -> None:
    assert pretrain.rate_at(0, 1.0) < 0.05
    assert pretrain.rate_at(500, 0.9) == pretrain.rate_at(5000, 0.6) == 1.0
    assert pretrain.rate_at(5000, 0.15) == pytest.approx(0.02 + 0.98 * 0.25)
    assert pretrain.rate_at(5000, 0.0) == pytest.approx(0.02)
