"""`tenet export`: a build as other tools read it; `export_run.py` has what is written of a trained run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli import export_run, places
from compiler.cli.options import FILE, FOLDER
from compiler.files import write_if_new

if TYPE_CHECKING:
    from compiler.records.rows import PreferencePair


@click.group("export")
def command() -> None:
    """Write a build, or a trained run, for another tool."""


export_run.add_to(command)


def _build(build: Path) -> Path:
    """Return the folder where it is a build that is whole.

    Raises:
        DataError: it was changed since it was built, or has no rows.
    """
    from compiler.agreement import check_build

    if not places.is_build(build):
        raise click.UsageError(f"{build} is no build: give a folder that `tenet build` wrote, such as build/NAME")
    check_build(build)
    return build


@command.command("hub")
@click.argument("build", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="BUILD")
@click.option("--to", "repo", required=True, metavar="OWNER/NAME", help="The data set on the Hub.")
@click.option("--license", "license", required=True, metavar="ID", help="Of the rows, as the Hub names it: apache-2.0.")
@click.option("--public", is_flag=True, help="Let everybody read a data set that is made now.")
@click.option("--probes", is_flag=True, help="Probes too. A probe that is published is one that others train on.")
@click.option("--yes", is_flag=True, help="Do not ask before uploading.")
def hub(build: Path, repo: str, license: str, public: bool, probes: bool, yes: bool) -> None:
    """Hugging Face Hub: upload rows and their card as a data set. Nothing else of Tenet uploads anything."""
    from backends import hub as uploading
    from compiler.exports import dataset_card

    _build(build)
    configs = [name for name in dataset_card.FILES if probes or name != "probes"]
    files: dict[str, Path | bytes] = {
        dataset_card.FILES[name]: build / dataset_card.FILES[name]
        for name in configs
        if (build / dataset_card.FILES[name]).is_file()
    }
    files[dataset_card.CARD] = dataset_card.render(build, license, configs).encode()
    seen = "everybody can read it" if public else "only you and those you let in can read it"
    click.echo(f"{', '.join(files)} of {build} go to the data set {repo} on the Hugging Face Hub;", err=True)
    click.echo(f"where it is made now, {seen}.", err=True)
    if not yes and not click.confirm("Upload?", err=True):
        click.echo("nothing was uploaded", err=True)
        return
    click.echo(uploading.push(files, repo, private=not public, message=f"Rows of {build.name}"))


@command.command("argilla")
@click.argument("build", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="BUILD")
@click.option("-o", "--out", type=FILE, required=True, metavar="FILE", help="JSON of records.")
def argilla(build: Path, out: Path) -> None:
    """Argilla: pairs as records, for people to keep or strike out. What they said: tenet lint-data --import."""
    from compiler.exports import annotation

    records = annotation.argilla(*_rows(build))
    settings = _written(out, records, ".settings.json", json.dumps(annotation.SETTINGS, indent=1) + "\n")
    click.echo(f"{len(records):,} records in {out}; what their data set needs is in {settings}")


@command.command("label-studio")
@click.argument("build", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="BUILD")
@click.option("-o", "--out", type=FILE, required=True, metavar="FILE", help="JSON of tasks.")
def label_studio(build: Path, out: Path) -> None:
    """Label Studio: pairs as tasks, for people to keep or strike out. What they said: tenet lint-data --import."""
    from compiler.exports import annotation

    tasks = annotation.label_studio(*_rows(build))
    interface = _written(out, tasks, ".xml", annotation.INTERFACE)
    click.echo(f"{len(tasks):,} tasks in {out}; their labelling interface in {interface}")


def _written(out: Path, rows: list[dict[str, Any]], beside: str, text: str) -> Path:
    """Write rows as JSON, and beside them what the tool needs to show them; return the path of that."""
    write_if_new(out, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    needed = out.with_suffix(beside)
    write_if_new(needed, text)
    return needed


def _rows(build: Path) -> tuple[list[PreferencePair], list[str]]:
    """The pairs of a build, and the keys of what is struck out beside its spec."""
    from compiler import struck
    from compiler.records.rows import PreferencePair

    lines = (_build(build) / "pairs.jsonl").read_text(encoding="utf-8").split("\n")
    spec = places.spec_of(build)
    listed = struck.read(struck.beside(spec)) if spec is not None else ()
    return [PreferencePair.model_validate_json(line) for line in lines if line], [row.key for row in listed]


@command.command("promptfoo")
@click.argument("build", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="BUILD")
@click.option("-o", "--out", type=FOLDER, required=True, help="Folder for the files.")
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
    from compiler.exports import promptfoo as exporter
    from compiler.records.recipe import Recipe
    from compiler.records.rows import Probe

    _build(build)
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
