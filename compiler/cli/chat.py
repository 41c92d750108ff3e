"""`tenet chat`: talk to base, prompt and adapter side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import stages
from compiler.cli.measure import arm_option
from compiler.cli.targets import TargetPath, is_run

if TYPE_CHECKING:
    from compiler.records import Arm


@click.command("chat")
@click.argument("target", metavar="SPEC|BUILD|RUN", type=TargetPath(runs=True))
@stages.out_option
@stages.runs_option
@arm_option
@stages.local_option
def command(target: Path, out: Path, runs: Path, arms: tuple[Arm, ...], local_files_only: bool) -> None:
    """Ask several arms the same thing; base and adapter unless --arm says otherwise. Ctrl-D leaves."""
    from backends import chat

    if is_run(target):
        build, run = stages.build_of(target, out), target
    else:
        place = stages.place_of(target, out, runs, None)
        build, run = place.build, stages.run_of(place)
    chat.run(build, run, arms or ("base", "adapter"), local_files_only=local_files_only)
