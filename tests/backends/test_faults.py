"""What goes wrong in a training, planted on purpose: it is named, loses nothing that was finished, and the same command
goes on from there to the bytes of an unbroken training."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backends import bases, train
from backends.train import checkpoints as saving
from backends.train import identity, kept
from backends.train.composing import Part, compose
from compiler import events
from compiler.cli import execute, stages
from compiler.digests import file_digest
from compiler.failures import DivergedError, GivenError, ModelLoadError, StoreError
from tests.backends import jobs
from tests.backends.killing import Deeds, ended, forked, warm
from tests.backends.recipes import CPU
from tests.backends.test_kills import same
from tests.backends.test_train import build_folder

STEPS = 4


@pytest.fixture(scope="module")
def build(shapes: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = build_folder(tmp_path_factory.mktemp("faults"), shapes["llama"], "sft+dpo")
    jobs.write(made, sft=jobs.sft(STEPS), dpo=jobs.dpo(STEPS))
    rows = {name: file_digest(made / name) for name in ("pairs.jsonl", "sft.jsonl")}
    (made / "lock.json").write_text(json.dumps({"files": {}, "rows": rows}))
    (made / "ir.json").touch()
    return made


@pytest.fixture(scope="module")
def whole(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train.run(build, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module", autouse=True)
def warmed(whole: Path) -> Iterator[None]:
    with warm(lambda: None):
        yield


def interrupted(build: Path, runs: Path, stage: str, step: int) -> Path:
    """Train until a step of a stage is begun, and let Ctrl-C come there."""

    def progress(_: str, done: int, total: int, unit: str, note: str = "") -> None:
        if note.startswith(stage) and done >= step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train.run(build, runs, progress=progress)
    return identity.run_folder(build, runs)


def finished(build: Path, runs: Path, whole: Path) -> list[dict[str, Any]]:
    """Run the same command again: the bytes are those of an unbroken training. Return its events."""
    run = train.run(build, runs)
    assert same(run / "adapter", whole / "adapter")
    assert (run / "run.json").read_bytes() == (whole / "run.json").read_bytes()
    assert {path.name for path in run.iterdir()} == {"adapter", "events.jsonl", "run.json"}
    found = events.read(run / events.NAME)
    steps = [(e["stage"], e["step"]) for e in found if "event" not in e]
    assert steps == [(stage, step) for stage in ("sft", "dpo") for step in range(1, STEPS + 1)]
    return found


def flip(path: Path, at: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


# ------------------------------------------------------------------ altered and missing files


def test_every_altered_or_missing_file_of_a_checkpoint_is_noticed(build: Path, whole: Path, tmp_path: Path) -> None:
    run = interrupted(build, tmp_path / "runs", "dpo", 3)
    work = run / "work" / "dpo"
    good = saving.newest(work)
    assert good is not None
    draw, names = random.Random(3), sorted(path.name for path in good.iterdir())
    assert len(names) >= 9
    for name in names:
        size = (good / name).stat().st_size
        for at in {0, size // 2, size - 1, *(draw.randrange(size) for _ in range(12))}:
            flip(good / name, at, bit := draw.randrange(8))
            assert not saving.is_whole(good), (name, at)
            flip(good / name, at, bit)
        shutil.copy(good / name, tmp_path / name)
        (good / name).write_bytes((tmp_path / name).read_bytes()[:-1])
        assert not saving.is_whole(good), f"{name} is a byte short"
        (good / name).unlink()
        assert not saving.is_whole(good), f"{name} is gone"
        shutil.copy(tmp_path / name, good / name)
    (good / "optimizer.pt").touch()
    assert not saving.is_whole(good), "a file more"
    (good / "optimizer.pt").unlink()
    assert saving.is_whole(good)
    # The newest is broken: the one before it is taken, and that is said.
    flip(good / "optimizer.safetensors", -1)
    told = [e for e in finished(build, tmp_path / "runs", whole) if e.get("event") == "refused"]
    assert [(e["stage"], e["step"]) for e in told] == [("dpo", saving._step(good))]


def test_an_altered_adapter_of_a_stage_is_made_again(build: Path, whole: Path, tmp_path: Path) -> None:
    run = interrupted(build, tmp_path / "runs", "dpo", 2)
    flip(run / "work" / "sft-adapter" / "adapter_model.safetensors", -1)
    finished(build, tmp_path / "runs", whole)


def test_every_byte_of_a_finished_run_is_held(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / whole.name
    shutil.copytree(whole, run)
    assert kept.as_left(run) == (True, "as its training left it")
    draw = random.Random(4)
    places = [(run / "run.json", at) for at in range((run / "run.json").stat().st_size)]
    for path in sorted((run / "adapter").iterdir()):
        places += [(path, at) for at in {0, *(draw.randrange(path.stat().st_size) for _ in range(20))}]
    for path, at in places:
        flip(path, at, bit := draw.randrange(8))
        assert kept.changed(run) != [], (path.name, at)
        flip(path, at, bit)
    for path in (run / "run.json", *(run / "adapter").iterdir()):
        path.rename(tmp_path / "away")
        assert kept.changed(run) != [], f"{path.name} is gone"
        (tmp_path / "away").rename(path)
    log = run / events.NAME
    told, ends = events.read(log), [n for n, byte in enumerate(log.read_bytes()) if byte == ord("\n")]
    for at in draw.sample(range(log.stat().st_size), 300):
        flip(log, at, bit := draw.randrange(8))
        assert events.altered(log) or at == ends[-1], at
        assert all(event in told or events.SUM not in event for event in events.read(log)), at
        flip(log, at, bit)
    assert kept.changed(run) == []


def test_commands_refuse_a_run_that_has_changed(
    build: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, out = tmp_path / "runs", str(build.parent)
    shutil.copytree(whole, runs / whole.name)
    run = runs / whole.name
    assert execute(["verify", str(run), "--out", out]) == 0
    assert "as its training left it" in capsys.readouterr().out
    flip(run / "adapter" / "adapter_model.safetensors", -1)
    for command in (
        ["train", str(build), "--runs", str(runs)],
        ["measure", str(run), "--out", out],
        ["chat", str(run), "--out", out],
    ):
        assert execute(command) == 3, command
        said = " ".join(capsys.readouterr().err.split())
        assert "is not as it was trained: adapter/adapter_model.safetensors" in said, command
        assert "tenet verify" in said
    assert execute(["verify", str(run), "--out", out]) == 1
    assert "not as its training left it: adapter/adapter_model.safetensors" in capsys.readouterr().out
    with pytest.raises(ModelLoadError, match="not as it was trained"):
        compose([Part(run, 1.0)], bases.placed(build / "base"), "mix", runs, CPU)  # type: ignore[arg-type]  # it is there


# ------------------------------------------------------------------ disks


def test_a_disk_that_is_full_from_any_deed_on_loses_nothing(build: Path, whole: Path, tmp_path: Path) -> None:
    def counted() -> None:
        deeds = Deeds(tmp_path / "count")
        deeds.watch()
        train.run(build, tmp_path / "count")
        (tmp_path / "counted").write_text(str(deeds.count))

    assert ended(forked(counted, tmp_path / "said")) == 0, (tmp_path / "said").read_text()
    total, draw, runs = int((tmp_path / "counted").read_text()), random.Random(5), tmp_path / "runs"
    for part in range(5):
        at = draw.randrange(total * part // 5 + 1, total * (part + 1) // 5 + 1)

        def full(at: int = at) -> None:
            Deeds(runs, full_at=at).watch()
            try:
                train.run(build, runs)
            except StoreError as refused:
                (tmp_path / f"refused-{at}").write_text(f"{refused.message} {refused.help}")

        assert ended(forked(full, tmp_path / "said")) == 0, (at, (tmp_path / "said").read_text())
        assert ended(forked(lambda: finished(build, runs, whole), tmp_path / "said")) == 0, (
            tmp_path / "said"
        ).read_text()
        shutil.rmtree(runs)
    # A training that has written all of run.json has nothing left that takes room.
    told = [path.read_text() for path in tmp_path.glob("refused-*")]
    assert len(told) >= 4
    assert all("no room left" in text and "run the same command" in text for text in told)


def test_a_file_that_may_grow_no_further_is_a_full_disk(build: Path, whole: Path, tmp_path: Path) -> None:
    """The kernel says it, in the midst of a write, to Python and to the library that writes tensors."""
    runs = tmp_path / "runs"

    def limited(size: int) -> Callable[[], None]:
        def work() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            with pytest.raises(StoreError, match="no room left"):
                train.run(build, runs)

        return work

    # Adapter, optimizer and everything; the log alone grows beyond the second.
    for size in (30_000, 700):
        assert ended(forked(limited(size), tmp_path / "said")) == 0, (size, (tmp_path / "said").read_text())
    finished(build, runs, whole)


def test_a_disk_that_refuses_is_told_from_a_full_one(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StoreError, match="cannot be written to") as refused:
        train.run(build, tmp_path / "runs")
    assert "permissions" in str(refused.value.help)


# ------------------------------------------------------------------ numbers, bases, two at once, Ctrl-C


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_numbers_that_are_not_finite_stop_at_once(
    build: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    from trl import SFTTrainer

    computing = SFTTrainer.compute_loss

    def planted(self: Any, *given: Any, **named: Any) -> Any:
        loss = computing(self, *given, **named)
        if self.state.global_step != 2:
            return loss
        return loss * float("nan") if what == "loss" else _finite_with_infinite_gradient(loss)

    with monkeypatch.context() as patched:
        patched.setattr(SFTTrainer, "compute_loss", planted)
        for _ in range(2):  # it says the same again, and loses nothing by it
            with pytest.raises(DivergedError, match=f"sft: the .*{what} is nan at step 3 of 4") as stopped:
                train.run(build, tmp_path / "runs")
            assert "the checkpoint of step 2 is kept" in stopped.value.message
            assert "learning_rate: 0.0013" in str(stopped.value.help)
    run = identity.run_folder(build, tmp_path / "runs")
    assert [e["error"] for e in events.read(run / events.NAME) if e.get("event") == "failed"] == ["DivergedError"] * 2
    assert saving.latest(run / "work" / "sft") == 2
    finished(build, tmp_path / "runs", whole)


def _finite_with_infinite_gradient(loss: Any) -> Any:
    """A square root at nothing: its value is 0, and its slope is not finite."""
    return loss + (loss - loss.detach()).sqrt()


def test_a_training_that_learns_far_too_fast_says_so(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = build_folder(tmp_path, shapes["llama"], "dpo")
    jobs.write(build, dpo={**jobs.dpo(6), "learning_rate": 1e25})
    with pytest.raises(DivergedError, match=r"dpo: the .* is (nan|inf) at step"):
        train.run(build, tmp_path / "runs")


def test_a_base_that_vanishes_is_named_and_costs_no_step(
    build: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Trainer

    saving_adapter, away = train.save_adapter, tmp_path / "away"
    weights = next((build / "base").glob("*.safetensors"))

    def vanishing(*given: Any) -> Any:
        saved = saving_adapter(*given)
        weights.rename(away)
        return saved

    try:
        with monkeypatch.context() as patched:
            patched.setattr(train, "save_adapter", vanishing)
            with pytest.raises(ModelLoadError, match="cannot be read"):
                train.run(build, tmp_path / "runs")
        with pytest.raises(ModelLoadError, match="not what the build put there") as gone:
            train.run(build, tmp_path / "runs")
        assert "build the spec again" in str(gone.value.help)
    finally:
        away.rename(weights)
    stepping, stages = Trainer.training_step, []

    def counting(self: Any, *given: Any, **named: Any) -> Any:
        stages.append(Path(self.args.output_dir).name)
        return stepping(self, *given, **named)

    monkeypatch.setattr(Trainer, "training_step", counting)
    finished(build, tmp_path / "runs", whole)
    assert set(stages) == {"dpo"}


def test_two_trainings_in_one_folder_exclude_each_other(build: Path, whole: Path, tmp_path: Path) -> None:
    runs, ready, go = tmp_path / "runs", tmp_path / "ready", tmp_path / "go"
    os.mkfifo(go)

    def slow() -> None:
        def progress(_: str, done: int, total: int, unit: str, note: str = "") -> None:
            if note.startswith("dpo") and done == 1:
                ready.touch()
                go.read_text()  # until somebody writes, or for ever

        train.run(build, runs, progress=progress)

    process = forked(slow, tmp_path / "said")
    while not ready.exists():
        assert os.waitpid(process, os.WNOHANG) == (0, 0), (tmp_path / "said").read_text()
    with pytest.raises(GivenError, match=rf"another process writes .*its number is {process}\)"):
        train.run(build, runs)
    os.kill(process, signal.SIGKILL)  # the lock dies with its process
    assert ended(process) == -signal.SIGKILL
    finished(build, runs, whole)


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(
    build: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", str(build), "--runs", str(tmp_path / "runs")]

    def work() -> None:
        from compiler.cli.screen import Measured

        shown = Measured.__call__

        def pressing(self: Any, stage: str, done: int, total: int, unit: str, note: str = "") -> None:
            shown(self, stage, done, total, unit, note)
            if note.startswith("dpo: loss") and done == 3:
                os.kill(os.getpid(), signal.SIGINT)

        Measured.__call__ = pressing  # type: ignore[method-assign]  # a child of its own
        signal.signal(signal.SIGINT, signal.default_int_handler)  # who has started the tests may ignore it
        assert execute(command) == 130

    assert ended(forked(work, tmp_path / "said")) == 0, (tmp_path / "said").read_text()
    said = (tmp_path / "said").read_text()
    run = identity.run_folder(build, tmp_path / "runs")
    assert f"Interrupted. Kept in {run}: all of sft, step 2 of dpo.\nGo on with:  tenet train {build}" in said
    assert "Traceback" not in said
    assert [e["event"] for e in events.read(run / events.NAME) if "event" in e] == ["interrupted"]
    flip(run / "work" / "dpo" / "checkpoint-2" / "random.json", 10)
    assert execute(command) == 0
    assert "note: dpo: checkpoint-2 is torn or has changed" in capsys.readouterr().err
    finished(build, tmp_path / "runs", whole)


def test_an_event_after_a_torn_line_is_read(tmp_path: Path) -> None:
    from backends.train import telling
    from compiler import events

    path = tmp_path / events.NAME
    telling.append(path, {"stage": "dpo", "step": 1})
    with path.open("a") as stream:
        stream.write('{"stage": "dpo", "st')
    telling.append(path, {"stage": "dpo", "step": 1, "event": "refused"})
    assert [event.get("event") for event in events.read(path)] == [None, "refused"]


def test_a_report_of_a_run_that_has_changed_is_refused_before_its_measurements_are_held_against_the_build(
    whole: Path, build: Path, tmp_path: Path
) -> None:
    run = tmp_path / whole.name
    shutil.copytree(whole, run)
    flip(run / "adapter" / "adapter_model.safetensors", -1)
    with pytest.raises(ModelLoadError, match="not as it was trained"):
        stages.diff(build, run)
