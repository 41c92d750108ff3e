"""`tenet import`: specs from other people's formats, with a report of what was found wrong or could not be said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import FINDINGS
from compiler.files import write_text
from spec.limits import LARGEST_FILE, LARGEST_SPEC

if TYPE_CHECKING:
    from spec.importers import Finding, Imported

SHOWN = 30
"""Findings of one kind on the screen; the report has them all."""
KINDS = {
    "defect": "wrong in the source",
    "left_out": "left out of the spec",
    "kept_as_note": "kept as notes, for readers only",
    "not_trained": "kept, and never trained on word for word",
}


@click.group("import")
def command() -> None:
    """Turn another format into a spec. Exit code 1 when something is wrong in the source."""


def _options(function: click.decorators.FC) -> click.decorators.FC:
    out = click.option("-o", "--out", type=click.Path(path_type=Path), help="Where the spec goes; - for the screen.")
    report = click.option("--report", type=click.Path(path_type=Path), help="A file for all findings, one a line.")
    force = click.option("--force", is_flag=True, help="Replace a spec that is there.")
    return out(report(force(function)))


@command.command("model-spec")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="FOLDER")
@_options
def model_spec(folder: Path, out: Path | None, report: Path | None, force: bool) -> None:
    """OpenAI's Model Spec: FOLDER holds model_spec.md, and examples/ with evaluation prompts."""
    from spec.importers import model_spec as reader
    from spec.importers import model_spec_text

    source = folder / "model_spec.md"
    if not source.is_file():
        raise click.UsageError(f"there is no {source}; FOLDER is the one that holds model_spec.md")
    files = sorted((folder / "examples").glob("*.md"))
    if sum(path.stat().st_size for path in files) > LARGEST_SPEC:
        raise click.UsageError(f"{folder / 'examples'} holds more than {LARGEST_SPEC >> 20} MiB; import a part of it")
    prompts = {path.stem: _read(path) for path in files}
    target = out or Path("model_spec.tenet")
    with _unreadable_is_a_finding():
        imported = model_spec_text.write(reader.read(_read(source), source.name, prompts), target.name)
    _finish(imported, target, report, force)


@command.command("constitution")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE")
@_options
def constitution(file: Path, out: Path | None, report: Path | None, force: bool) -> None:
    """A constitution: a JSON list of traits in the first person, each with questions in which it shows."""
    from spec.importers import constitution as reader
    from spec.importers import writing

    stem = writing.name(file.stem)
    with _unreadable_is_a_finding():
        imported = reader.read(_read(file), file.name, stem)
    _finish(imported, out or Path(f"{stem}.tenet"), report, force)


@contextmanager
def _unreadable_is_a_finding() -> Iterator[None]:
    from spec.importers import Unreadable

    try:
        yield
    except Unreadable as error:
        click.echo(f"error: {error}", err=True)
        raise click.exceptions.Exit(FINDINGS) from error


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise click.UsageError(f"{path} is larger than {LARGEST_FILE >> 20} MiB; import a part of it")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path} is not UTF-8 text: byte {error.start + 1}; save it as UTF-8") from error
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from error


def _finish(imported: Imported, target: Path, report: Path | None, force: bool) -> None:
    """Write the spec and the report, and say what was read and found."""
    if str(target) == "-":
        click.echo(imported.text, nl=False)
    else:
        if target.exists() and not force:
            raise click.UsageError(f"{target} is there already; --force replaces it")
        if not target.parent.is_dir():
            raise click.UsageError(f"there is no folder {target.parent}")
        write_text(target, imported.text)
    if report is not None:
        write_text(report, "".join(f"{finding}\n" for finding in imported.findings))
    for name, count in imported.counts:
        click.echo(f"{name:<20}{count:>6}", err=str(target) == "-")
    for kind, words in KINDS.items():
        _say(words, [f for f in imported.findings if f.kind == kind], shown=kind in ("defect", "left_out"))
    if str(target) != "-":
        click.echo(f"wrote {target}\nnext:  tenet check {target}")
    if imported.defects:
        raise click.exceptions.Exit(FINDINGS)


def _say(words: str, found: list[Finding], shown: bool) -> None:
    if not found:
        return
    click.echo(f"\n{words}: {len(found)}{'' if shown else ' (--report FILE lists them)'}", err=True)
    for finding in found[:SHOWN] if shown else ():
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file
        click.echo(f"  {place}  {finding.message}", err=True)
    if shown and len(found) > SHOWN:
        click.echo(f"  and {len(found) - SHOWN} more: --report FILE lists all", err=True)
