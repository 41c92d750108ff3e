"""What is trained: a build, stage after stage, with what it computes on, and who is told of it.

In: nothing. Out: `Wishes`, `Training` and `Stage`. This file must not know methods.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.bases import Base
from backends.cached import CachedEngine
from backends.devices import Device
from backends.train.held import Held
from backends.train.jobs import Job
from backends.train.ways import USUAL, Way
from compiler import events
from compiler.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a build is to be trained; `way` alone can change an adapter's bytes.

    cache: where what a judge says is kept by content; `build/../.cache` for None. root: the folder that paths of the
    spec start from. local_files_only: take models from this machine only. track: where else the curves go. begins: told
    of each stage that begins. held: bases that other trainings of this process have read, and this one may.
    """

    progress: Progress = silent
    cache: Path | None = None
    root: Path | None = None
    local_files_only: bool = False
    track: Sequence[str] = ()
    way: Way = USUAL
    begins: Callable[[str], None] | None = None
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """judge: loads what decides a principle. reward: the reward model that an earlier stage has trained."""

    build: Path
    run: Path
    base: Base
    device: Device
    wishes: Wishes
    judge: Callable[[], CachedEngine]
    reward: Path | None = None

    @property
    def events(self) -> Path:
        return self.run / events.NAME


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a training. module: its method. start: the adapter that it goes on from."""

    name: str
    job: Job
    module: Any
    start: Path | None
    of: Training

    @property
    def work(self) -> Path:
        """Its checkpoints, while it is under way."""
        return self.of.run / "work" / self.name

    def tell(self, done: int, note: str) -> None:
        """Tell of what is no step: how many there are to do is left open, so that no rate counts it."""
        self.of.wishes.progress("train", done, 0, "steps", f"{self.name}: {note}")
