"""One update, however its rows are shared out: over passes, over processes, and where memory runs out."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends import train
from backends.train import sharing
from compiler.failures import DataError, MemoryError_
from compiler.lowering.losses import METHODS
from tests.backends import jobs
from tests.backends.test_methods import written
from tests.backends.test_train import build_folder, events_of

BATCH = 4
STEPS = 6
"""Of six rows in batches of four: each second update has two rows alone."""

JOBS: dict[str, dict[str, Any]] = {
    "sft": jobs.sft(STEPS),
    "dpo": {**jobs.dpo(STEPS), "precompute_ref_log_probs": True},
    "kto": {**jobs.dpo(STEPS), "precompute_ref_log_probs": True},
    "orpo": jobs.dpo(STEPS),
    "simpo": {**jobs.dpo(STEPS), "loss_type": "simpo", "cpo_alpha": 1.0, "simpo_gamma": 0.5},
}
for name in ("kto", "orpo", "simpo"):
    JOBS[name].pop("loss_weights")
for name in ("kto", "orpo"):
    JOBS[name].pop("loss_type")


def ragged(root: Path, base: Path, method: str, at_once: int = BATCH, passes: int = 1) -> Path:
    """A build whose answers are of very unequal lengths, so that a mean of means is another one."""
    build = build_folder(root, base, method)
    for name, side in (("pairs.jsonl", "chosen"), ("sft.jsonl", "messages")):
        rows = [json.loads(line) for line in (build / name).read_text().splitlines()]
        for number, row in enumerate(rows):
            row[side][-1]["content"] += " Aye, so it is." * (number * number)
        (build / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = {"per_device_train_batch_size": at_once, "gradient_accumulation_steps": passes}
    jobs.write(build, **{method: {**JOBS[method], **told, "learning_rate": 1.0e-3}})
    return build


def weights(run: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(run / "adapter" / "adapter_model.safetensors")


def farthest(one: Path, other: Path) -> float:
    """How far two adapters are from one another: the norm of the difference, as a share of the norm. (Adam moves a
    weight whose gradient is nearly zero by a whole step in either direction, so that no single weight tells.)"""
    first, second = weights(one), weights(other)
    names = [name for name in first if "lora_B" in name]
    gap = sum(float((first[name] - second[name]).square().sum()) for name in names)
    return float((gap / sum(float(first[name].square().sum()) for name in names)) ** 0.5)


@pytest.mark.parametrize("method", ["sft", "dpo", "orpo", "simpo"])
def test_one_row_at_a_time_is_the_whole_batch_at_once(shapes: dict[str, Path], tmp_path: Path, method: str) -> None:
    whole = train.run(ragged(tmp_path / "whole", shapes["llama"], method), tmp_path / "runs-whole")
    single = train.run(ragged(tmp_path / "single", shapes["llama"], method, 1, BATCH), tmp_path / "runs-single")
    assert farthest(whole, single) < 1e-3
    losses = [[e["loss"] for e in events_of(tmp_path / runs)] for runs in ("runs-whole", "runs-single")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_parts_weigh_what_they_hold_and_not_alike(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the weights the library averages the parts' means: the test above would fail."""
    whole = train.run(ragged(tmp_path / "whole", shapes["llama"], "dpo"), tmp_path / "runs-whole")
    monkeypatch.setattr(sharing.Shares, "_is_shared", lambda self: False)
    single = train.run(ragged(tmp_path / "single", shapes["llama"], "dpo", 1, BATCH), tmp_path / "runs-single")
    assert farthest(whole, single) > 1e-2


def out_of_memory(monkeypatch: pytest.MonkeyPatch, most: int, after: int, error: Exception) -> list[tuple[int, int]]:
    """Let a training step fail from `after` updates on with more than `most` rows; return what went through."""
    from transformers import Trainer

    step = Trainer.training_step
    through: list[tuple[int, int]] = []

    def fails(self: Any, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
        rows = len(inputs["input_ids"]) // 2
        if rows > most and self.state.global_step >= after:
            raise error
        through.append((self.state.global_step, rows))
        return step(self, model, inputs, *rest, **named)

    monkeypatch.setattr(Trainer, "training_step", fails)
    return through


def test_out_of_memory_halves_the_rows_and_goes_on_from_the_newest_checkpoint(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    whole = train.run(ragged(tmp_path / "whole", shapes["llama"], "dpo"), tmp_path / "runs-whole")
    build = ragged(tmp_path / "small", shapes["llama"], "dpo")
    said: list[str] = []
    with monkeypatch.context() as patched:
        through = out_of_memory(patched, 1, 2, torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
        run = train.run(
            build, tmp_path / "runs-small", progress=lambda stage, done, total, unit, note="": said.append(note)
        )
    assert farthest(whole, run) < 1e-3
    after = [(step, 1) for step in range(2, STEPS) for _ in range(BATCH)]
    assert through == [(0, 4), (1, 2), *after], "no update is done again"
    events = events_of(tmp_path / "runs-small")
    told = [e for e in events if e.get("event") == "out of memory"]
    assert [(e["step"], e["at_once"], e["accumulation"]) for e in told] == [(2, [4, 2], [1, 2]), (2, [2, 1], [2, 4])]
    assert [e["step"] for e in events if "event" not in e] == [1, 2, 3, 4, 5, 6]
    assert "dpo: out of memory; now 1 rows at once" in said
    record = json.loads((run / "run.json").read_text())
    assert record["batches"] == {"dpo": {"rows": 4, "at_once": 1, "accumulation": 4, "of_the_job": 4}}


def test_a_policy_answers_anew_with_each_update_also_where_one_takes_more_passes(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from trl import GRPOTrainer

    build = written(tmp_path, shapes["llama"], "grpo")
    path = build / "jobs" / "grpo.yaml"
    # Three passes: a count of them that is taken over is no multiple of six.
    told = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 3, "num_generations": 2, "max_steps": 3}
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **told, "save_steps": 1}))
    begun: list[tuple[int, int]] = []
    answer, step = GRPOTrainer._generate_and_score_completions, GRPOTrainer.training_step

    def counted(self: Any, inputs: Any) -> Any:
        begun.append((self.state.global_step, self._step % self.args.steps_per_generation))
        return answer(self, inputs)

    def fails(self: Any, *given: Any, **named: Any) -> Any:
        if self.state.global_step == 1 and self.args.per_device_train_batch_size > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return step(self, *given, **named)

    monkeypatch.setattr(GRPOTrainer, "_generate_and_score_completions", counted)
    monkeypatch.setattr(GRPOTrainer, "training_step", fails)
    train.run(build, tmp_path / "runs")
    assert begun == [(0, 0), (1, 0), (2, 0)]


