"""`tenet run`: build, train, measure and diff in one go."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli import places, stages
from compiler.cli.options import (
    cache_option,
    local_option,
    out_option,
    runs_option,
    spending_options,
    without_option,
)
from compiler.cli.specs import SpecPath


@click.command("run")
@click.argument("path", metavar="SPEC", type=SpecPath())
@out_option
@runs_option
@cache_option
@without_option
@click.option("--steer", is_flag=True, help="Make vectors, too, and measure them beside prompt and adapter.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON in place of the table.")
@click.option("--strict", is_flag=True, help="An unclear verdict is a finding too.")
@spending_options()
@local_option
def command(
    path: Path,
    out: Path,
    runs: Path,
    cache: Path | None,
    without: str | None,
    steer: bool,
    as_json: bool,
    strict: bool,
    local_files_only: bool,
) -> None:
    """Build, train and measure SPEC, then show every clause's verdict. Exit code 1 when a clause is missed.

    Whatever is there already is taken as it is; an interrupted run goes on where it stopped.
    """
    from compiler import verdicts
    from compiler.cli.build import build_spec
    from compiler.cli.diff import show
    from compiler.cli.measure import measure_run
    from compiler.cli.screen import when_interrupted
    from compiler.cli.steer import steer_build
    from compiler.cli.train import train_build

    place = places.place_of(path, out, runs, cache, local_files_only=local_files_only)
    place = places.leaving_out(place, without)
    # 1. The spec becomes a build folder: prompt, filters, rows, probes, jobs, lock.
    build_spec(path, place, without=without)
    # 2. The jobs become an adapter.
    run = train_build(place)
    if steer:
        steer_build(place)
    # 3. All arms answer the probes.
    measure_run(place, run, None)
    # 4. Intent beside behaviour.
    when_interrupted("Everything is measured.")
    report, page = stages.diff(place.build, run)
    if as_json:
        click.echo(report.model_dump_json(indent=1))
    else:
        show(report, page)
    raise click.exceptions.Exit(verdicts.exit_code(report, strict))
