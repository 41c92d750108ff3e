"""`tenet plan`: what would run, why, and how long it would take. Nothing runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from compiler.cli import emitting, mixing, places, stages
from compiler.cli.emitting import Compilation
from compiler.cli.options import cache_option, out_option, runs_option
from compiler.cli.places import Place
from compiler.cli.specs import SpecPath, folded
from compiler.files import read_json

if TYPE_CHECKING:
    from compiler.plan import Built, Plan
    from compiler.records.recipe import Recipe


@click.command("plan")
@click.argument("path", metavar="SPEC", type=SpecPath())
@out_option
@runs_option
@cache_option
@click.option("--json", "as_json", is_flag=True, help="The plan as JSON.")
@click.option("--units", "show_units", is_flag=True, help="Name every unit whose rows would be made.")
@click.option(
    "--device",
    type=click.Choice(["here", "h200", "h100", "a100"]),
    default=None,
    help="Tokens, time and peak memory of the training there; `here` measures a few steps, once.",
)
@click.option(
    "--quantize", type=click.Choice(["4bit"]), default=None, help="With --device: the base held in 4 bits (QLoRA)."
)
def command(
    path: Path,
    out: Path,
    runs: Path,
    cache: Path | None,
    as_json: bool,
    show_units: bool,
    device: str | None,
    quantize: str | None,
) -> None:
    """Say what `tenet run SPEC` would do and why, and how long it would take."""
    from compiler.cli import calibration, costing

    place = places.place_of(path, out, runs, cache, local_files_only=True)
    compilation = emitting.compile_to(path, place, base_needed=False)
    plan, recipe = make_plan(compilation)
    found = costing.costs(compilation, device, four_bit=quantize is not None) if device not in (None, "here") else None
    here = calibration.here(compilation) if device == "here" else None
    if here is not None:
        plan = plan.with_seconds("train", sum(stage.seconds for stage in here))
    if as_json:
        mixture = [share.model_dump(mode="json") for share in recipe.mixture]
        whole = {**asdict(plan), "seconds": plan.seconds, "mixture": mixture}
        if recipe.chosen:
            whole |= {"method": recipe.method, "chosen": list(recipe.chosen)}
        if found is not None:
            whole["training"] = costing.record(found)
        if here is not None:
            whole["here"] = calibration.record(here)
        click.echo(json.dumps(whole, ensure_ascii=False, indent=1))
    else:
        if recipe.chosen:
            chose = f"auto chose {recipe.method}, unless the prompt alone meets every clause, which is measured first"
            _say("method", chose)
            for reason in recipe.chosen:
                _say("", f"- {reason}", hang=2)
        if recipe.mixture:
            _say("mixture", mixing.asked(recipe.mixture))
        show(plan, show_units)
        if found is not None:
            costing.show(found)
        if here is not None:
            calibration.show(here)


def make_plan(compilation: Compilation) -> tuple[Plan, Recipe]:
    from compiler import plan as planning
    from compiler.records.recipe import Recipe

    place = compilation.place
    texts = {artifact.path: artifact.text for artifact in compilation.artifacts}
    recipe = Recipe.model_validate_json(texts["recipe.json"])
    plan = planning.plan(
        compilation.program,
        recipe.units,
        json.loads(texts["lock.json"]),
        built(place),
        sum(steps_of(texts).values()),
        places.read_rates(place),
        watched_by(texts, recipe),
    )
    return plan, recipe


def steps_of(texts: dict[str, str]) -> dict[str, int]:
    """The steps of each stage."""
    import yaml

    jobs = {PurePosixPath(name).stem: text for name, text in texts.items() if name.startswith("jobs/")}
    return {stage: int(yaml.safe_load(text)["max_steps"]) for stage, text in jobs.items()}


def watched_by(texts: dict[str, str], recipe: Recipe) -> int:
    """How many answers the watching of the training asks for; 0 where it is not watched."""
    from compiler import watching
    from compiler.lowering import watch
    from compiler.records.watch import Watch

    if watch.PATH not in texts:
        return 0
    # A reward model gives no answers.
    steps = [count for stage, count in steps_of(texts).items() if stage != "reward"]
    return watching.answers(Watch.model_validate_json(texts[watch.PATH]), recipe.units, steps)


def built(place: Place) -> Built:
    """What an earlier build left; files that cannot be read count as not there.

    Raises:
        ModelLoadError: a file of the trained run has changed since, which stops `tenet run` too.
    """
    from compiler import ir_file
    from compiler.agreement import check_build, read_lock
    from compiler.failures import TenetError
    from compiler.plan import Built

    try:
        lock, program = read_lock(place.build), ir_file.load(place.build)
    except TenetError:
        from backends import store

        return Built(begun=(place.build / "recipe.json").is_file() and store.written(place.cache) > 0)
    try:
        check_build(place.build)
        run = places.finished_run(place) or places.with_other_threads(place)
        untrained = () if run else _untrained(place)
    except TenetError as error:
        return Built(lock, program, untrained=(error.message,), answered=_answered(place))
    stages.confirm_trained(run)
    unmeasured = _unmeasured(place, run) if run else ()
    measured = run is not None and (run / "measure.json").is_file() and not unmeasured
    return Built(lock, program, run is not None, measured, untrained, unmeasured, _answered(place))


def _untrained(place: Place) -> tuple[str, ...]:
    """Why the adapter that was trained on these very rows is not the one that this machine would train."""
    from backends import machine
    from compiler.plan import differing

    same, _ = places.same_content(place)
    if not same:
        return ()
    then = read_json(same[0] / "run.json").get("machine", {})
    return differing(then, machine.expected().influencing("train"))


def _unmeasured(place: Place, run: Path) -> tuple[str, ...]:
    """Why the measurements of a run are not of this build, by this machine; nothing where there are none."""
    from backends import machine
    from compiler.failures import TenetError
    from compiler.plan import differing
    from compiler.runs import arms_of, read_measured

    if not (run / "measure.json").is_file():
        return ()
    try:
        report, stale = read_measured(run), stages.stale_parts(place.build, run)
    except TenetError as error:
        return (error.message,)
    missing = [arm for arm in arms_of(run, stages.steering_of(place, run) is not None) if arm not in report.arms]
    return (
        *(f"{part} changed since it was measured" for part in stale),
        *differing(report.expected or report.machine, machine.expected().influencing("measure")),
        *([f"not measured yet: {', '.join(missing)}"] if missing else []),
    )


def _answered(place: Place) -> bool:
    return any(place.runs.glob(f"{place.build.name}-*/measure.json"))


REASONS = 12
"""Reasons of one stage that are shown; a long spec may have hundreds."""


def show(plan: Plan, show_units: bool) -> None:
    from compiler.cli.screen import duration

    for change in plan.changes:
        _say("changed", f"{change.subject}: {change.what}")
    if not plan.steps:
        click.echo("Nothing would run: everything that this spec asks for is there.")
        return
    for step in plan.steps:
        _say(
            step.stage, f"{step.count} {step.unit}, about {duration(step.seconds)}{', a guess' if step.guessed else ''}"
        )
        for reason in step.why[:REASONS]:
            _say("", f"- {reason}", hang=2)
        if len(step.why) > REASONS:
            _say("", f"- and {len(step.why) - REASONS} more", hang=2)
        if step.watched:
            _say("", f"watched by {step.watched} answers beside", hang=2)
        if step.fewest is not None and step.fewest < step.count:
            told = f"`tenet run` asks every probe; `tenet measure` stops where verdicts stand, after {step.fewest} to "
            _say("", f"{told}{step.count} answers", hang=2)
    if show_units:
        for unit in plan.units:
            click.echo(f"unit      {unit}")
    click.echo(f"In all about {duration(plan.seconds)}.")
    if any(step.guessed for step in plan.steps):
        guess = "A guess is what nano takes on two cores, whatever the base: that was not measured here yet."
        click.echo("\n".join(folded(guess)))


def _say(label: str, text: str, hang: int = 0) -> None:
    """One text beside a label."""
    click.echo("\n".join(folded(text, f"{label:<9} ", " " * (10 + hang))))
