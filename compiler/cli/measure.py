"""`tenet measure`: base, prompt, adapter and adapter+prompt answer the probes, until the verdicts stand or all of them.

Sequential is the default of this command, since answers are what measuring costs and a verdict far from its target
needs few. `tenet run` asks all: there the training costs more, two runs can be compared probe by probe, and its
intervals are narrower.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from compiler.cli import stages
from compiler.cli.besides import options_of, probes_options, read_besides, refuse_idle
from compiler.cli.sections import Sectioned
from compiler.cli.targets import TargetPath, is_run, prepared

if TYPE_CHECKING:
    from backends.measure.besides import Besides
    from backends.measure.judging import Judging
    from compiler.ir import Program
    from compiler.records import Arm, Stopping

# Written out, since reading them from the records costs every `tenet` call that only lists commands.
ARMS = ("base", "prompt", "adapter", "adapter+prompt")
ALL = -1
"""`--fixed` without a number."""


class Number(click.types.IntParamType):
    """N of `--fixed`, which may be left out: then whatever stands behind it would be taken for N."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value != ALL and (not str(value).isdecimal() or int(str(value)) == 0):
            self.fail(f"{value} is no number of probes; for every probe put --fixed last", param, ctx)
        return int(str(value))


class Asking(NamedTuple):
    """How many probes are asked, as `backends.measure.run` takes it."""

    stopping: Stopping = "fixed"
    most: int | None = None
    budget: int | None = None


def arm_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--arm", "arms", multiple=True, type=click.Choice(ARMS), help="Only this arm; may be given several times."
    )(function)


SECTIONS = {
    "How much is asked": ("fixed", "budget"),
    "Questions of your own": ("probes", "columns", "labels", "expect", "inventories", "skip_bad_rows"),
    "Judges": ("likelihood", "pairwise", "judge_repeats"),
    "Instead of asking the probes": ("mutate", "logs"),
    "Folders and models": ("out", "runs", "cache", "local_files_only"),
}


@click.command("measure", cls=Sectioned, sections=SECTIONS)
@click.argument("target", metavar="SPEC|BUILD|RUN", type=TargetPath(runs=True))
@stages.out_option
@stages.runs_option
@stages.cache_option
@arm_option
@click.option("--untrained", is_flag=True, help="Measure base and prompt of a build that has no adapter yet.")
@probes_options
@click.option("--likelihood", is_flag=True, help="Ask the base's own likelihoods as a second judge.")
@click.option("--pairwise", is_flag=True, help="Ask the judge for preferences between arms, in both orders.")
@click.option(
    "--judge-repeats",
    type=click.IntRange(1, 99),
    default=1,
    show_default=True,
    help="Sample the judge this often for each answer; 1 asks it once, greedily.",
)
@click.option(
    "--fixed",
    metavar="[N]",
    type=Number(),
    is_flag=False,
    flag_value=ALL,
    help="Ask every probe, or N for each figure, whatever the answers are.",
)
@click.option("--budget", metavar="N", type=click.IntRange(min=1), help="Give at most N answers, of all arms together.")
@click.option("--mutate", is_flag=True, help="Break each clause, in the prompt and in answers: do its probes notice?")
@click.option(
    "--from-inspect",
    "logs",
    multiple=True,
    metavar="LOG",
    type=click.Path(path_type=Path, exists=True),
    help="Ask nothing: read what Inspect asked, arms of a RUN, or, for a BUILD, any other model; may be repeated.",
)
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
    likelihood: bool,
    pairwise: bool,
    judge_repeats: int,
    fixed: int | None,
    budget: int | None,
    mutate: bool,
    logs: tuple[Path, ...],
    local_files_only: bool,
) -> None:
    """Answer the probes with every arm, and decide which clauses each answer kept.

    Each clause is asked about until its verdict stands, all arms together, the hardest first: its intervals hold
    however often one looks. --fixed asks them all.
    """
    from backends.measure.judging import Judging

    asking, judging = asking_of(fixed, budget), Judging(judge_repeats, likelihood, pairwise)
    refuse_idle(probes, inventories, columns, labels, expect, skip_bad_rows)
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
    if logs:
        if arms:
            raise click.UsageError("--from-inspect reads the arms that the logs are of: leave --arm out")
        click.echo(read_inspect(place, target if is_run(target) else None, logs))
        return
    if not is_run(target):
        run = None if untrained or (mutate and not stages.is_trained(place)) else stages.run_of(place)
    if mutate:
        if arms or fixed is not None or budget is not None:
            raise click.UsageError("--mutate asks the prompt arm alone, each clause's own probes: leave the others out")
        show_mutants(place, run)
        return
    wanted: Sequence[Arm] | None = arms or (("base", "prompt") if untrained else None)
    free = fixed is None and budget is None
    if free and run is not None and stages.is_measured_whole(place.build, run, wanted):
        if judging == Judging() and besides is None:
            click.echo(f"note: {run} is measured on every probe; --budget N measures again, and stops early", err=True)
            click.echo(run)
            return
        # A question more does not make less of the answers that are there; they come from the cache.
        asking = Asking("fixed")
    click.echo(measure_run(place, run, wanted, asking, judging, besides))


def read_inspect(place: stages.Place, run: Path | None, logs: Sequence[Path]) -> Path:
    """Read logs of the arms of `run`; without one, of a model that is none of Tenet's.

    Raises:
        DataError: inspect-ai is not installed, or a log is of something else.
    """
    from importlib.util import find_spec

    from compiler.failures import DataError

    if find_spec("inspect_ai") is None:
        raise DataError("reading Inspect's logs needs inspect-ai", help='pip install "tenetc[inspect]"')
    from backends.inspect import reading

    if run is None:
        return reading.read_other(place.build, place.runs, logs, place.root or Path())
    return reading.read(place.build, run, logs, place.root or Path())


def asking_of(fixed: int | None, budget: int | None) -> Asking:
    """
    >>> asking_of(None, 200)
    Asking(stopping='sequential', most=None, budget=200)
    >>> asking_of(ALL, None)
    Asking(stopping='fixed', most=None, budget=None)
    """
    if fixed is None:
        return Asking("sequential", budget=budget)
    if budget is not None:
        raise click.UsageError("--fixed asks a fixed number of probes, so that there is no --budget to stop at")
    return Asking("fixed", most=None if fixed == ALL else fixed)


def program_of(target: Path, out: Path) -> Program:
    """The program of a spec, or of the build that a target names."""
    from compiler import ir_file
    from compiler.cli.specs import program_or_exit

    if target.is_file():
        return program_or_exit(target)[0]
    return ir_file.load(stages.build_of(target, out) if is_run(target) else target)


def measure_run(
    place: stages.Place,
    run: Path | None,
    arms: Sequence[Arm] | None,
    asking: Asking | None = None,
    judging: Judging | None = None,
    besides: Besides | None = None,
) -> Path:
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Answers given so far are kept in {place.cache}.")
    with stages.timed(place) as progress:
        return stages.measure(place, run, arms, progress, judging, besides, **(asking or Asking())._asdict())


def show_mutants(place: stages.Place, run: Path | None) -> None:
    from compiler.cli.screen import out, when_interrupted
    from compiler.report import mutants

    when_interrupted(f"Answers given so far are kept in {place.cache}.")
    with stages.timed(place) as progress:
        report, path = stages.mutate(place, run, progress)
    out().print(mutants.render(report, str(path)))
