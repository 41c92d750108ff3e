"""When a training asks its reference, and what it tells meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends import train
from backends.train import references
from tests.backends import jobs
from tests.backends.test_sharing import JOBS, farthest
from tests.backends.test_train import build_folder

ROWS = 6
FEW, ALL = 1, 2
"""Steps of four rows: some of the six are never seen; each is."""


class Told(list[tuple[int, int, str, str]]):
    def __call__(self, stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        self.append((done, total, unit, note))


def trained(root: Path, base: Path, method: str, steps: int) -> tuple[Path, Told]:
    build = build_folder(root, base, method)
    told = {"max_steps": steps, "per_device_train_batch_size": 4, "learning_rate": 1.0e-3}
    stages = {"sft": {**jobs.sft(2), "learning_rate": 1.0e-2}} if method.startswith("sft") else {}
    jobs.write(build, **stages, **{method.split("+")[-1]: {**JOBS[method.split("+")[-1]], **told}})
    seen = Told()
    return train.run(build, root / "runs", progress=seen), seen


def asked_first(told: Told) -> list[tuple[int, int]]:
    return [(done, total) for done, total, unit, note in told if unit == "rows" and "asking the base" in note]


@pytest.mark.parametrize("method", ["dpo", "kto", "sft+dpo"])
def test_rows_that_no_step_sees_are_not_asked_about_and_the_adapter_is_the_same(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    in_steps, told = trained(tmp_path / "in-steps", shapes["llama"], method, FEW)
    assert not asked_first(told)
    monkeypatch.setattr(references, "settle", lambda config, rows: None)
    before, told = trained(tmp_path / "before", shapes["llama"], method, FEW)
    assert asked_first(told)
    assert farthest(in_steps, before) < 1e-3


def test_what_is_asked_before_the_first_step_is_told(shapes: dict[str, Path], tmp_path: Path) -> None:
    _, told = trained(tmp_path, shapes["llama"], "dpo", ALL)
    assert asked_first(told) == [(4, ROWS), (6, ROWS)]


def test_rows_are_asked_before_where_each_is_seen() -> None:
    class Config:
        per_device_train_batch_size, gradient_accumulation_steps, max_steps = 2, 2, 3
        precompute_ref_log_probs = True

    for rows, before in ((12, True), (13, False)):
        config: Any = Config()
        references.settle(config, range(rows))
        assert config.precompute_ref_log_probs is before
