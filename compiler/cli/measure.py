"""`tenet measure`: base, prompt, adapter and adapter+prompt answer the probes, until the verdicts stand or all of them.

Vectors that `tenet steer` has made are an arm of their own, `steer`.

Sequential is the default of this command, since answers are what measuring costs and a verdict far from its target
needs few. `tenet run` asks all: there the training costs more, two runs can be compared probe by probe, and its
intervals are narrower.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from compiler.cli import places, stages
from compiler.cli.besides import options_of, probes_options, read_besides, refuse_idle
from compiler.cli.options import cache_option, local_option, out_option, runs_option, spending_options
from compiler.cli.places import Place
from compiler.cli.sections import Sectioned
from compiler.cli.targets import TargetPath, is_run, prepared
from compiler.files import read_json

if TYPE_CHECKING:
    from backends.measure.besides import Besides
    from backends.measure.judging import Judging
    from compiler.ir import Program
    from compiler.records.measured import Stopping
    from compiler.records.record import Arm

# Written out, since reading them from the records costs every `tenet` call that only lists commands.
ARMS = ("base", "prompt", "steer", "adapter", "adapter+prompt")
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
    "Served models": ("prices", "rate", "at_once"),
    "Folders and models": ("out", "runs", "cache", "local_files_only"),
}


@click.command("measure", cls=Sectioned, sections=SECTIONS)
@click.argument("target", metavar="SPEC|BUILD|RUN", type=TargetPath(runs=True))
@out_option
@runs_option
@cache_option
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
@spending_options(answers=True)
@click.option("--mutate", is_flag=True, help="Break each clause, in the prompt and in answers: do its probes notice?")
@click.option(
    "--from-inspect",
    "logs",
    multiple=True,
    metavar="LOG",
    type=click.Path(path_type=Path, exists=True),
    help="Ask nothing: read what Inspect asked, arms of a RUN, or, for a BUILD, any other model; may be repeated.",
)
@local_option
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
    if mutate or logs:
        given = {
            "--arm": arms,
            "--probes": probes,
            "--inventory": inventories,
            "--fixed": fixed is not None,
            "--budget": budget,
            "--likelihood": likelihood,
            "--pairwise": pairwise,
            "--judge-repeats": judge_repeats > 1,
            "--mutate": mutate and logs,
        }
        refuse_beside("--from-inspect" if logs else "--mutate", [name for name, value in given.items() if value])
    if untrained and (is_run(target) or any("adapter" in arm for arm in arms)):
        raise click.UsageError("--untrained measures base and prompt of a build, without any adapter: leave it out")
    options = options_of(columns, labels, expect)
    besides = None
    if probes or inventories:
        # Before anything is built: a row that cannot be asked shall not be found after an hour.
        besides = read_besides(probes, inventories, options, program_of(target, out), skip_bad_rows)
    if is_run(target):
        build = places.build_of(target, out)
        place = places.place_of(build, out, target.parent, cache, local_files_only=local_files_only)
        run: Path | None = target
    else:
        place = prepared(target, places.place_of(target, out, runs, cache, local_files_only=local_files_only))
    if logs:
        click.echo(read_inspect(place, target if is_run(target) else None, logs))
        return
    if not is_run(target):
        run = None if untrained or (mutate and not places.is_trained(place)) else places.run_of(place)
    if mutate:
        show_mutants(place, run)
        return
    wanted: Sequence[Arm] | None = arms or (untrained_arms(place) if untrained else None)
    if "steer" in arms:
        refuse_without_vectors(place, run)
    free = fixed is None and budget is None
    if free and run is not None and stages.is_measured_whole(place, run, wanted):
        if judging == Judging() and besides is None:
            click.echo(f"note: {run} is measured on every probe; --budget N measures again, and stops early", err=True)
            click.echo(run)
            return
        # A question more does not make less of the answers that are there; they come from the cache.
        asking = Asking("fixed")
    if run is not None and asking.stopping == "sequential" and wanted is not None:
        tell_what_goes(run, wanted)
    click.echo(measure_run(place, run, wanted, asking, judging, besides))


def untrained_arms(place: Place) -> tuple[Arm, ...]:
    """What can be measured without an adapter."""
    return ("base", "prompt", "steer") if stages.steering_of(place, None) is not None else ("base", "prompt")


def refuse_without_vectors(place: Place, run: Path | None) -> None:
    """
    Raises:
        DataError: nobody has made vectors, or no clause got one.
    """
    from compiler.failures import DataError

    if stages.steering_of(place, run) is None:
        raise DataError(
            f"{place.build} has no vectors to steer by",
            help="make them first: tenet steer SPEC, which also says why a clause has none",
        )


BESIDE = {
    "--mutate": "asks the prompt arm alone, each clause's own probes",
    "--from-inspect": "asks nothing: it reads what Inspect has asked",
}


def refuse_beside(option: str, others: Sequence[str]) -> None:
    """
    Raises:
        UsageError: there are others, which would do nothing.
    """
    if others:
        raise click.UsageError(f"{option} {BESIDE[option]}: leave {', '.join(others)} out")


def tell_what_goes(run: Path, wanted: Sequence[Arm]) -> None:
    """Say which arms a sequential measuring of others takes out of a run: those that it measures answer together."""
    measured = read_json(run / "measure.json").get("arms", ())
    gone = [arm for arm in measured if arm not in wanted]
    if gone:
        named = f"arm{'' if len(gone) == 1 else 's'} {', '.join(gone)}"
        click.echo(
            f"note: {run} will be without the {named}: arms that are asked until verdicts stand are asked together. "
            f"To keep them: {' '.join(f'--arm {arm}' for arm in gone)}, or --fixed",
            err=True,
        )


def read_inspect(place: Place, run: Path | None, logs: Sequence[Path]) -> Path:
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
    return ir_file.load(places.build_of(target, out) if is_run(target) else target)


def measure_run(
    place: Place,
    run: Path | None,
    arms: Sequence[Arm] | None,
    asking: Asking | None = None,
    judging: Judging | None = None,
    besides: Besides | None = None,
) -> Path:
    from compiler.cli.screen import when_interrupted

    when_interrupted(f"Answers given so far are kept in {place.cache}.")
    with places.timed(place) as progress:
        return stages.measure(place, run, arms, progress, judging, besides, **(asking or Asking())._asdict())


def show_mutants(place: Place, run: Path | None) -> None:
    from compiler.cli.screen import out, when_interrupted
    from compiler.report import mutants

    when_interrupted(f"Answers given so far are kept in {place.cache}.")
    with places.timed(place) as progress:
        report, path = stages.mutate(place, run, progress)
    out().print(mutants.render(report, str(path)))
