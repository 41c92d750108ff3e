"""`tenet plan`: what would run, why, and how long it would take. Nothing runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import stages
from compiler.cli.specs import SpecPath

if TYPE_CHECKING:
    from compiler.plan import Built, Plan


@click.command("plan")
@click.argument("path", metavar="SPEC", type=SpecPath())
@stages.out_option
@stages.runs_option
@stages.cache_option
@click.option("--json", "as_json", is_flag=True, help="The plan as JSON.")
@click.option("--units", "show_units", is_flag=True, help="Name every unit whose rows would be made.")
def command(path: Path, out: Path, runs: Path, cache: Path | None, as_json: bool, show_units: bool) -> None:
    """Say what `tenet run SPEC` would do and why, and how long it would take."""
    plan = make_plan(path, stages.place_of(path, out, runs, cache, local_files_only=True))
    if as_json:
        click.echo(json.dumps({**asdict(plan), "seconds": plan.seconds}, ensure_ascii=False, indent=1))
    else:
        show(plan, show_units)


def make_plan(path: Path, place: stages.Place) -> Plan:
    from compiler import plan as planning
    from compiler.records import Recipe

    compilation = stages.compile_to(path, place, base_needed=False)
    texts = {artifact.path: artifact.text for artifact in compilation.artifacts}
    recipe = Recipe.model_validate_json(texts["recipe.json"])
    return planning.plan(
        compilation.program,
        recipe.units,
        json.loads(texts["lock.json"]),
        built(place),
        steps_of(texts),
        stages.read_rates(place),
    )


def steps_of(texts: dict[str, str]) -> int:
    import yaml

    jobs = [text for name, text in texts.items() if name.startswith("jobs/")]
    return sum(int(yaml.safe_load(text)["max_steps"]) for text in jobs)


def built(place: stages.Place) -> Built:
    """What an earlier build left; files that cannot be read count as not there."""
    from compiler import ir_file
    from compiler.failures import TenetError
    from compiler.plan import Built

    try:
        lock = json.loads((place.build / "lock.json").read_text(encoding="utf-8"))
        program = ir_file.load(place.build)
    except (OSError, ValueError, TenetError):
        return Built()
    if not all((place.build / name).is_file() for name in lock.get("rows", {})):
        return Built()
    run = stages.finished_run(place)
    measured = run is not None and (run / "measure.json").is_file() and (run / "measurements.jsonl").is_file()
    return Built(lock, program, trained=run is not None, measured=measured)


def show(plan: Plan, show_units: bool) -> None:
    from compiler.cli.screen import duration

    for change in plan.changes:
        click.echo(f"changed   {change.subject}: {change.what}")
    if not plan.steps:
        click.echo("Nothing would run: everything that this spec asks for is there.")
        return
    for step in plan.steps:
        guess = " (a guess: nothing was measured here yet)" if step.guessed else ""
        click.echo(f"{step.stage:<9} {step.count} {step.unit}, about {duration(step.seconds)}{guess}")
        for reason in step.why:
            click.echo(f"            {reason}")
    if show_units:
        for unit in plan.units:
            click.echo(f"unit      {unit}")
    click.echo(f"In all about {duration(plan.seconds)}.")
