"""Stages in processes of their own, killed at any moment. The processes are forked from a server that has the
libraries loaded."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable
from pathlib import Path

from backends import generate, measure, train

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    ["torch", "transformers.trainer", "transformers.models.llama", "peft", "datasets", "trl.trainer.dpo_trainer"]
)


def generating(build: Path, runs: Path) -> None:
    generate.run(build)


def training(build: Path, runs: Path) -> None:
    train.run(build, runs)


def measuring(build: Path, runs: Path) -> None:
    measure.run(build, train.run_folder(build, runs))


def killed_at_random(stage: Callable[[Path, Path], None], build: Path, runs: Path, seed: int, kills: int) -> int:
    """Run `stage` until it ends by itself, killing it at random moments first; return how often it was killed."""
    draw = random.Random(seed)
    killed = 0
    while True:
        process = SERVER.Process(target=stage, args=(build, runs))
        process.start()
        # Later kills come later, so that they also fall into what the earlier ones never reached.
        process.join(None if killed == kills else draw.uniform(0.1, 0.8 + 0.7 * killed))
        if process.is_alive():
            process.kill()
            process.join()
            killed += 1
            continue
        assert process.exitcode == 0
        return killed


def bytes_of(folder: Path, *names: str) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names}
