"""A reward model: trained on some questions, examined on others, saved without pickles, and heard in its own scale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends import bases, train
from backends.devices import choose
from backends.train import reward_models
from compiler.records.rows import PreferencePair
from tests.backends.test_methods import written

NOUNS = ("sea", "ship", "rope", "tide", "knot", "mast", "bell", "buoy", "crew", "deck", "fish", "gull", "hull", "keel")


def pair(question: str) -> dict[str, Any]:
    return {
        "prompt": [{"role": "user", "content": question}],
        "chosen": [{"role": "assistant", "content": f"Arr, {question[-6:]} it be."}],
        "rejected": [{"role": "assistant", "content": f"Certainly! {question[-6:]}."}],
    }


def test_no_question_is_on_both_sides_and_one_in_ten_is_held_out() -> None:
    rows = [pair(f"What is {n % 1000} and {n % 1000}?") for n in range(2000)]
    kept, held = reward_models.split(rows)
    assert len(kept) + len(held) == 2000
    asked = [{row["prompt"][0]["content"] for row in side} for side in (kept, held)]
    assert not asked[0] & asked[1]
    assert 140 <= len(held) <= 260
    assert reward_models.split(rows[::-1])[1] == held[::-1], "whatever the order"
    with_context = [{**row, "prompt": [{"role": "system", "content": "x"}, *row["prompt"]]} for row in held[:5]]
    assert reward_models.split([*kept, *with_context])[1] == with_context, "and whatever the context"


def test_all_rows_are_trained_on_where_all_would_be_held_out() -> None:
    _, held = reward_models.split([pair(f"What is {n}?") for n in range(200)])
    assert reward_models.split(held) == (held, [])


@pytest.fixture(scope="module")
def run(shapes: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reward")
    build = written(root, shapes["llama"], "reward+rloo")
    common = {"clause_ids": ("t",), "generator": "examples", "unit": "t", "seed": 0, "spans": ("a:1:1",)}
    questions = [f"What is a {one} beside a {other}?" for one in NOUNS for other in NOUNS if one < other]
    rows = [PreferencePair.model_validate({"id": str(n), **pair(text), **common}) for n, text in enumerate(questions)]
    (build / "pairs.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows))
    path = build / "jobs" / "reward.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"max_steps": 25, "learning_rate": 5e-3}))
    return train.run(build, root / "runs")


def test_it_is_right_about_pairs_that_it_has_not_seen(run: Path) -> None:
    found = json.loads((run / "run.json").read_text())["reward"]
    assert found["trained_on"] + found["held_out"] == 91
    assert found["held_out"] >= 5
    assert found["right"] / found["held_out"] >= 0.8
    assert found["low"] < found["right"] / found["held_out"] <= found["high"]


def test_it_lies_beside_the_adapter_with_its_head_in_safetensors(run: Path) -> None:
    from safetensors.torch import load_file

    names = {path.name for path in (run / "reward").iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors", "README.md", "reward.json"}
    assert any("score" in name for name in load_file(run / "reward" / "adapter_model.safetensors"))
    assert not any("score" in name for name in load_file(run / "adapter" / "adapter_model.safetensors"))


def test_it_is_heard_in_deviations_from_its_mean(run: Path) -> None:
    build = run.parent.parent / "build" / "pirate"
    base = bases.placed(build / "base")
    assert base is not None
    liked = reward_models.function(run / "reward", base, choose())
    rows = [json.loads(line) for line in (build / "pairs.jsonl").read_text().splitlines()]
    kept, _ = reward_models.split(rows)
    said = [
        liked(prompts=[r["prompt"] for r in kept], completions=[r[side] for r in kept])
        for side in ("chosen", "rejected")
    ]
    scores = [float(score) for side in said for score in side if score is not None]
    assert len(scores) == 2 * len(kept)
    assert sum(scores) / len(scores) == pytest.approx(0, abs=1e-3)
    assert sum(score * score for score in scores) / len(scores) == pytest.approx(1, abs=1e-2)
    assert sum(scores[: len(kept)]) > sum(scores[len(kept) :])
