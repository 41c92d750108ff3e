"""Several adapters and their base in one batch: each row says what its arm says by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends import bases
from backends.engines import Conversation, Sampling, load
from compiler.failures import ModelLoadError
from compiler.records.record import Message
from tests.backends import checkpoints

SYSTEM = Message(role="system", content="What is the capital of France? Paris. Say how much, and say it again. " * 3)
ASKED = ("Why?", "Where is the sea?", "What is it?", "Who says so, and when?")


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("mixed")
    base = checkpoints.make(folder / "llama")
    adapters = [checkpoints.adapter(base, folder / f"adapter-{n}", seed=n, rank=2 * n) for n in (1, 2, 3)]
    return {"base": base, "arms": [None, *adapters]}


def asked(*system: Message) -> list[Conversation]:
    return [(*system, Message(role="user", content=text)) for text in ASKED]


def alone(base: Path, arm: Path | None, batch: list[Conversation], sampling: Sampling) -> list[str | None]:
    engine: Any = load(bases.resolve(str(base)))
    if arm is not None:
        engine.attach(arm)
    return list(engine.answers(batch, sampling, adapter=arm is not None))


@pytest.mark.parametrize("system", [(), (SYSTEM,)], ids=["apart", "shared"])
def test_each_row_says_what_its_arm_says_alone(arms: dict[str, Any], system: tuple[Message, ...]) -> None:
    batch, greedy = asked(*system), Sampling(max_new_tokens=10)
    expected = {arm: alone(arms["base"], arm, batch, greedy) for arm in arms["arms"]}
    assert len({tuple(said) for said in expected.values()}) == 4, "no two arms say the same"
    engine: Any = load(bases.resolve(str(arms["base"])))
    # Arms in turn, so that neighbours are of different ones.
    rows = [(place, arm) for place in range(len(batch)) for arm in arms["arms"]]
    found = engine.mixed_answers([batch[place] for place, _ in rows], [arm for _, arm in rows], greedy)
    assert found == [expected[arm][place] for place, arm in rows]


def test_an_arm_is_left_as_it_was(arms: dict[str, Any]) -> None:
    _, first, second, _ = arms["arms"]
    batch, greedy = asked(), Sampling(max_new_tokens=6)
    engine: Any = load(bases.resolve(str(arms["base"])))
    base = engine.answers(batch, greedy)
    engine.attach(first)
    own = engine.answers(batch, greedy, adapter=True)
    assert engine.mixed_answers(batch, [second] * 4, greedy) == alone(arms["base"], second, batch, greedy)
    assert engine.mixed_answers(batch, [None] * 4, greedy) == base == engine.answers(batch, greedy)
    assert engine.answers(batch, greedy, adapter=True) == own
    engine.attach(second)
    assert engine.answers(batch, greedy, adapter=True) != own


def test_drawn_rows_are_the_same_each_time_and_too_long_ones_missing(arms: dict[str, Any]) -> None:
    _, first, second, _ = arms["arms"]
    engine: Any = load(bases.resolve(str(arms["base"])))
    drawn = Sampling(temperature=1.0, max_new_tokens=8, seed=2)
    batch = [*asked(), (Message(role="user", content="sea " * 1200),)]
    found = engine.mixed_answers(batch, [first, None, second, first, second], drawn)
    assert found[-1] is None
    assert None not in found[:-1]
    assert engine.mixed_answers(batch, [first, None, second, first, second], drawn) == found


def test_an_adapter_that_is_none_is_said_to_be(arms: dict[str, Any], tmp_path: Path) -> None:
    engine: Any = load(bases.resolve(str(arms["base"])))
    with pytest.raises(ModelLoadError, match=r"no adapter_model\.safetensors"):
        engine.mixed_answers(asked(), [arms["arms"][1], tmp_path, None, None], Sampling())


def test_adapters_of_other_layers_and_scales_are_mixed_and_others_than_lora_are_refused(
    arms: dict[str, Any], tmp_path: Path
) -> None:
    base, greedy = arms["base"], Sampling(max_new_tokens=10)
    some = checkpoints.adapter(base, tmp_path / "some", 5, 3, target_modules=["q_proj", "down_proj"], use_rslora=True)
    batch = asked()
    engine: Any = load(bases.resolve(str(base)))
    mixed = [some, arms["arms"][2], None, some]
    expected = [alone(base, arm, batch, greedy)[place] for place, arm in enumerate(mixed)]
    assert engine.mixed_answers(batch, mixed, greedy) == expected
    other = checkpoints.adapter(base, tmp_path / "dora", 6, 3, use_dora=True)
    with pytest.raises(ModelLoadError, match="no plain LoRA"):
        engine.mixed_answers(batch, [some, other, None, None], greedy)
