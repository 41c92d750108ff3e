"""`tenet measure`: base, prompt, adapter and adapter+prompt answer the probes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import stages
from compiler.cli.besides import options_of, probes_options, read_besides
from compiler.cli.targets import TargetPath, is_run, prepared

if TYPE_CHECKING:
    from backends.measure.besides import Besides
    from compiler.ir import Program
    from compiler.records import Arm

# Written out, since reading them from the records costs every `tenet` call that only lists commands.
ARMS = ("base", "prompt", "adapter", "adapter+prompt")


def arm_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--arm", "arms", multiple=True, type=click.Choice(ARMS), help="Only this arm; may be given several times."
    )(function)


@click.command("measure")
@click.argument("target", metavar="SPEC|BUILD|RUN", type=TargetPath(runs=True))
@stages.out_option
@stages.runs_option
@stages.cache_option
@arm_option
@click.option("--untrained", is_flag=True, help="Measure base and prompt of a build that has no adapter yet.")
@probes_options
@stages.local_option
def command(
    target: Path,
    out: Path,
    runs: Path,
    cache: Path | None,
    arms: tuple[Arm, ...],
    untrained: bool,
    probes: tuple[Path, ...],
    columns: tuple[str, ...],
    labels: tuple[str, ...],
    expect: str | None,
    inventories: tuple[str, ...],
    skip_bad_rows: bool,
    local_files_only: bool,
) -> None:
    """Answer the probes with every arm, and decide which clauses each answer kept."""
    options = options_of(columns, labels, expect)
    besides = None
    if probes or inventories:
        # Before anything is built: a row that cannot be asked shall not be found after an hour.
        besides = read_besides(probes, inventories, options, program_of(target, out), skip_bad_rows)
    if is_run(target):
        build = stages.build_of(target, out)
        place = stages.place_of(build, out, target.parent, cache, local_files_only=local_files_only)
        run: Path | None = target
    else:
        place = prepared(target, stages.place_of(target, out, runs, cache, local_files_only=local_files_only))
        run = None if untrained else stages.run_of(place)
    wanted: Sequence[Arm] | None = arms or (("base", "prompt") if untrained else None)
    click.echo(measure_run(place, run, wanted, besides))


def program_of(target: Path, out: Path) -> Program:
    """The program of a spec, or of the build that a target names."""
    from compiler import ir_file
    from compiler.cli.specs import program_or_exit

    if target.is_file():
        return program_or_exit(target)[0]
    return ir_file.load(stages.build_of(target, out) if is_run(target) else target)


def measure_run(
    place: stages.Place, run: Path | None, arms: Sequence[Arm] | None, besides: Besides | None = None
) -> Path:
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Answers given so far are kept in {place.cache}.")
    with stages.timed(place) as progress:
        return stages.measure(place, run, arms, progress, besides)
