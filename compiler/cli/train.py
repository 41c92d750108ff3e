"""`tenet train`: from a build to an adapter."""

from __future__ import annotations

from pathlib import Path

import click

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
@local_option
def command(
    target: Path, out: Path, runs: Path, cache: Path | None, without: str | None, local_files_only: bool
) -> None:
    """Train the adapter of a spec (built first where needed) or of a build folder as it stands.

    An interrupted training goes on from its last checkpoint and ends with the same bytes.
    """
    if without is not None and target.is_dir():
        raise click.UsageError(f"--without makes other rows, and {target} has its own: name the spec")
    place = places.place_of(target, out, runs, cache, local_files_only=local_files_only)
    place = prepared(target, places.leaving_out(place, without), without)
    run = train_build(place)
    click.echo(run / "adapter")


def train_build(place: Place) -> Path:
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Checkpoints are kept in {place.runs}.")
    with places.timed(place) as progress:
        run = stages.train(place, progress)
    tell_watched(run)
    return run


def tell_watched(run: Path) -> None:
    """Say which step of each watched stage was kept, and what stopped it."""
    from compiler.cli.screen import err

    for stage, seen in (places.read_json(run / "run.json").get("watched") or {}).items():
        stopped = f"stopped after step {seen['last']} of {seen['of']}: {seen['stopped']}. " if seen["stopped"] else ""
        kept = f"kept step {seen['kept']} of {seen['of']}, held-out score {seen['score']:.0%}"
        err().print(f"{stage}: {stopped}{kept}", markup=False, highlight=False)
