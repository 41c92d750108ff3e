"""`tenet monitor`: a served model or a log of conversations, watched; an alarm where a clause is not kept any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import FINDINGS, places
from compiler.cli.options import FILE, cache_option, out_option, runs_option, spending_options
from compiler.cli.sections import Sectioned
from compiler.cli.targets import TargetPath, prepared
from compiler.files import write_if_new

if TYPE_CHECKING:
    from compiler.ir import Program
    from compiler.monitoring.state import MonitorState
    from compiler.monitoring.watch import Watch

ALPHA = 0.05


SECTIONS = {
    "What is watched": ("url", "with_prompt", "count", "log"),
    "How long": ("once", "every"),
    "Alarms": ("webhook", "alpha"),
    "What was seen": ("state", "reset"),
    "Cost and speed of --url": ("budget", "prices", "rate", "at_once"),
    "Folders": ("out", "runs", "cache"),
}


@click.command("monitor", cls=Sectioned, sections=SECTIONS)
@click.argument("target", metavar="SPEC|BUILD", type=TargetPath())
@click.option("--url", metavar="MODEL", help="A served model to ask: openai:MODEL@URL, or its address.")
@click.option(
    "--log",
    metavar="FILE",
    type=FILE,
    help="A log of conversations: JSON lines, each with messages.",
)
@click.option("--with-prompt", is_flag=True, help="With --url: send the compiled prompt.")
@click.option(
    "--count",
    metavar="N",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="With --url: probes a clause and round.",
)
@click.option("--once", is_flag=True, help="One round, or to the end of the log; then leave.")
@click.option(
    "--every",
    metavar="SECONDS",
    type=click.FloatRange(0.1),
    default=60.0,
    show_default=True,
    help="How long to wait between rounds.",
)
@click.option("--webhook", metavar="URL", help="Where alarms are posted, as JSON; without it, the first one ends this.")
@click.option(
    "--alpha",
    metavar="SHARE",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=ALPHA,
    show_default=True,
    help="The chance of any false alarm, over all clauses and all time.",
)
@click.option(
    "--state",
    metavar="FILE",
    type=FILE,
    help="Where it is kept.  [default: RUNS/NAME.monitor.json]",
)
@click.option("--reset", is_flag=True, help="Watch clauses that have an alarm anew.")
@spending_options()
@out_option
@runs_option
@cache_option
def command(
    target: Path,
    url: str | None,
    log: Path | None,
    with_prompt: bool,
    count: int,
    once: bool,
    every: float,
    webhook: str | None,
    alpha: float,
    state: Path | None,
    reset: bool,
    out: Path,
    runs: Path,
    cache: Path | None,
) -> None:
    """Watch what a model says in use; exit code 1 where a clause is not kept any more.

    Either --url, a served model that is asked probes of the build, or --log, a file that conversations are appended to.
    Text alone decides; clauses that need a judge are not watched. Alarms hold at every look: if all clauses are kept as
    their targets say, the chance that there is ever one is at most --alpha. The state survives a restart.
    """
    from compiler import ir_file
    from compiler.cli.screen import when_interrupted
    from compiler.failures import BudgetError, TenetError
    from compiler.files import alone
    from compiler.monitoring.clauses import watches
    from compiler.monitoring.state import restored

    if (url is None) == (log is None):
        raise click.UsageError("give one of --url MODEL and --log FILE.jsonl")
    if webhook is not None and not webhook.startswith(("http://", "https://")):
        raise click.UsageError(f"--webhook takes an address that begins with http:// or https://, not {webhook}")
    place = places.place_of(target, out, runs, cache)
    if target.is_file() and not places.is_build(place.build):
        prepared(target, place)
    program = ir_file.load(place.build)
    path = state or place.runs / f"{place.build.name}.monitor.json"
    if log is not None:
        source, look, clause_ids = _log(place.build, program, log, once)
    else:
        source, look, clause_ids = _server(place.build, program, _name(str(url)), count, with_prompt)
    click.get_current_context().with_resource(alone(path, help="give each monitor a state of its own: --state"))
    now, notes = restored(path, source, alpha, watches(program, clause_ids))
    for note in notes:
        click.echo(f"note: {note}", err=True)
    now = now.again() if reset else now
    when_interrupted(f"What was seen is kept in {path}.")
    told = {watch.clause_id for watch in now.alarms}
    looked = False
    while True:
        try:
            now = look(now)
            looked = True
        except TenetError as error:
            # What is watched may be away for a while: a server starts again, a log is being moved.
            if once or not looked or isinstance(error, BudgetError):
                raise
            click.echo(f"warning: nothing was seen this time: {error.message}", err=True)
        _write(path, now)
        now = _tell(program, now, told, webhook)
        _write(path, now)
        told = {watch.clause_id for watch in now.alarms}
        if once or (now.alarms and webhook is None):
            break
        time.sleep(every)
    _show(now)
    if now.alarms:
        raise click.exceptions.Exit(FINDINGS)


Look = Callable[["MonitorState"], "MonitorState"]


def _log(build: Path, program: Program, log: Path, once: bool) -> tuple[str, Look, list[str]]:
    """What is watched, how to look at it once more, and the clauses that are watched."""
    from backends.recipes import read_recipe
    from compiler.failures import DataError
    from compiler.monitoring.clauses import always_on, kept_by
    from compiler.monitoring.log import noticed, read_on, unended

    checks = always_on(program, read_recipe(build))
    if not checks:
        raise DataError(
            f"{build} has no clause that every answer decides by its text",
            help="a forbid, or a trait with signs, that always applies is one; `--url` asks probes instead",
        )

    def look(state: MonitorState) -> MonitorState:
        if note := noticed(log, state.log):
            click.echo(f"note: {note}", err=True)
        before = state.log.unread
        for found in read_on(log, state.log):
            state = state.model_copy(update={"log": found.position})
            if found.answers:
                state = state.after(kept_by(found.answers, checks))
        if skipped := state.log.unread - before:
            click.echo(f"note: {skipped} lines of {log} are no conversations and were skipped", err=True)
        if once and unended(log, state.log):
            click.echo(f"note: the last line of {log} has no end yet, and is read once it has one", err=True)
        return state

    return str(log), look, list(checks)


def _server(build: Path, program: Program, name: str, count: int, prompt: bool) -> tuple[str, Look, list[str]]:
    from backends import monitor

    pools = monitor.questions(build, program)
    engine = monitor.server(name)

    def look(state: MonitorState) -> MonitorState:
        outcomes = monitor.ask(engine, build, pools, state.rounds, count, prompt=prompt)
        for clause_id, kept in outcomes.items():
            for one in kept:
                state = state.after({clause_id: one})
        return state.model_copy(update={"rounds": state.rounds + 1})

    return f"{name}, with the prompt" if prompt else name, look, list(pools)


def _name(url: str) -> str:
    """A bare address stands for the one model that the server has; most servers take any name for it."""
    return f"openai:default@{url}" if url.startswith(("http://", "https://")) else url


def _write(path: Path, state: MonitorState) -> None:
    write_if_new(path, state.model_dump_json(indent=1) + "\n")


def _tell(program: Program, state: MonitorState, told: set[str], webhook: str | None) -> MonitorState:
    """Say new alarms, and post those that were not delivered yet; what a webhook does not take is tried again."""
    from backends.webhook import post

    for watch in state.alarms:
        message = _message(program, watch, state.alpha_each)
        if watch.clause_id not in told:
            click.echo(f"alarm: {message['text']}", err=True)
        if webhook is None or watch.delivered:
            continue
        if why := post(webhook, message):
            click.echo(f"warning: the webhook did not take the alarm of {watch.clause_id}: {why}", err=True)
            continue
        watches = {**state.watches, watch.clause_id: watch.model_copy(update={"delivered": True})}
        state = state.model_copy(update={"watches": watches})
    return state


def _message(program: Program, watch: Watch, alpha: float) -> dict[str, object]:
    """What is said of an alarm. No answer is in it: conversations stay where they are."""
    assert watch.alarm is not None
    alarm, clause = watch.alarm, program.clause(watch.clause_id)
    where = f"in the last {alarm.answers} answers" if alarm.epoch else f"in {alarm.answers} answers"
    target = f"{'at least' if watch.comparison == '>=' else 'at most'} {100 * watch.target:.4g}%"
    times = f"{alarm.broken} time{'' if alarm.broken == 1 else 's'}"
    bounds = watch.interval(alpha)
    return {
        "text": f"{watch.clause_id} was broken {times} {where}; its target is {target} ({clause.span})",
        "spec": program.name,
        "clause": watch.clause_id,
        "place": str(clause.span),
        "comparison": watch.comparison,
        "target": watch.target,
        "answers": alarm.answers,
        "broken": alarm.broken,
        "epoch": alarm.epoch,
        "share": watch.share(),
        "low": bounds.low,
        "high": bounds.high,
        "alpha": alpha,
    }


def _show(state: MonitorState) -> None:
    from rich.table import Table

    from compiler.cli.screen import out

    table = Table(box=None, pad_edge=False, header_style="dim")
    for title, side in (
        ("clause", "left"),
        ("target", "right"),
        ("share", "right"),
        ("answers", "right"),
        ("", "left"),
    ):
        table.add_column(title, justify=side)  # type: ignore[arg-type]  # the two literals
    for watch in state.watches.values():
        share, bounds = watch.share(), watch.interval(state.alpha_each)
        sign = "≥" if watch.comparison == ">=" else "≤"
        table.add_row(
            watch.clause_id,
            f"{sign} {watch.target:.0%}",
            "" if share is None else f"{share:.1%} [{bounds.low:.0%}, {bounds.high:.0%}]",
            str(watch.answers),
            "✗ alarm" if watch.alarm else "",
        )
    out().print(table)