def test_a_resumed_run_keeps_to_what_fitted(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = ragged(tmp_path, shapes["llama"], "dpo")
    error = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")
    with monkeypatch.context() as patched:
        out_of_memory(patched, 2, 0, error)
        patched.setattr("backends.train.save_adapter", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            train.run(build, tmp_path / "runs")
    with monkeypatch.context() as patched:
        out_of_memory(patched, 2, 0, error)
        train.run(build, tmp_path / "runs")
    assert [e.get("event") for e in events_of(tmp_path / "runs")].count("out of memory") == 1


def test_a_row_that_does_not_fit_is_the_end(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = ragged(tmp_path, shapes["llama"], "dpo")
    out_of_memory(monkeypatch, 0, 0, MemoryError())
    with pytest.raises(MemoryError_, match="not enough memory"):
        train.run(build, tmp_path / "runs")
    assert [e["event"] for e in events_of(tmp_path / "runs")] == ["out of memory", "out of memory", "failed"]


@pytest.mark.parametrize(
    ("stage", "processes", "expected"),
    [("dpo", 1, (4, 4)), ("dpo", 2, (4, 2)), ("dpo", 3, (3, 2)), ("dpo", 16, (1, 1)), ("kto", 2, (4, 2))],
)
def test_a_batch_is_shared_out_over_processes(
    tmp_path: Path, stage: str, processes: int, expected: tuple[int, int]
) -> None:
    jobs.write(tmp_path, job={**JOBS["dpo"], "per_device_train_batch_size": 4, "gradient_accumulation_steps": 4})
    from backends.train.jobs import read_job

    split = sharing.split_of(read_job(tmp_path / "jobs" / "job.yaml"), stage, processes)
    assert (split.at_once, split.accumulation) == expected
    assert split.rows == 16


def test_a_batch_that_cannot_be_shared_out_says_so(tmp_path: Path) -> None:
    jobs.write(tmp_path, job={**JOBS["dpo"], "per_device_train_batch_size": 4})
    from backends.train.jobs import read_job

    job = read_job(tmp_path / "jobs" / "job.yaml")
    for stage, processes in (("dpo", 5), ("kto", 2), ("grpo", 3)):
        with pytest.raises(DataError, match="cannot be shared out") as caught:
            sharing.split_of(job, stage, processes)
        assert "--processes" in (caught.value.help or "")


def test_every_row_of_an_update_is_in_one_part(tmp_path: Path) -> None:
    for total in (1, 5, 6, 16, 17):
        split = sharing.Split(6, 2, 2)
        batches = list(sharing.Parts(range(total), split))
        assert len(batches) == len(sharing.Parts(range(total), split))
        assert len(batches) % split.parts == 0
        updates = [batches[n : n + split.parts] for n in range(0, len(batches), split.parts)]
        for number, update in enumerate(updates):
            rows = range(total)[number * 6 : number * 6 + 6]
            sizes = [len(part) for part in sharing.parts(len(rows), split.parts)]
            real = [row for batch, size in zip(update, sizes, strict=True) for row in batch[:size]]
            assert real == list(rows)
            assert all(len(batch) >= 1 for batch in update)


@pytest.mark.parametrize("method", [name for name, told in METHODS.items() if not (told.policy or told.together > 1)])
def test_a_method_whose_rows_may_be_shared_out_unevenly_says_what_a_part_weighs(method: str) -> None:
    module = import_module(f"backends.train.methods.{method}")
    assert callable(module.shares)
    assert callable(module.weigh)


def test_kto_is_shared_out_in_pairs_and_says_what_it_came_to(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = ragged(tmp_path, shapes["llama"], "kto", 8, 1)
    through: list[int] = []
    from transformers import Trainer

    step = Trainer.training_step

    def fails(self: Any, model: Any, inputs: Any, *rest: Any, **named: Any) -> Any:
        if len(inputs["label"]) > 4:
            raise MemoryError
        through.append(len(inputs["label"]))
        return step(self, model, inputs, *rest, **named)

    monkeypatch.setattr(Trainer, "training_step", fails)
    run = train.run(build, tmp_path / "runs")
    assert json.loads((run / "run.json").read_text())["batches"]["kto"]["at_once"] == 4
    # Twelve rows of six pairs: eight, then four, in two parts each.
    assert through == [4, 4, 2, 2] * (STEPS // 2)
