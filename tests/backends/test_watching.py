"""Trainings that are watched, over tiny checkpoints: what is looked at, what stops them, and what is kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from backends import train
from backends.train import looking
from backends.train.adapters import adapter_digest
from compiler.failures import DataError
from compiler.records.checks import PatternsCheck
from compiler.records.watch import Budget, Watch, WatchRow
from tests.backends.recipes import user
from tests.backends.test_methods import written
from tests.backends.test_train import build_folder

VOWEL = PatternsCheck(patterns=("[aeiou]",), present=True)
ASKED = ("Where is the harbour?", "Who steers a ship?", "What is a buoy?", "When is the tide high?")


def watched(build: Path, *budgets: Budget, **changes: Any) -> Path:
    """The build with questions to watch, and budgets."""
    told = Watch(**({"every": 0.5, "seed": 7, "answer": 8, "max_fall": 1.0, "rows": 2, "budgets": budgets} | changes))
    (build / "watch.json").write_text(told.model_dump_json())
    rows = [
        WatchRow(id=f"t/watch-{n}", clause_id="trait.pirate", messages=user(text), checks=(VOWEL,), unit="t/watch")
        for n, text in enumerate(ASKED)
    ]
    (build / "watch.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows))
    return build


def looks(run: Path) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [event for event in events if "held_out" in event]


@pytest.mark.parametrize("method", ["sft", "dpo", "grpo", "kto"])
def test_watching_changes_nothing_of_what_is_trained(shapes: dict[str, Path], tmp_path: Path, method: str) -> None:
    """The last step is kept where all are alike, so that the adapter is that of a training nobody has watched."""
    plain = train.run(written(tmp_path / "plain", shapes["llama"], method), tmp_path / "plain" / "runs")
    build = watched(written(tmp_path / "seen", shapes["llama"], method))
    run = train.run(build, tmp_path / "seen" / "runs")
    found = looks(run)
    print(found)
    assert [each["step"] for each in found] == [0, 1, 2]
    assert run.name != plain.name
    assert json.loads((run / "run.json").read_text())["watched"][method]["kept"] == 2
    assert adapter_digest(run / "adapter") == adapter_digest(plain / "adapter")
