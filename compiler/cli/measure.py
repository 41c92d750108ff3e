"""`tenet measure`: base, prompt, adapter and adapter+prompt answer the probes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import stages
from compiler.cli.targets import TargetPath, is_run, prepared

if TYPE_CHECKING:
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
@click.option(
    "--from-inspect",
    "logs",
    multiple=True,
    metavar="LOG",
    type=click.Path(path_type=Path, exists=True),
    help="Ask nothing: read what Inspect asked an arm of this run; may be given several times.",
)
@stages.local_option
def command(
    target: Path,
    out: Path,
    runs: Path,
    cache: Path | None,
    arms: tuple[Arm, ...],
    untrained: bool,
    logs: tuple[Path, ...],
    local_files_only: bool,
) -> None:
    """Answer the probes with every arm, and decide which clauses each answer kept."""
    if is_run(target):
        build = stages.build_of(target, out)
        place = stages.place_of(build, out, target.parent, cache, local_files_only=local_files_only)
        run: Path | None = target
    else:
        place = prepared(target, stages.place_of(target, out, runs, cache, local_files_only=local_files_only))
        run = None if untrained else stages.run_of(place)
    if logs:
        if run is None or arms:
            raise click.UsageError(
                "--from-inspect reads logs of a training's arms: tenet measure RUN --from-inspect LOG"
            )
        click.echo(read_inspect(place, run, logs))
        return
    wanted: Sequence[Arm] | None = arms or (("base", "prompt") if untrained else None)
    click.echo(measure_run(place, run, wanted))


def read_inspect(place: stages.Place, run: Path, logs: Sequence[Path]) -> Path:
    """
    Raises:
        DataError: inspect-ai is not installed, or a log is of something else.
    """
    from importlib.util import find_spec

    from compiler.failures import DataError

    if find_spec("inspect_ai") is None:
        raise DataError("reading Inspect's logs needs inspect-ai", help='pip install "tenetc[inspect]"')
    from backends.inspect import reading

    return reading.read(place.build, run, logs, place.root or Path())


def measure_run(place: stages.Place, run: Path | None, arms: Sequence[Arm] | None) -> Path:
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Answers given so far are kept in {place.cache}.")
    with stages.timed(place) as progress:
        return stages.measure(place, run, arms, progress)
