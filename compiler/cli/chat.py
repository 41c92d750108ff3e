"""`tenet chat`: talk to arms side by side."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import places, stages
from compiler.cli.measure import arm_option
from compiler.cli.options import local_option, out_option, runs_option
from compiler.cli.targets import TargetPath, is_run
from compiler.failures import DataError

if TYPE_CHECKING:
    from compiler.records.record import Arm


@click.command("chat")
@click.argument("target", metavar="SPEC|BUILD|RUN", type=TargetPath(runs=True))
@out_option
@runs_option
@arm_option
@click.option("--guard", "guarded", is_flag=True, help="Let no arm say what the spec forbids: guard.lark.")
@local_option
def command(target: Path, out: Path, runs: Path, arms: tuple[Arm, ...], guarded: bool, local_files_only: bool) -> None:
    """Ask several arms the same thing: base and adapter, or base and prompt before there is an adapter, unless --arm
    says otherwise. Ctrl-D leaves."""
    from backends import chat
    from compiler.arms import uses_adapter
    from compiler.runs import is_prompt_alone

    run: Path | None = target
    if is_run(target):
        build = places.build_of(target, out)
        stages.confirm_trained(run)
        steering = (
            stages.steering_of(places.place_of(build, out, target.parent, None), run) if "steer" in arms else None
        )
        usual: tuple[Arm, ...] = ("base", "prompt") if is_prompt_alone(target) else ("base", "adapter")
        chat.run(build, run, arms or usual, steering=steering, guarded=guarded, local_files_only=local_files_only)
        return
    place = places.place_of(target, out, runs, None)
    run = None
    if not arms:
        with suppress(DataError):
            run = places.run_of(place)
        if run is None and (place.build / "prompt.md").is_file():  # else the next step says that nothing was built
            click.echo(f"note: {place.build} has no adapter yet; base and prompt answer", err=True)
    elif any(map(uses_adapter, arms)):
        run = places.run_of(place)
    stages.confirm_trained(run)
    usual = ("base", "adapter") if run and not is_prompt_alone(run) else ("base", "prompt")
    steering = stages.steering_of(place, run) if "steer" in arms else None
    chat.run(place.build, run, arms or usual, steering=steering, guarded=guarded, local_files_only=local_files_only)
