"""Long dialogues and prefilled answers: how they are written, answered turn by turn, and decided."""

from __future__ import annotations

import math
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from backends import measure
from backends.bases import resolve
from backends.cached import CachedEngine
from backends.engines import Conversation, Sampling, load
from backends.measure.latency import write_latency
from compiler.records.checks import PatternsCheck, PhrasesCheck
from compiler.records.measured import Latency, MeasureReport
from compiler.records.recipe import Dialogue, Pressure, PromptSource
from compiler.records.record import Message
from tests.backends.recipes import follow, unit, user
from tests.backends.test_measure import Speaker, place, probe, rows_of

PROBING: dict[str, Any] = {"purpose": "probes", "chosen": None, "rejected": None, "aspect": "dialogue"}


@pytest.fixture
def speaking(monkeypatch: pytest.MonkeyPatch) -> Speaker:
    model = Speaker()
    monkeypatch.setattr(CachedEngine, "engine", property(lambda self: model))
    return model


def writer(conversation: Conversation, sampling: Sampling) -> str:
    """Writes a new question each time."""
    asked = conversation[-1].content
    return f"What about {asked.rpartition(': ')[2]} of sort {next(NUMBERS)} today?" if "Write one" in asked else "No"


NUMBERS = count()


def test_a_dialogue_asks_held_out_questions_each_once(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(writer)
    between = PromptSource(about=("weather",))
    dialogue = Dialogue(turns=4, every=2, between=between)
    _, probes, report = follow(
        tmp_path,
        shapes["llama"],
        unit(id="d", prompts=PromptSource(about=("knots",)), count=3, dialogue=dialogue, **PROBING),
    )
    assert len(probes) == report.rows["probes"] == 3
    for one in probes:
        asks = [m.content for m in one.messages if m.role == "user"]
        assert ["knots" in ask for ask in asks] == [False, True, False, True]
        assert len(set(asks)) == 4
        assert [m.content for m in one.messages if m.role == "assistant"] == [""] * 3
        assert (one.decides, one.messages[-1].role, one.aspect) == ((2, 4), "user", "dialogue")
    every = [m.content for one in probes for m in one.messages if m.role == "user"]
    assert len(set(every)) == len(every)


def test_few_questions_come_again_in_other_dialogues_and_none_twice_in_one(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    scripted(writer)
    few = PromptSource(given=tuple(user(text) for text in ("Are you a ship?", "Do you sail?", "Have you a keel?")))
    dialogue = Dialogue(turns=4, every=2, between=PromptSource(about=("weather",)))
    _, probes, _ = follow(tmp_path, shapes["llama"], unit(id="d", prompts=few, count=4, dialogue=dialogue, **PROBING))
    asks = [[m.content for m in one.messages if m.role == "user"] for one in probes]
    assert [row[1::2] for row in asks] == [
        ["Are you a ship?", "Do you sail?"],
        ["Have you a keel?", "Are you a ship?"],
        ["Do you sail?", "Have you a keel?"],
        ["Are you a ship?", "Do you sail?"],
    ]
    one = PromptSource(given=(user("Are you a ship?"),))
    _, probes, _ = follow(
        tmp_path / "two", shapes["llama"], unit(id="d", prompts=one, count=4, dialogue=dialogue, **PROBING)
    )
    assert probes == []


def test_each_turn_follows_the_arms_own_answers_and_is_decided(
    speaking: Speaker,
    shapes: dict[str, Path],
    tmp_path: Path,
) -> None:
    empty = Message(role="assistant", content="")
    talk = (*user("One?"), empty, *user("Two?"), empty, *user("Three?"))
    never_two = PatternsCheck(patterns=("Two",), present=False)
    one = probe(1, messages=talk, checks=(never_two,), decides=(2, 3), aspect="dialogue", measures=("forbid.canned",))
    build, run = place(tmp_path, shapes["llama"], [one])
    measure.run(build, run)
    rows = {row.arm: row for row in rows_of(run)}
    assert rows["base"].said == ("Certainly! One? 1", "Certainly! Two? 3")
    assert rows["adapter"].said == ("Arr One? 1", "Arr Two? 3")
    assert rows["adapter"].answer == "Arr Three? 5"
    # The clause on the turns that ask about it, the one that rides along on all of them.
    assert rows["adapter"].turns == {"trait.pirate": (None, False, True), "forbid.canned": (True, True, True)}
    assert rows["base"].turns["forbid.canned"] == (False, False, False)
    assert rows["adapter"].held == {"trait.pirate": False, "forbid.canned": True}
    # All turns of all dialogues go on together: three batches an arm, and one more to look at the adapter (twice).
    lengths = [len(batch[0]) for adapter, batch in speaking.batches if adapter and batch[0][0].role == "user"]
    assert [length for length in lengths if length in (3, 5)] == [3, 5]


class Forgetful(Speaker):
    """Reads three messages and no more."""

    def answers(self, batch: Any, sampling: Sampling, *, adapter: bool = False) -> Any:
        said = super().answers(batch, sampling, adapter=adapter)
        return [None if len([m for m in c if m.role != "system"]) > 3 else a for c, a in zip(batch, said, strict=True)]


def test_a_turn_that_cannot_be_read_decides_nothing(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CachedEngine, "engine", property(lambda self: Forgetful()))
    empty = Message(role="assistant", content="")
    talk = (*user("One?"), empty, *user("Two?"), empty, *user("Three?"))
    one = probe(1, messages=talk, decides=(1, 2, 3), aspect="dialogue")
    build, run = place(tmp_path, shapes["llama"], [one])
    measure.run(build, run)
    (row,) = [row for row in rows_of(run) if row.arm == "adapter"]
    assert row.turns == {"trait.pirate": (True, True, None)}
    assert (row.answer, row.held) == ("", {"trait.pirate": True})


# ------------------------------------------------------------------ prefill, shots, wrong claims


def test_pushes_of_every_role_and_turns_before(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(writer)
    shots = (Message(role="user", content="Sail?"), Message(role="assistant", content="Of course."))
    roles = ("system", "user", "ask", "prefill")
    units = [
        unit(
            id=role,
            prompts=PromptSource(about=("knots",)),
            count=1,
            pressure=Pressure(technique=role, role=role, texts=("T {ask}",), before=shots),
            **{**PROBING, "aspect": "pressure"},
        )
        for role in roles
    ]
    _, probes, _ = follow(tmp_path, shapes["llama"], *units)
    found = {one.pressure: [(m.role[0], m.content) for m in one.messages] for one in probes}
    asked = {one.pressure: one.messages[-2 if one.pressure == "prefill" else -1].content for one in probes}
    shown = [("u", "Sail?"), ("a", "Of course.")]
    assert found["system"][1:3] == shown
    assert found["ask"] == [*shown, ("u", asked["ask"])]
    assert found["user"][-2] == ("a", "")
    assert found["prefill"][-1] == ("a", f"T {asked['prefill']}")
    assert all(one.question.endswith("today?") for one in probes)


def test_the_prefill_begins_the_answer_and_is_not_decided(shapes: dict[str, Path]) -> None:
    engine: Any = load(resolve(str(shapes["llama"])))
    asked = user("Who are you?")
    open_turn = engine.chat.prompt_ids(asked)
    begun = engine.chat.prompt_ids((*asked, Message(role="assistant", content="I am Sam")))
    assert begun[: len(open_turn)] == open_turn
    assert engine.chat.tokenizer.decode(begun[len(open_turn) :]) == "I am Sam"
    # What comes is what comes after these tokens.
    (answer,) = engine.answers([(*asked, Message(role="assistant", content="I am Sam"))], Sampling(max_new_tokens=8))
    (after,) = engine.continuations([begun], Sampling(max_new_tokens=8))
    assert answer == engine.chat.text_of(after)


# ------------------------------------------------------------------ drift and latency


def lora(base: Path, folder: Path, scale: float) -> Path:
    """An adapter whose weights are random, times `scale`."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(3)
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(str(base)),
        LoraConfig(target_modules="all-linear", init_lora_weights=False),
    )
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.mul_(scale)
    model.save_pretrained(str(folder))
    return folder


def test_divergence_and_reward_are_those_of_the_whole_vocabulary(shapes: dict[str, Path], tmp_path: Path) -> None:
    import torch

    engine: Any = load(resolve(str(shapes["llama"])))
    engine.attach(lora(shapes["llama"], tmp_path / "some", 1.0))
    asked, answer = user("What is the sea?"), "The sea is deep."
    ((divergence, reward),) = engine.compared([asked], [answer])
    ids, said = engine.chat.prompt_ids(asked), engine.chat._ids(answer)

    def logs(adapter: bool) -> Any:
        rows = [[*ids, *said[:place]] for place in range(len(said))]
        return engine.next_logits(rows, adapter=adapter).double().log_softmax(dim=-1)

    ours, theirs = logs(True), logs(False)
    by_hand = float((ours.exp() * (ours - theirs)).sum(dim=-1).mean())
    assert divergence == pytest.approx(by_hand, rel=1e-3)
    assert divergence > 0
    chosen = torch.tensor(said)[:, None]
    assert reward == pytest.approx(float((ours - theirs).gather(1, chosen).sum()), rel=1e-3, abs=1e-3)
    engine.attach(lora(shapes["llama"], tmp_path / "none", 0.0))
    assert engine.compared([asked, asked], [answer, ""]) == [
        (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9)),
        None,
    ]


def test_the_adapters_answers_to_facts_are_compared(speaking: Speaker, shapes: dict[str, Path], tmp_path: Path) -> None:
    rows = [probe(1), probe(2, clause_id="facts", checks=(PhrasesCheck(phrases=("sea",), present=True),))]
    build, run = place(tmp_path, shapes["llama"], rows)
    measure.run(build, run)
    found = {(row.probe_id, row.arm): (row.drift, row.reward) for row in rows_of(run)}
    assert found.pop(("p-2", "adapter")) == (0.25, len("Arr Question 2? 1"))
    assert set(found.values()) == {(None, None)}
    report = MeasureReport.model_validate_json((run / "measure.json").read_text())
    assert report.prompt_tokens == CachedEngine(resolve(str(shapes["llama"])), tmp_path / "c").count(
        "Talk like a pirate."
    )


def test_latency_is_in_a_file_of_its_own(shapes: dict[str, Path], tmp_path: Path) -> None:
    subject = CachedEngine(resolve(str(shapes["llama"])), tmp_path / "cache")
    probes = [probe(n, clause_id="facts") for n in range(5)]
    report = MeasureReport.model_construct(
        base_sha256="b",
        adapter_sha256=None,
        prompt_sha256="p",
        device="cpu",
        machine={},
        arms=("base", "prompt", "adapter"),
    )
    write_latency(tmp_path, subject, probes, "Talk like a pirate.", report)
    found = Latency.model_validate_json((tmp_path / "latency.json").read_text())
    # No adapter is there, so that arm has no speed; random weights seldom end a turn at once.
    assert {speed.arm for speed in found.speeds} == {"base", "prompt"}
    for speed in found.speeds:
        assert 0 < speed.first_token_ms < 60_000
        assert speed.tokens_per_second > 0
        assert math.isfinite(speed.tokens_per_second)
    assert not list((tmp_path / "cache").glob("*"))


# ------------------------------------------------------------------ questions shared out between techniques


def test_units_of_one_seed_share_their_questions_out(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(writer)
    names = PromptSource(given=tuple(user(f"Is your name number {n}?") for n in range(10)))
    units = [unit(id=f"t{n}", seed=5, prompts=names, count=4, skip=4 * n, **PROBING) for n in range(3)]
    _, probes, _ = follow(tmp_path, shapes["llama"], *units)
    asked = [[one.question.rpartition(" ")[2] for one in probes if one.unit == f"t{n}"] for n in range(3)]
    # Ten questions for twelve places: the last two come from the beginning again.
    assert asked == [["0?", "1?", "2?", "3?"], ["4?", "5?", "6?", "7?"], ["8?", "9?", "0?", "1?"]]
    assert len({one.id for one in probes}) == 12
