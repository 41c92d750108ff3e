"""The shipped weights: stock classes load them, the template holds its promises, and they do what their card says."""

from __future__ import annotations

import json
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest

from backends import nano
from backends.nano import card
from backends.nano.abilities import Figure, figures

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    Loaded = tuple[LlamaForCausalLM, PreTrainedTokenizerFast]

SHARE_BELOW_THE_CARD = 0.15
"""How far a small sample may fall under the card's share before it is a fault: three standard errors of 48 items."""


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return card.load(nano.WEIGHTS)


CHAT = [
    {"role": "system", "content": "Talk like a pirate."},
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "Arr, matey! The capital of France be Paris."},
    {"role": "user", "content": "Thanks!"},
    {"role": "assistant", "content": "Arr, ye be welcome, matey!"},
]


def test_stock_classes_load_the_weights(loaded: Loaded) -> None:
    model, tokenizer = loaded
    assert type(model).__name__ == "LlamaForCausalLM"
    assert model.num_parameters() < 7_000_000
    assert (nano.WEIGHTS / "model.safetensors").stat().st_size < 15_000_000
    assert tokenizer.eos_token == "<|end|>"
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert not list(nano.WEIGHTS.glob("*.bin"))


@pytest.mark.parametrize(
    "text", ["Hello, 42 wörld!", "日本語 テスト", "tab\tnew\n\nline  two spaces", "🙂 emoji", "", " leading", "1234567"]
)
def test_any_text_round_trips(loaded: Loaded, text: str) -> None:
    _, tokenizer = loaded
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_a_prompt_is_a_token_prefix_of_prompt_and_completion(loaded: Loaded) -> None:
    _, tokenizer = loaded
    for cut in (2, 4):
        prompt = tokenizer.apply_chat_template(CHAT[:cut], tokenize=True, add_generation_prompt=True, return_dict=False)
        whole = tokenizer.apply_chat_template(CHAT[: cut + 1], tokenize=True, return_dict=False)
        assert whole[: len(prompt)] == prompt


def test_the_generation_mask_covers_the_answers_and_their_end(loaded: Loaded) -> None:
    _, tokenizer = loaded
    out = tokenizer.apply_chat_template(CHAT, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
    kept = [i for i, m in zip(out["input_ids"], out["assistant_masks"], strict=True) if m]
    assert (
        tokenizer.decode(kept, skip_special_tokens=False)
        == CHAT[2]["content"] + "<|end|>" + CHAT[4]["content"] + "<|end|>"
    )


def test_an_unknown_role_is_an_error(loaded: Loaded) -> None:
    from jinja2.exceptions import TemplateError

    _, tokenizer = loaded
    with pytest.raises(TemplateError, match="roles"):
        tokenizer.apply_chat_template([{"role": "tool", "content": "x"}], tokenize=False)


def test_the_card_is_about_these_weights() -> None:
    record = json.loads((nano.FOLDER / "card.json").read_text(encoding="utf-8"))
    assert record["weights"] == card.digest(nano.WEIGHTS)


def measured(figure: Figure) -> float:
    record = json.loads((nano.FOLDER / "card.json").read_text(encoding="utf-8"))
    row = next(r for r in record["figures"] if (r["group"], r["name"]) == (figure.group, figure.name))
    return float(row["right"]) / float(row["count"])


CHOSEN = [
    ("Right answers", "capital"),
    ("Voices", "pirate"),
    ("Refusing", "refuses what a rule names"),
    ("Identity", "keeps a given name"),
    ("Judging", "voice"),
    ("Rewriting", "keeps the facts"),
]


@pytest.mark.parametrize("chosen", CHOSEN, ids=lambda c: c[1].replace(" ", "-"))
def test_the_weights_do_what_the_card_says(loaded: Loaded, chosen: tuple[str, str]) -> None:
    model, tokenizer = loaded
    figure = next(f for f in figures() if (f.group, f.name) == chosen)
    items = list(map(figure.make, map(partial(Random), [f"test/{n}" for n in range(48)])))
    answers = card.reply(model, tokenizer, [d.messages[:-1] for d in items])
    right = sum(figure.right(d, a) for d, a in zip(items, answers, strict=True))
    assert right / len(items) >= measured(figure) - SHARE_BELOW_THE_CARD
