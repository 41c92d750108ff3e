"""Training with as many rows at once as memory takes: half of them when it runs out, and twice the passes.

In: a way to train with some split. Out: what it trained, and what it came down to: kept beside the checkpoints, told
in events.jsonl. The update stays the same (see `backends.train.sharing`), and steps that a checkpoint holds are not
done again. This file must not know models or trainers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from backends.devices import release_memory
from backends.train import workers
from backends.train.checkpoints import newest
from backends.train.jobs import Job
from backends.train.sharing import Split, StepTooLarge, begun, keep, split_of

T = TypeVar("T")
Tell = Callable[[Split, dict[str, Any]], None]
HELP = "a smaller base, a shorter `max_length`, or a larger device"


def kept(run: Path, stage: str) -> Path:
    """Where a stage of an unfinished run keeps the split that fits."""
    return run / "work" / f"{stage}-split.json"


def batches(job: Job, run: Path, stage: str) -> dict[str, Any]:
    """How a stage's updates went through, for run.json."""
    told = split_of(job, stage, workers.count())
    came_to = begun(kept(run, stage), told)
    found = {"rows": told.rows, "at_once": came_to.at_once, "accumulation": came_to.accumulation}
    return {**found, "of_the_job": told.at_once} if came_to != told else found


def until_it_fits(attempt: Callable[[Split], T | None], split: Split, run: Path, stage: str, tell: Tell) -> T:
    """Train with `split`, or with what an earlier try came down to, and halve it for as long as memory runs out.

    Raises:
        StepTooLarge: it ran out in one of several processes: whoever started them starts all again.
    """
    split = begun(kept(run, stage), split)
    if workers.is_first():
        keep(kept(run, stage), split)
    while True:
        trained = attempt(split)
        if trained is not None:
            return trained
        if workers.count() > 1:
            raise StepTooLarge(f"{stage}: {split.at_once} rows at once do not fit into memory", help=HELP)
        release_memory()
        split = come_down(run, stage, split, tell)


def come_down(run: Path, stage: str, split: Split, tell: Tell) -> Split:
    """Halve what goes through at once, keep it, and tell.

    Raises:
        StepTooLarge: it cannot be halved any more.
    """
    smaller = split.halved()
    if smaller is None:
        raise StepTooLarge(f"{stage}: {split.at_once} rows at once do not fit into memory", help=HELP)
    keep(kept(run, stage), smaller)
    done = newest(run / "work" / stage)
    tell(
        smaller,
        {
            "stage": stage,
            "step": int(done.name.split("-")[1]) if done else 0,
            "event": "out of memory",
            "at_once": [split.at_once, smaller.at_once],
            "accumulation": [split.accumulation, smaller.accumulation],
            "time": round(time.time(), 3),
        },
    )
    return smaller
