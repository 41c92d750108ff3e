"""`tenet compose`: adapters of one base put together."""

from __future__ import annotations

import math
from pathlib import Path

import click

from compiler.cli import places
from compiler.cli.options import local_option, out_option, runs_option
from compiler.cli.targets import TargetPath


@click.command("compose")
@click.argument("target", metavar="SPEC|BUILD", type=TargetPath())
@click.argument("parts", metavar="RUN[=WEIGHT]...", nargs=-1, required=True)
@out_option
@runs_option
@local_option
def command(target: Path, parts: tuple[str, ...], out: Path, runs: Path, local_files_only: bool) -> None:
    """Add the changes of several adapters, each by its weight (1 unless given), exactly.

    The result is a run of SPEC, whose probes tell what it does: measure it with `tenet measure RUN`. A weight may be
    negative. Adapters of one base can be put together, and no others.
    """
    from backends.devices import choose
    from backends.recipes import base_of, read_recipe
    from backends.train import composing

    place = places.place_of(target, out, runs, None)
    base = base_of(place.build, read_recipe(place.build), place.root, local_files_only=local_files_only)
    found = [composing.Part(*_part(text)) for text in parts]
    run = composing.compose(found, base, place.build.name, place.runs, choose())
    click.echo(run)
    click.echo(f"next:  tenet measure {run}", err=True)


def _part(text: str) -> tuple[Path, float]:
    name, equals, said = text.rpartition("=")
    if not equals:
        return _run(text), 1.0
    try:
        weight = float(said)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight) or weight == 0:
        raise click.UsageError(f"{text}: a weight is a number other than 0, such as {name}=0.7")
    return _run(name), weight


def _run(name: str) -> Path:
    if not (Path(name) / "run.json").is_file():
        raise click.UsageError(f"{name} is no finished training: name a folder that `tenet train` made, below runs/")
    return Path(name)
