"""`tenet steer`: from a build to vectors that are added inside of the base while it answers."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli import places, stages
from compiler.cli.options import cache_option, local_option, out_option, runs_option
from compiler.cli.places import Place
from compiler.cli.targets import TargetPath, prepared


@click.command("steer")
@click.argument("target", metavar="SPEC|BUILD", type=TargetPath())
@out_option
@runs_option
@cache_option
@click.option("--json", "as_json", is_flag=True, help="steer.json in place of the table.")
@local_option
def command(target: Path, out: Path, runs: Path, cache: Path | None, as_json: bool, local_files_only: bool) -> None:
    """Read a direction for each clause from the training rows, and choose its layer and strength.

    Rows that choose give no direction, and none of them is a probe. A set of vectors that loses facts, fluency or safe
    requests is never taken. Measure what they do with `tenet measure`, where they are an arm of its own.
    """
    from compiler.report import steering as told

    place = prepared(target, places.place_of(target, out, runs, cache, local_files_only=local_files_only))
    folder = steer_build(place)
    text = (folder / "steer.json").read_text(encoding="utf-8")
    if as_json:
        click.echo(text, nl=False)
        return
    from compiler.cli.screen import out as screen
    from compiler.records.steering import Steered

    screen().print(told.render(Steered.model_validate_json(text), str(folder)))
    click.echo(f"next:  tenet measure {target}", err=True)


def steer_build(place: Place) -> Path:
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"What was tried so far is kept in {place.cache}.")
    with places.timed(place) as progress:
        return stages.steer(place, progress)
