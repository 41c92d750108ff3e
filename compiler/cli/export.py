"""`tenet export`: a build as other evaluation tools read it."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli import places


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
    files, left_out = exporter.export(build.name, probes, prompt, recipe.measures, providers)
    for name, text in files.items():
        places.write_if_new(out / name, text)
    asked = len(probes) - left_out
    click.echo(f"{asked} tests; {left_out} probes left out, in which the model speaks before the last message")
    click.echo(f"next:  PROMPTFOO_PYTHON=python promptfoo eval -c {out}/promptfooconfig.yaml")
