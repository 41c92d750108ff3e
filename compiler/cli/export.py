"""`tenet export`: a build as other evaluation tools read it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from compiler.cli import places
from compiler.files import write_if_new


@click.group("export")
def command() -> None:
    """Write a build for another tool."""


@command.command("promptfoo")
@click.argument("build", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="BUILD")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for the files.")
@click.option(
    "--provider",
    "providers",
    multiple=True,
    default=("echo",),
    show_default=True,
    metavar="ID",
    help="A model as promptfoo names it, or echo, which asks none; may be given several times.",
)
def promptfoo(build: Path, out: Path, providers: tuple[str, ...]) -> None:
    """promptfoo: prompts, tests from probes, assertions from checks. They import Tenet from promptfoo's python."""
    from compiler import ir_file, rubrics
    from compiler.agreement import check_build
    from compiler.exports import promptfoo as exporter
    from compiler.records.recipe import Recipe
    from compiler.records.rows import Probe

    if not places.is_build(build):
        raise click.UsageError(f"{build} is no build: give a folder that `tenet build` wrote, such as build/NAME")
    check_build(build)
    recipe = Recipe.model_validate_json((build / "recipe.json").read_text(encoding="utf-8"))
    probes = [
        Probe.model_validate_json(line)
        for line in (build / "probes.jsonl").read_text(encoding="utf-8").split("\n")
        if line.strip()
    ]
    prompt = (build / "prompt.md").read_text(encoding="utf-8").strip()
    asked = rubrics.of_program(ir_file.load(build))
    made = exporter.export(build.name, probes, prompt, recipe.measures, asked, providers)
    for name, text in made.files.items():
        write_if_new(out / name, text)
    click.echo(f"{made.once} probes asked at once, {made.conversations} turn by turn")
    for name in (exporter.ONCE, exporter.TURNS):
        if name in made.files:
            click.echo(f"next:  PROMPTFOO_PYTHON={sys.executable} promptfoo eval -c {out / name}")
