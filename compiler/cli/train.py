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
    local_files_only: bool,
    processes: int,
    quantize: str | None,
) -> None:
    """Train the adapter of a spec (built first where needed) or of a build folder as it stands.

    An interrupted training goes on from its last checkpoint and ends with the same bytes.
    """
    if without is not None and target.is_dir():
        raise click.UsageError(f"--without makes other rows, and {target} has its own: name the spec")
    place = places.place_of(target, out, runs, cache, local_files_only=local_files_only)
    place = prepared(target, places.leaving_out(place, without), without)
    run = train_build(place, processes, quantize is not None)
    click.echo(run / "adapter")


def train_build(place: Place, processes: int = 1, four_bit: bool = False) -> Path:
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Checkpoints are kept in {place.runs}.")
    with places.timed(place) as progress:
        run = stages.train(place, progress, processes, four_bit)
    for stage, batch in places.read_json(run / "run.json").get("batches", {}).items():
        if "of_the_job" in batch:
            told = f"{batch['at_once']} rows at once, not {batch['of_the_job']}, and {batch['accumulation']} passes"
            click.echo(f"{stage}: {told} an update, as memory takes it; the updates are the same.", err=True)
    return run
