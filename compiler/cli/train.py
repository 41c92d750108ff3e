"""`tenet train`: from a build to an adapter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import places, stages
from compiler.cli.options import cache_option, local_option, out_option, runs_option, without_option
from compiler.cli.places import Place
from compiler.cli.targets import TargetPath, prepared

if TYPE_CHECKING:
    from backends.train.ways import Way


@click.command("train")
@click.argument("target", metavar="SPEC|BUILD", type=TargetPath())
@out_option
@runs_option
@cache_option
@without_option
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
    target: Path,
    out: Path,
    runs: Path,
    cache: Path | None,
    without: str | None,
    track: tuple[str, ...],
    local_files_only: bool,
    processes: int,
    quantize: str | None,
) -> None:
    """Train the adapter of a spec (built first where needed) or of a build folder as it stands.

    An interrupted training goes on from its last checkpoint and ends with the same bytes.
    """
    from backends.train import tracking
    from compiler.runs import is_prompt_alone

    tracking.check(track)  # before a build, which may take its time
    if without is not None and target.is_dir():
        raise click.UsageError(f"--without makes other rows, and {target} has its own: name the spec")
    place = places.place_of(target, out, runs, cache, local_files_only=local_files_only)
    place = prepared(target, places.leaving_out(place, without), without)
    from backends.train.ways import Way

    run = train_build(place, track, Way(processes, quantize is not None))
    told = places.read_json(run / "run.json").get("chosen", [])
    for line in told:
        click.echo(line, err=True)
    click.echo(run if is_prompt_alone(run) else run / "adapter")
    if "tensorboard" in track:
        click.echo(f"curves: tensorboard --logdir {run / 'tensorboard'}", err=True)


def train_build(place: Place, track: Sequence[str] = (), way: Way | None = None) -> Path:
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Checkpoints are kept in {place.runs}.")
    with places.timed(place) as progress:
        try:
            run = stages.train(place, progress, track, way)
        except KeyboardInterrupt:
            when_interrupted(stages.kept_of_training(place))
            raise
    record = places.read_json(run / "run.json")
    for stage, batch in record.get("batches", {}).items():
        if "of_the_job" in batch:
            told = f"{batch['at_once']} rows at once, not {batch['of_the_job']}, and {batch['accumulation']} passes"
            click.echo(f"{stage}: memory ran out; an update took {told}, and is the same.", err=True)
    for stage, seen in record.get("watched", {}).items():
        stopped = f"stopped after step {seen['last']} of {seen['of']}: {seen['stopped']}. " if seen["stopped"] else ""
        kept = f"kept step {seen['kept']} of {seen['of']}, held-out score {seen['score']:.0%}"
        click.echo(f"{stage}: {stopped}{kept}", err=True)
    return run
