"""`tenet train`: from a build to an adapter."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from compiler import events
from compiler.cli import places, stages
from compiler.cli.options import cache_option, local_option, out_option, runs_option, without_option
from compiler.cli.places import Place
from compiler.cli.targets import TargetPath, prepared


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
def command(
    target: Path,
    out: Path,
    runs: Path,
    cache: Path | None,
    without: str | None,
    track: tuple[str, ...],
    local_files_only: bool,
) -> None:
    """Train the adapter of a spec (built first where needed) or of a build folder as it stands.

    An interrupted training goes on from its last checkpoint and ends with the same bytes.
    """
    from backends.train import tracking

    tracking.check(track)  # before a build, which may take its time
    if without is not None and target.is_dir():
        raise click.UsageError(f"--without makes other rows, and {target} has its own: name the spec")
    place = places.place_of(target, out, runs, cache, local_files_only=local_files_only)
    place = prepared(target, places.leaving_out(place, without), without)
    run = train_build(place, track)
    click.echo(run / "adapter")
    if "tensorboard" in track:
        click.echo(f"curves: tensorboard --logdir {run / 'tensorboard'}", err=True)


def train_build(place: Place, track: Sequence[str] = ()) -> Path:
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Checkpoints are kept in {place.runs}.")
    begun = time.time()
    with places.timed(place) as progress:
        try:
            run = stages.train(place, progress, track)
        except KeyboardInterrupt:
            when_interrupted(stages.kept_of_training(place))
            raise
    for event in events.read(run / events.NAME):
        if event.get("event") == "refused" and event["time"] >= begun:
            click.echo(f"note: {event['stage']}: {event['message']}", err=True)
    return run
