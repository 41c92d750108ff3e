"""`tenet train`: from builds to adapters."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli import places, stages
from compiler.cli.options import cache_option, local_option, out_option, runs_option, without_option
from compiler.cli.places import Place
from compiler.cli.targets import TargetPath, prepared


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
@local_option
def command(
    targets: tuple[Path, ...],
    out: Path,
    runs: Path,
    cache: Path | None,
    without: str | None,
    at_once: int | None,
    local_files_only: bool,
) -> None:
    """Train the adapter of a spec (built first where needed) or of a build folder as it stands.

    Several, or all specs of a folder that no other there imports, are trained together: the base is loaded once, and a
    CPU trains one on each core. An interrupted training goes on from its last checkpoint and ends with the same bytes.
    """
    from compiler.cli.families import unfolded

    found = unfolded(targets)
    if without is not None and any(target.is_dir() for target in found):
        raise click.UsageError(f"--without makes other rows, and {targets[0]} has its own: name the spec")
    ready = []
    for target in found:
        place = places.place_of(target, out, runs, cache, local_files_only=local_files_only)
        ready.append(prepared(target, places.leaving_out(place, without), without))
    for run in train_family(ready, at_once) if len(ready) > 1 else [train_build(ready[0])]:
        click.echo(run / "adapter")


def train_build(place: Place) -> Path:
    """Train one build; an adapter of the same rows and jobs that this machine has is taken."""
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Checkpoints are kept in {place.runs}.")
    with places.timed(place) as progress:
        return stages.train(place, progress)


def train_family(ready: list[Place], at_once: int | None) -> list[Path]:
    from compiler.cli.families import train
    from compiler.cli.screen import shown_progress, when_interrupted

    when_interrupted(f"Checkpoints are kept in {ready[0].runs}.")
    # Their rate is that of several at once, by which no plan for one could go.
    with shown_progress() as progress:
        return train(ready, at_once, progress)
