"""The same faults for Tenet's trainings and for the library's own: `python -m benchmarks.durability [KILLS]`.

A model of random weights, SFT, six steps, a checkpoint after each. Both contenders are the library's trainer with the
same rows and seed. The stock one saves and resumes as the library does (`resume_from_checkpoint=True`, which takes the
newest checkpoint by its name); the other is what `tenet train` runs. Each fault is planted in a copy of a training that
has stopped after step 4, or kills one at any moment; then the same command goes on, and how it ends is one of

    same bytes      the adapter of an unbroken training
    refused         an error, and no adapter
    OTHER BYTES     an adapter that no unbroken training gives, and no word about it

Trainings are forked from this process, which has the libraries loaded; half a minute of a core for each hundred kills.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TENET_THREADS", "1")

from backends import train
from backends.train import identity
from tests.backends import checkpoints, jobs
from tests.backends.killing import ended, forked, killed_after, warm
from tests.backends.test_train import build_folder

STEPS, STOP = 6, 4
SAME, REFUSED, OTHER = "same bytes", "refused", "OTHER BYTES"
FLIPS = 3
"""Bytes of each file that are flipped, one at a time."""


@dataclass(frozen=True)
class Contender:
    """trains: in a folder, from what lies there, until the end or until a step is done (0: none). weights: where the
    adapter's are then. newest: the checkpoint that it would take."""

    name: str
    trains: Callable[[Path, int], None]
    weights: Callable[[Path], Path]
    newest: Callable[[Path], Path | None]


def tenet(build: Path) -> Contender:
    def trains(folder: Path, stop: int) -> None:
        def progress(_: str, done: int, total: int, unit: str, note: str = "") -> None:
            if stop and "loss" in note and done > stop:
                raise KeyboardInterrupt

        train.run(build, folder, progress=progress)

    def newest(folder: Path) -> Path | None:
        return _by_step(identity.run_folder(build, folder) / "work" / "sft")

    def weights(folder: Path) -> Path:
        return identity.run_folder(build, folder) / "adapter" / "adapter_model.safetensors"

    return Contender("tenet train", trains, weights, newest)


def stock(build: Path) -> Contender:
    def trains(folder: Path, stop: int) -> None:
        trainer = _stock_trainer(build, folder, stop)
        trainer.train(resume_from_checkpoint=bool(_by_step(folder)))
        trainer.save_model(str(folder / "end"))

    return Contender("stock trl", trains, lambda folder: folder / "end" / "adapter_model.safetensors", _by_step)


def _stock_trainer(build: Path, folder: Path, stop: int) -> Any:
    from datasets import Dataset, disable_progress_bars
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer, get_peft_config

    from backends.devices import choose, settle
    from backends.train.jobs import configure, read_job

    class Stop(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if stop and state.global_step >= stop:
                raise KeyboardInterrupt

    disable_progress_bars()
    settle(choose())
    config, model_config = configure(read_job(build / "jobs" / "sft.yaml"), SFTConfig, choose(), folder)
    tokenizer = AutoTokenizer.from_pretrained(build / "base")
    rows = [{"messages": json.loads(line)["messages"]} for line in (build / "sft.jsonl").read_text().splitlines()]
    return SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(build / "base"),
        args=config,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=get_peft_config(model_config),
        callbacks=[Stop()],
    )


def _by_step(folder: Path) -> Path | None:
    found = [path for path in folder.glob("checkpoint-*") if path.name.split("-")[1].isdecimal()]
    return max(found, key=lambda path: int(path.name.split("-")[1]), default=None)


def bytes_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def goes_on(contender: Contender, folder: Path, whole: str, said: Path) -> str:
    """How the same command ends in `folder` as it stands."""
    code = ended(forked(lambda: contender.trains(folder, 0), said))
    found = bytes_of(contender.weights(folder)) if code == 0 else ""
    return REFUSED if not found else SAME if found == whole else OTHER


def faults(contender: Contender, stopped: Path, whole: str, root: Path) -> tuple[Counter[str], Counter[str]]:
    """Take each file of the newest checkpoint away; then flip bytes of each. Return how the trainings ended."""
    draw, missing, flipped = random.Random(1), Counter[str](), Counter[str]()
    newest = contender.newest(stopped)
    assert newest is not None
    for path in sorted(newest.iterdir()):
        places = [None, *(draw.randrange(path.stat().st_size) for _ in range(FLIPS))]
        for place in places:
            folder = root / "faulty"
            shutil.copytree(stopped, folder)
            copy = folder / path.relative_to(stopped)
            if place is None:
                copy.unlink()
            else:
                data = bytearray(copy.read_bytes())
                data[place] ^= 1 << draw.randrange(8)
                copy.write_bytes(data)
            found = goes_on(contender, folder, whole, root / "said")
            (missing if place is None else flipped)[found] += 1
            print(f"  {contender.name}: {path.name} {'missing' if place is None else f'flipped at {place}'}: {found}")
            shutil.rmtree(folder)
    return missing, flipped


def killed(contender: Contender, kills: int, whole: str, seconds: float, root: Path) -> Counter[str]:
    """Kill at random moments, each time in a folder of its own, and go on."""
    draw, found, folder = random.Random(2), Counter[str](), root / "killed"
    while found.total() < kills:
        process = forked(lambda: contender.trains(folder, 0), root / "said")
        code = killed_after(process, draw.uniform(0.0, seconds))
        if code == -signal.SIGKILL:
            found[goes_on(contender, folder, whole, root / "said")] += 1
        shutil.rmtree(folder, ignore_errors=True)
    return found


def tried(contender: Contender, kills: int, root: Path) -> list[tuple[str, str, Counter[str]]]:
    """How trainings of one contender end after each fault."""

    def again() -> None:
        contender.trains(root / "again", 0)

    def stopping() -> None:
        contender.trains(root / "stopped", STOP)

    with warm(lambda: contender.trains(root / "whole", 0)):
        whole = bytes_of(contender.weights(root / "whole"))
        begun = time.monotonic()
        assert ended(forked(again, root / "said")) == 0, (root / "said").read_text()
        seconds = time.monotonic() - begun
        assert bytes_of(contender.weights(root / "again")) == whole, "two unbroken trainings are not the same"
        ended(forked(stopping, root / "said"))
        missing, flipped = faults(contender, root / "stopped", whole, root)
        return [
            ("a file of the newest checkpoint is missing", contender.name, missing),
            ("a byte of one of its files is flipped", contender.name, flipped),
            ("kill -9 at any moment", contender.name, killed(contender, kills, whole, seconds, root)),
        ]


def main(kills: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        build = build_folder(root, checkpoints.make(root / "llama"), "sft")
        jobs.write(build, sft=jobs.sft(STEPS))
        train.run(build, root / "first")  # places the base
        rows = [
            row
            for contender in (stock(build), tenet(build))
            for row in tried(contender, kills, root / contender.name.replace(" ", "-"))
        ]
    print("\n| fault | trainings | contender | same bytes | refused | other bytes, and no word |")
    print("| --- | --- | --- | --- | --- | --- |")
    for fault, who, found in sorted(rows, key=lambda row: row[0]):
        print(f"| {fault} | {found.total()} | {who} | {found[SAME]} | {found[REFUSED]} | {found[OTHER]} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
