"""The decode guard on real models: what is forbidden is not said, and all else is said as before."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from backends.bases import resolve
from backends.engines import Sampling
from backends.engines.openai import OpenAIEngine
from backends.engines.transformers import TransformersEngine, load
from compiler.build import from_text
from compiler.checks import phrases
from compiler.failures import DataError
from compiler.lowering import guard as lowering
from compiler.records.record import Message

pytest.importorskip("llguidance", reason="the extra `guard` is not installed")

from backends.guard import Guard, GuardProcessor, grammar_of

CANNED = ("Certainly!", "Of course")
SPEC = f'forbid canned {{ phrases: ["{CANNED[0]}", "{CANNED[1]}"] }}'
ASKED = [
    "How do I open a jar?",
    "Where do cats live?",
    "Who wrote Hamlet?",
    "Tell me about Neptune.",
    "What is the capital of France?",
    "Write two lines about spring.",
    "How do I boil an egg?",
    "What is seven plus five?",
]
CONVERSATIONS = [(Message(role="user", content=text),) for text in ASKED]


@pytest.fixture(scope="module")
def nano() -> TransformersEngine:
    return load(resolve("nano"))


def grammar() -> str:
    return lowering.lower(from_text(SPEC))[0].text


def are_canned(answers: list[str | None]) -> list[bool]:
    return [phrases.found(CANNED, answer or "") is not None for answer in answers]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_is_forbidden_is_not_said_and_all_else_stays(nano: TransformersEngine, temperature: float) -> None:
    sampling = Sampling(temperature=temperature, max_new_tokens=40, seed=3)
    free = nano.answers(CONVERSATIONS, sampling)
    assert sum(are_canned(free)) >= 3, "nano has no habit that a guard could keep it from"
    nano.hold(grammar())
    try:
        held = nano.answers(CONVERSATIONS, sampling)
    finally:
        nano.hold(None)
    assert not any(are_canned(held))
    assert all(held)
    for before, after, canned in zip(free, held, are_canned(free), strict=True):
        assert canned or before == after
    assert nano.answers(CONVERSATIONS, sampling) == free


def test_a_judge_is_not_held(nano: TransformersEngine) -> None:
    request = ["Is it true that cats are animals? Answer yes or no."]
    free = nano.yes(request)
    nano.hold(lowering.lower(from_text('forbid no { phrases: ["yes", "no"] }'))[0].text)
    try:
        assert nano.yes(request) == free
    finally:
        nano.hold(None)


def test_generate_of_transformers_is_guarded_alike(nano: TransformersEngine) -> None:
    nano.hold(grammar())
    try:
        (ours,) = nano.answers(CONVERSATIONS[:1], Sampling(max_new_tokens=30))
    finally:
        nano.hold(None)
    ids = nano.chat.prompt_ids(CONVERSATIONS[0])
    guard = Guard(grammar(), nano.chat.tokenizer, nano.model.config.vocab_size, sorted(nano.chat.stops))
    import torch

    out = nano.model.generate(
        input_ids=torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        logits_processor=[GuardProcessor(guard)],
        max_new_tokens=30,
        do_sample=False,
        eos_token_id=sorted(nano.chat.stops),
        pad_token_id=0,
    )[0, len(ids) :].tolist()
    assert nano.chat.text_of([token for token in out if token not in nano.chat.stops]) == ours


def test_the_watch_counts_what_the_model_still_wanted_to_say(nano: TransformersEngine) -> None:
    guard = Guard(grammar(), nano.chat.tokenizer, nano.model.config.vocab_size, sorted(nano.chat.stops))
    watch = guard.watch(2)
    ids = [nano.chat.prompt_ids(conversation) for conversation in CONVERSATIONS[:2]]
    news = nano.continuations(ids, Sampling(max_new_tokens=30), guard=guard)
    for row, new in enumerate(news):
        tokens = list(ids[row])
        for token in new or []:
            watch.masked(nano.next_logits([tokens]), [row])
            watch.took(row, token)
            tokens.append(token)
        assert watch.complete(row)
    free = are_canned(nano.answers(CONVERSATIONS[:2], Sampling(max_new_tokens=30)))
    assert [held > 0 for held in watch.held] == free


def test_a_build_without_a_guard_and_a_grammar_that_is_none_are_said(
    nano: TransformersEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="has no guard") as caught:
        grammar_of(tmp_path)
    assert "tenet build" in str(caught.value.help)
    with pytest.raises(DataError, match="no grammar"):
        nano.hold("start: (")
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(DataError, match="not installed") as caught:
        nano.hold(grammar())
    assert "tenetc[guard]" in str(caught.value.help)


def test_a_served_model_is_guarded_by_its_server() -> None:
    engine = OpenAIEngine.__new__(OpenAIEngine)
    with pytest.raises(DataError, match="by its server") as caught:
        engine.hold(grammar())
    assert "guard.lark" in str(caught.value.help)
