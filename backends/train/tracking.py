"""Curves of a training in TensorBoard, Weights & Biases or trackio as well, where somebody asks for it.

In: names of trackers. Out: the library's own callbacks for them (`report_to`), told where to write and what the run is
called. Nothing goes anywhere unless asked, and what is asked decides no byte of an adapter. This file must not know
methods or what is logged.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from compiler.failures import GivenError

TRACKERS = {"tensorboard": "tensorboard", "wandb": "wandb", "trackio": "trackio"}
"""What may be asked for, and the package that brings it."""
PROJECT = "tenet"


def check(track: Sequence[str]) -> None:
    """Make sure that all that is asked for is there, before anything is trained.

    Raises:
        GivenError: there is no such tracker, or its package is missing.
    """
    for name in track:
        if name not in TRACKERS:
            raise GivenError(f"there is no tracker {name!r}", help=f"trackers: {', '.join(TRACKERS)}")
        if find_spec(TRACKERS[name]) is None:
            raise GivenError(
                f"--track {name} needs the package {TRACKERS[name]}, which is not installed",
                help=f'pip install "tenetc[{name}]", or leave --track out: events.jsonl has the same series',
            )


def settle(config: Any, track: Sequence[str], run: Path, stage: str) -> None:
    """Tell the library's trainer to whom it reports: to nobody but who is asked for."""
    config.report_to = list(dict.fromkeys(track))
    config.run_name = f"{run.name}-{stage}"
    # trackio keeps its figures on this machine, where no space of the hub is named.
    config.project, config.trackio_space_id, config.trackio_static_space_id = PROJECT, None, False
    if "tensorboard" in track:
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(run / "tensorboard" / stage)
    if "wandb" in track:
        os.environ.setdefault("WANDB_PROJECT", PROJECT)


def finish(track: Sequence[str]) -> None:
    """End a stage's run where the library leaves that to whoever began it: the next stage has one of its own."""
    if "wandb" in track:
        sys.modules["wandb"].finish()
