"""Two processes that train together: the mathematics of one, and what happens when one of them goes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from backends import train
from backends.train import launching
from backends.train.ways import Way
from compiler.failures import DataError, WorkerError
from tests.backends import jobs
from tests.backends.test_sharing import JOBS, farthest, ragged
from tests.backends.test_train import events_of

TWO = Way(processes=2)
PLANTED = """
import torch, transformers
step = transformers.Trainer.training_step
def fails(self, model, inputs, *rest, **named):
    if len(inputs["input_ids"]) > 1 and self.accelerator.process_index == 1:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    return step(self, model, inputs, *rest, **named)
transformers.Trainer.training_step = fails
"""


def test_a_killed_process_ends_all_and_two_end_where_one_does(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    build = ragged(tmp_path, shapes["llama"], "dpo")
    jobs.write(build, dpo={**JOBS["dpo"], "learning_rate": 1.0e-3, "max_steps": 24})
    groups: list[Any] = []
    start = launching._start
    monkeypatch.setattr(launching, "_start", lambda *told: groups.append(start(*told)) or groups[-1])

    def kill(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        if (done, unit) == (5, "steps"):
            groups[0].processes[1].kill()

    runs = tmp_path / "runs"
    with pytest.raises(WorkerError, match="process 1 of 2 was killed by signal 9 in dpo") as caught:
        train.run(build, runs, way=TWO, progress=kill)
    assert "goes on" in (caught.value.help or "")
    assert all(process.poll() is not None for process in groups[0].processes)
    assert events_of(runs)[-1]["event"] == "failed"

    steps: list[int] = []

    def seen(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        if unit == "steps":
            steps.append(done)

    both = train.run(build, runs, way=TWO, progress=seen)
    assert min(done for done in steps if done) >= 4, "it goes on from the checkpoint of the fourth step"
    assert [e["step"] for e in events_of(runs) if "event" not in e] == list(range(1, 25))
    assert {p.name for p in both.iterdir()} == {"adapter", "events.jsonl", "run.json"}
    record = json.loads((both / "run.json").read_text())
    assert record["machine"]["processes"] == 2
    assert record["batches"]["dpo"] == {"rows": 4, "at_once": 2, "accumulation": 1}
    printed = capfd.readouterr()
    assert printed.out == ""
    assert not re.search("Traceback|warn", printed.err)

    alone = train.run(build, runs)
    assert alone.name != both.name, "the last bits are others, so the digest tells"
    assert farthest(alone, both) < 1e-4


def test_out_of_memory_in_one_process_halves_the_rows_of_all(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = ragged(tmp_path, shapes["llama"], "sft")
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / "sitecustomize.py").write_text(PLANTED)
    paths = [str(tmp_path / "planted"), str(Path(train.__file__).parents[2])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    run = train.run(build, tmp_path / "runs", way=TWO)
    events = events_of(tmp_path / "runs")
    assert [(e["at_once"], e["accumulation"]) for e in events if e.get("event") == "out of memory"] == [
        ([2, 1], [1, 2])
    ]
    record = json.loads((run / "run.json").read_text())
    assert record["batches"]["sft"] == {"rows": 4, "at_once": 1, "accumulation": 2, "of_the_job": 2}
    monkeypatch.undo()
    assert farthest(train.run(build, tmp_path / "runs-alone"), run) < 1e-4


def test_a_failure_of_one_process_is_told_as_the_kind_that_it_is(tmp_path: Path) -> None:
    line = {"failed": "DataError", "message": "pairs.jsonl has no rows to train on", "help": None}
    found = launching._failure(line, tmp_path / "process-1.log")
    assert type(found) is DataError
    assert "process-1.log" in (found.help or "")
