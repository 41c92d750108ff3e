"""`tenet train`: from a build to an adapter."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli import stages
from compiler.cli.targets import TargetPath, prepared


@click.command("train")
@click.argument("target", metavar="SPEC|BUILD", type=TargetPath())
@stages.out_option
@stages.runs_option
@stages.cache_option
@stages.local_option
def command(target: Path, out: Path, runs: Path, cache: Path | None, local_files_only: bool) -> None:
    """Train the adapter of a spec (built first where needed) or of a build folder as it stands.

    An interrupted training goes on from its last checkpoint and ends with the same bytes.
    """
    place = prepared(target, stages.place_of(target, out, runs, cache, local_files_only=local_files_only))
    run = train_build(place)
    click.echo(run / "adapter")


def train_build(place: stages.Place) -> Path:
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Checkpoints are kept in {place.runs}.")
    with stages.timed(place) as progress:
        return stages.train(place, progress)
