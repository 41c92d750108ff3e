"""`tenet train`: from builds to adapters."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler import events
from compiler.cli import places, stages
from compiler.cli.options import cache_option, local_option, out_option, runs_option, without_option
from compiler.cli.places import Place
from compiler.cli.targets import TargetPath, prepared
from compiler.files import read_json

if TYPE_CHECKING:
    from backends.train.ways import Way


@click.command("train")
@click.argument("targets", metavar="SPEC|BUILD|FOLDER...", type=TargetPath(folders=True), nargs=-1, required=True)
@out_option
@runs_option
@cache_option
@without_option
@click.option(
    "--at-once",
    metavar="N",
    type=click.IntRange(1, 256),
    help="Of several: how many are trained at once.  [default: one a core]",
)
@click.option(
    "--track",
    multiple=True,
    metavar="tensorboard|wandb|trackio",
    type=click.Choice(("tensorboard", "wandb", "trackio")),
    help="Draw the curves there as well; nothing is sent anywhere unless asked. May be repeated.",
)
@local_option
@click.option(
    "--processes", type=click.IntRange(min=1), default=1, show_default=True, help="Train by so many, a GPU each."
)
@click.option(
    "--quantize", type=click.Choice(["4bit"]), default=None, help="Hold the base in 4 bits (QLoRA); on CUDA alone."
)
def command(
    targets: tuple[Path, ...],
    out: Path,
    runs: Path,
    cache: Path | None,
    without: str | None,
    at_once: int | None,
    track: tuple[str, ...],
    local_files_only: bool,
    processes: int,
    quantize: str | None,
) -> None:
    """Train the adapter of a spec (built first where needed) or of a build folder as it stands.

    Several, or all specs of a folder that no other there imports, are trained together: the base is loaded once, and a
    CPU trains one on each core. An interrupted training goes on from its last checkpoint and ends with the same bytes.
    """
    from backends.train import tracking
    from backends.train.ways import Way
    from compiler.cli.families import unfolded
    from compiler.runs import is_prompt_alone

    tracking.check(track)  # before a build, which may take its time
    found = unfolded(targets)
    way = Way(processes, quantize is not None)
    if len(found) > 1 and way != Way():
        raise click.UsageError("--processes and --quantize are for one training: name one spec")
    if without is not None and any(target.is_dir() for target in found):
        raise click.UsageError(f"--without makes other rows, and {targets[0]} has its own: name the spec")
    ready = []
    for target in found:
        place = places.place_of(target, out, runs, cache, local_files_only=local_files_only)
        ready.append(prepared(target, places.leaving_out(place, without), without))
    runs_made = [train_build(ready[0], track, way)] if len(ready) == 1 else train_family(ready, at_once, track)
    for run in runs_made:
        click.echo(run if is_prompt_alone(run) else run / "adapter")
        if "tensorboard" in track:
            click.echo(f"curves: tensorboard --logdir {run / 'tensorboard'}", err=True)


def tell(run: Path) -> None:
    """Say what was not as its spec said, and what was decided meanwhile."""
    record = read_json(run / "run.json")
    for stage, batch in record.get("batches", {}).items():
        if "of_the_job" in batch:
            told = f"{batch['at_once']} rows at once, not {batch['of_the_job']}, and {batch['accumulation']} passes"
            click.echo(f"{stage}: {told} an update, as memory takes it; the updates are the same.", err=True)
    for stage, seen in record.get("watched", {}).items():
        stopped = f"stopped after step {seen['last']} of {seen['of']}: {seen['stopped']}. " if seen["stopped"] else ""
        kept = f"kept step {seen['kept']} of {seen['of']}, held-out score {seen['score']:.0%}"
        click.echo(f"{stage}: {stopped}{kept}", err=True)
    for line in record.get("chosen", []):
        click.echo(line, err=True)


def train_build(place: Place, track: Sequence[str] = (), way: Way | None = None) -> Path:
    """Train one build; an adapter of the same rows and jobs that this machine has is taken."""
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Checkpoints are kept in {place.runs}.")
    begun = time.time()
    with places.timed(place) as progress:
        try:
            run = stages.train(place, progress, track, way)
        except KeyboardInterrupt:
            when_interrupted(stages.kept_of_training(place, way))
            raise
    for event in events.read(run / events.NAME):
        if event.get("event") == "refused" and event["time"] >= begun:
            click.echo(f"note: {event['stage']}: {event['message']}", err=True)
    tell(run)
    return run


def train_family(ready: list[Place], at_once: int | None, track: Sequence[str] = ()) -> list[Path]:
    from compiler.cli.families import train
    from compiler.cli.screen import shown_progress, when_interrupted

    when_interrupted(f"Checkpoints are kept in {ready[0].runs}.")
    # Their rate is that of several at once, by which no plan for one could go.
    with shown_progress() as progress:
        trained = train(ready, at_once, progress, track)
    for run in trained:
        tell(run)
    return trained
