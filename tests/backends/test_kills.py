"""Trainings that are killed: whatever is there afterwards is whole, is what an unbroken training has written there, and
the same command ends with the same bytes."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends import train
from backends.train import checkpoints as saving
from backends.train import identity, kept
from compiler import events
from tests.backends import jobs
from tests.backends.killing import Deeds, ended, forked, killed_after, warm
from tests.backends.test_methods import ALONE, written
from tests.backends.test_train import build_folder

KILLS = int(os.environ.get("TENET_TEST_KILLS", "30"))
FILES = ("adapter_config.json", "adapter_model.safetensors", "README.md")


@dataclass(frozen=True)
class Whole:
    """An unbroken training. checkpoints: every one that it wrote, by stage and name. deeds: how many there are."""

    run: Path
    checkpoints: Path
    deeds: int
    seconds: float


@pytest.fixture(scope="module", autouse=True)
def warmed(shapes: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    root = tmp_path_factory.mktemp("warm")
    with warm(lambda: train.run(build_folder(root, shapes["llama"], "sft+dpo"), root / "runs")):
        yield


def unbroken(build: Path, root: Path) -> Whole:
    """Train once in a child that keeps every checkpoint."""
    seal = kept.seal

    def work() -> None:
        import time

        begun = time.monotonic()
        deeds = Deeds(root / "whole")
        deeds.watch()
        saving.KEPT = 10**6

        def sealing(run: Path, record: dict[str, Any]) -> None:
            shutil.copytree(run / "work", root / "checkpoints")
            seal(run, record)

        kept.seal = sealing
        run = train.run(build, root / "whole")
        (root / "counted").write_text(f"{deeds.count} {time.monotonic() - begun} {run}")

    assert ended(forked(work, root / "said")) == 0, (root / "said").read_text()
    deeds, seconds, run = (root / "counted").read_text().split(" ", 2)
    return Whole(Path(run), root / "checkpoints", int(deeds), float(seconds))


def accepted(run: Path, whole: Whole) -> int:
    """Hold all that a later start would accept against the unbroken training; return how many artifacts those are."""
    found = 0
    for folder in sorted((run / "work").glob("*/checkpoint-*")):
        if saving.is_whole(folder):
            assert same(folder, whole.checkpoints / folder.parent.name / folder.name, TIMED), folder
            found += 1
    for folder in sorted((run / "work").glob("*-adapter")):
        if train._is_whole(folder, folder.with_suffix(".sha256")):
            assert same(
                folder, whole.run / "adapter" if folder.name == "dpo-adapter" else whole.checkpoints / folder.name
            )
            found += 1
    if identity.is_done(run):
        assert kept.changed(run) == []
        assert same(run / "adapter", whole.run / "adapter")
        found += 1
    return found


TIMED = frozenset({saving.STATE, saving.MANIFEST})
"""What holds how long a step of a policy took, and the hash of that."""


def same(one: Path, other: Path, aside: frozenset[str] = frozenset()) -> bool:
    names = {path.name for path in one.iterdir()}
    return names == {path.name for path in other.iterdir()} and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in names - aside
    )


def test_no_kill_leaves_anything_torn_that_is_accepted(shapes: dict[str, Path], tmp_path: Path) -> None:
    """TENET_TEST_KILLS says how often. Every second one dies at a planted point, every second of these loses what was
    not synced; the others at any moment."""
    build = build_folder(tmp_path, shapes["llama"], "sft+dpo")
    jobs.write(build, sft=jobs.sft(3), dpo=jobs.dpo(3))
    whole = unbroken(build, tmp_path)
    assert whole.deeds > 100, "the deeds are not seen"
    draw, runs, kills, found, trained = random.Random(KILLS), tmp_path / "runs", 0, 0, 0
    left = whole.deeds
    while kills < KILLS:
        planted = kills % 2 == 0
        at, power = draw.randrange(1, max(left, 2)), kills % 4 == 0

        def work(at: int = at if planted else 0, power: bool = power) -> None:
            Deeds(runs, at, power).watch()
            train.run(build, runs)

        process = forked(work, tmp_path / "said")
        code = ended(process) if planted else killed_after(process, draw.uniform(0.02, 1.2 * whole.seconds))
        run = runs / whole.run.name
        assert code in (0, -signal.SIGKILL), (tmp_path / "said").read_text()
        found += accepted(run, whole)
        if code == 0:
            end(run, whole)
            trained += 1
            shutil.rmtree(runs)
        else:
            kills += 1
            if kills % 50 == 0:
                print(f"{kills} kills, {found} artifacts accepted, {trained} trainings ended", flush=True)
    assert ended(forked(lambda: train.run(build, runs), tmp_path / "said")) == 0, (tmp_path / "said").read_text()
    end(runs / whole.run.name, whole)
    assert found > KILLS // 3, "killed before anything was written"
    print(f"{kills} kills, {found} artifacts accepted, {trained + 1} trainings ended, none torn")


def end(run: Path, whole: Whole) -> None:
    assert same(run / "adapter", whole.run / "adapter")
    assert (run / "run.json").read_bytes() == (whole.run / "run.json").read_bytes()
    assert {path.name for path in run.iterdir()} == {"adapter", "events.jsonl", "run.json"}
    ok, said = kept.as_left(run)
    assert ok, said
    steps = [(e["stage"], e["step"]) for e in events.read(run / "events.jsonl") if "event" not in e]
    assert steps == [(stage, step) for stage in ("sft", "dpo") for step in (1, 2, 3)]


AGAIN = {"num_iterations": 2}
"""Learns twice from each answer: between the two, a checkpoint could not know what was answered."""


@pytest.mark.parametrize(("method", "more"), [*((m, {}) for m in ALONE), ("grpo", AGAIN), ("rloo", AGAIN)])
def test_every_method_goes_on_to_the_same_bytes(
    shapes: dict[str, Path], tmp_path: Path, method: str, more: dict[str, int]
) -> None:
    """Killed once at a planted point of each third of its way, with what was not synced lost."""
    build = written(tmp_path, shapes["llama"], method)
    path = build / "jobs" / f"{method}.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "max_steps": 4, **more}))
    whole = unbroken(build, tmp_path)
    assert not more or {p.name for p in whole.checkpoints.glob("*/checkpoint-*")} == {"checkpoint-2", "checkpoint-4"}
    draw, runs = random.Random(method), tmp_path / "runs"
    kills = 0
    for third in (1, 2, 3):
        at = draw.randrange(whole.deeds * (third - 1) // 3 + 1, whole.deeds * third // 3)

        def work(at: int = at) -> None:
            Deeds(runs, at, power=True).watch()
            train.run(build, runs)

        kills += ended(forked(work, tmp_path / "said")) == -signal.SIGKILL
        accepted(runs / whole.run.name, whole)
    assert kills >= 1
    assert ended(forked(lambda: train.run(build, runs), tmp_path / "said")) == 0, (tmp_path / "said").read_text()
    assert same(runs / whole.run.name / "adapter", whole.run / "adapter")
    assert (runs / whole.run.name / "run.json").read_bytes() == (whole.run / "run.json").read_bytes()
