"""Personas trained together have the bytes of each trained alone, over a base that is read once."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from backends import train
from backends.train import family, held, identity
from backends.train.adapters import adapter_digest
from compiler.cli import execute
from compiler.cli.families import unfolded
from compiler.digests import file_digest
from compiler.failures import DataError, GivenError, ModelLoadError, WorkerError
from compiler.progress import Progress, silent
from tests.backends import jobs
from tests.backends.processes import SERVER
from tests.backends.test_train import build_folder

NAMES = ("caring", "casual", "poetic")
Reads = Callable[[], int]


def builds(root: Path, base: Path, method: str = "dpo", steps: int = 2) -> list[Path]:
    """Three builds of one base, unlike in their steps and seeds."""
    made = []
    for number, name in enumerate(NAMES):
        build = build_folder(root / name, base, method).rename(root / name / "build" / name)
        own = {"seed": number, "data_seed": number}
        jobs.write(build, dpo={**jobs.dpo(steps + number), **own}, sft={**jobs.sft(steps), **own})
        made.append(build)
    return made


def personas(made: list[Path], runs: Path) -> list[family.Persona]:
    def one(build: Path) -> family.Persona:
        def training(held: held.Held, progress: Progress) -> Path:
            return train.run(build, runs, progress=progress, held=held)

        return family.Persona(build, training, lambda held: train.hold(build, held))

    return [one(build) for build in made]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Reads:
    """How often weights of a base were read, in this process and in those forked from it."""
    read, told = held.read, tmp_path / "reads"
    told.touch()

    def counted(*given: Any) -> Any:
        with told.open("a") as stream:
            stream.write("read\n")
        return read(*given)

    monkeypatch.setattr(held, "read", counted)
    return lambda: len(told.read_text().splitlines())


@pytest.mark.parametrize(
    ("at_once", "method", "usual"), [(1, "sft+dpo", 1), (2, "dpo", 1), (2, "dpo", 2)], ids=["in turn", "two", "uneven"]
)
def test_each_has_the_bytes_that_it_has_alone(
    shapes: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
    method: str,
    usual: int,
    reads: Reads,
) -> None:
    import torch

    monkeypatch.delenv("TENET_THREADS")
    monkeypatch.setattr("backends.devices.CPU_THREADS", usual)
    made = builds(tmp_path, shapes["llama"], method)
    torch.set_num_threads(2)
    torch.ones(512, 512) @ torch.ones(512, 512)  # as making rows does, which leaves threads that no fork has
    said: list[tuple[int, int]] = []

    def progress(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        said.append((done, total))

    together = family.run(personas(made, tmp_path / "runs"), tmp_path / "runs", at_once, progress)
    assert reads() == 1
    assert all(done <= total for done, total in said)
    for build, run, threads in zip(made, together, [1, 1, usual], strict=True):
        with monkeypatch.context() as told:
            told.setenv("TENET_THREADS", str(threads))
            alone = train.run(build, tmp_path / "alone")
        assert alone.name == run.name, "what is byte for byte the same has one name"
        assert adapter_digest(alone / "adapter") == adapter_digest(run / "adapter")
        events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
        alone_events = [json.loads(line) for line in (alone / "events.jsonl").read_text().splitlines()]
        assert [e["loss"] for e in events] == [e["loss"] for e in alone_events]
    before = reads()
    again = family.run(personas(made, tmp_path / "runs"), tmp_path / "runs", at_once, silent)
    assert again == together
    assert reads() == before, "nothing is left to train"
    weights = together[0] / "adapter" / "adapter_model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    with pytest.raises(ModelLoadError, match="changed"):
        family.run(personas(made, tmp_path / "runs"), tmp_path / "runs", at_once, silent)


def test_no_place_in_a_family_has_what_is_trained_trained_again(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: Reads
) -> None:
    monkeypatch.delenv("TENET_THREADS")
    made, runs = builds(tmp_path, shapes["llama"]), tmp_path / "runs"
    first = family.run(personas(made[:2], runs), runs, 2, silent)
    before = len(list(runs.glob("*/run.json")))
    again = family.run(personas([made[2], made[1], made[0]], runs), runs, 2, silent)
    assert again[:0:-1] == first
    assert len(list(runs.glob("*/run.json"))) == before + 1


def test_a_base_that_cannot_be_held_stops_no_other(shapes: dict[str, Path], tmp_path: Path) -> None:
    made, runs = builds(tmp_path, shapes["llama"]), tmp_path / "runs"

    def missing(held: held.Held) -> None:
        raise ModelLoadError("the base is gone", help="")

    ready = personas(made, runs)
    ready[0] = family.Persona(ready[0].build, ready[0].train, missing)
    with pytest.raises(ModelLoadError, match="caring: the base is gone"):
        family.run(ready, runs, 2, silent)
    assert [identity.is_done(identity.run_folder(build, runs)) for build in made] == [False, True, True]


@pytest.mark.parametrize("at_once", [1, 2])
def test_what_fails_stops_no_other(shapes: dict[str, Path], tmp_path: Path, at_once: int) -> None:
    made = builds(tmp_path, shapes["llama"])
    (made[0] / "pairs.jsonl").write_text('{"prompt": 1}\n')
    with pytest.raises(DataError, match=r"caring: .*row 1"):
        family.run(personas(made, tmp_path / "runs"), tmp_path / "runs", at_once, silent)
    assert [identity.is_done(identity.run_folder(build, tmp_path / "runs")) for build in made] == [False, True, True]
    (failed,) = (tmp_path / "runs").glob("caring-*/events.jsonl")
    assert json.loads(failed.read_text().splitlines()[-1])["event"] == "failed"


def test_a_process_that_is_gone_and_a_fault_of_the_code_are_told(shapes: dict[str, Path], tmp_path: Path) -> None:
    made = builds(tmp_path, shapes["llama"])
    ready = personas(made, tmp_path / "runs")

    def killed(held: held.Held, progress: Progress) -> Path:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def wrong(held: held.Held, progress: Progress) -> Path:
        raise KeyError("step")

    for training, said in ((killed, "caring: was ended by signal 9"), (wrong, "caring: KeyError: 'step'")):
        broken = [family.Persona(build, training, ready[0].hold) for build in made[:2]]
        with pytest.raises(WorkerError, match=said):
            family.run(broken, tmp_path / "runs", 2, silent)


def _training(made: list[Path], runs: Path, told: Path) -> None:
    def progress(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        told.write_text(f"{done}")

    family.run(personas(made, runs), runs, 2, progress)


@pytest.mark.parametrize("signals", [(signal.SIGKILL,), (signal.SIGTERM,)], ids=["killed", "stopped"])
def test_a_family_that_is_killed_goes_on_to_the_same_bytes(
    shapes: dict[str, Path], tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    made = builds(tmp_path, shapes["llama"], steps=12)
    runs, told = tmp_path / "runs", tmp_path / "told"
    process = SERVER.Process(target=_training, args=(made, runs, told))
    process.start()
    deadline = time.monotonic() + 120
    while not list(runs.glob("*/work/dpo/checkpoint-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.pid is not None
    children = _children(process.pid)
    os.kill(process.pid, signals[0])
    process.join()
    assert children, "the personas are processes of their own"
    while any(map(_is_there, children)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(_is_there, children)), "nobody trains on for a parent that is gone"
    assert not all(identity.is_done(identity.run_folder(build, runs)) for build in made)
    ended = family.run(personas(made, runs), runs, 2, silent)
    for build, run in zip(made, ended, strict=True):
        assert adapter_digest(train.run(build, tmp_path / "alone") / "adapter") == adapter_digest(run / "adapter")


def _children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(number) for number in found.split()]


def _is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_base_that_was_written_to_is_told(shapes: dict[str, Path]) -> None:
    import torch

    from backends import bases

    base, kept = bases.resolve(str(shapes["llama"])), held.Held()
    one = kept.model(base, torch.float32, "cpu")
    other = kept.model(base, torch.float32, "cpu")
    assert one is not other
    assert all(a is b for a, b in zip(one.parameters(), other.parameters(), strict=True))
    with torch.no_grad():
        next(one.parameters()).add_(1)
    with pytest.raises(ModelLoadError, match="written to the weights"):
        kept.model(base, torch.float32, "cpu")


def test_more_threads_are_the_user_s_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENET_THREADS", "1")
    assert family.at_once_here() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("TENET_THREADS", "2")
    assert family.at_once_here() == 1
    with pytest.raises(GivenError, match="2 cannot be trained at once: TENET_THREADS"):
        family.run([], Path("runs"), 2, silent)
    monkeypatch.delenv("TENET_THREADS")
    assert family.at_once_here() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("TENET_DEVICE", "cuda")
    assert family.at_once_here() == 1


def test_what_was_trained_together_is_not_trained_again_alone(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (build, *_) = builds(tmp_path, shapes["llama"])
    (build / "ir.json").touch()
    rows = {"pairs.jsonl": file_digest(build / "pairs.jsonl"), "sft.jsonl": file_digest(build / "sft.jsonl")}
    (build / "lock.json").write_text(json.dumps({"rows": rows}))
    (run,) = family.run(personas([build], tmp_path / "runs"), tmp_path / "runs", 1, silent)
    command = ["train", str(build), "--runs", str(tmp_path / "runs")]
    monkeypatch.delenv("TENET_THREADS")
    assert execute(command) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(run / "adapter")
    assert "together with others" in said.err
    monkeypatch.setattr("backends.train.run", lambda *_, **__: tmp_path / "trained anew")
    monkeypatch.setenv("TENET_THREADS", "2")
    assert execute(command) == 0
    assert "trained anew" in capsys.readouterr().out


def test_a_folder_stands_for_the_specs_that_no_other_imports(tmp_path: Path) -> None:
    voices = unfolded([Path("examples/five-voices")])
    assert [path.stem for path in voices] == ["caring", "casual", "poetic", "protective", "sarcastic"]
    assert unfolded([voices[0], *voices]) == voices
    other = tmp_path / "caring.tenet"
    other.write_text(voices[0].read_text().replace("common.tenet", str(voices[0].parent / "common.tenet")))
    with pytest.raises(click.UsageError, match="one name"):
        unfolded([voices[0], other])
    (tmp_path / "empty").mkdir()
    assert execute(["train", str(tmp_path / "empty")]) == 2
