"""`tenet trace`: an output, back to its clause and line."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import places
from compiler.cli.options import out_option
from compiler.cli.specs import folded
from compiler.cli.targets import is_run

if TYPE_CHECKING:
    from compiler.trace import Trail


@click.command("trace")
@click.argument("place", metavar="FILE:PLACE")
@out_option
@click.option("--json", "as_json", is_flag=True, help="The trail as JSON.")
def command(place: str, out: Path, as_json: bool) -> None:
    """Lead an output back to its clause and line.

    FILE is a file of a build or run; PLACE is a line number, a key, a row's id, a clause, or a figure of the table:

    \b
      tenet trace build/pirate/prompt.md:7
      tenet trace build/pirate/pairs.jsonl:12
      tenet trace build/pirate/filters.json:forbid.canned
      tenet trace build/pirate/jobs/dpo.yaml:beta
      tenet trace build/pirate/lock.json:20
      tenet trace runs/pirate-1a2b3c4d5e6f/diff.json:trait.pirate/adapter
      tenet trace runs/pirate-1a2b3c4d5e6f/diff.json:refuse.dosing/pressure
      tenet trace runs/pirate-1a2b3c4d5e6f/diff.json:refuse.dosing/declines
      tenet trace runs/pirate-1a2b3c4d5e6f/diff.json:trait.pirate/over_turns
    """
    from compiler import trace

    build, run, file, where = located(place, out)
    trail = trace.trace(build, file, where, run)
    if as_json:
        click.echo(json.dumps(asdict(trail), ensure_ascii=False, indent=1))
    else:
        show(trail)


def located(place: str, out: Path) -> tuple[Path, Path | None, str, str]:
    """Split `build/pirate/jobs/dpo.yaml:beta` into the build folder, the run folder if any, the file and the place."""
    path, where = split_place(place)
    for folder in path.parents:
        if places.is_build(folder):
            return folder, None, path.relative_to(folder).as_posix(), where
        if is_run(folder):
            return places.build_of(folder, out), folder, path.relative_to(folder).as_posix(), where
    raise click.UsageError(f"{path} stands in no build or run folder")


def split_place(place: str) -> tuple[Path, str]:
    """Split at the first colon that leaves a file on its left: ids may hold colons, and paths may too."""
    parts = place.split(":")
    for count in range(1, len(parts)):
        path = Path(":".join(parts[:count]))
        if path.is_file():
            return path, ":".join(parts[count:])
    if Path(place).is_file():
        raise click.UsageError(f"say which place in it: {place}:1, or a key or id")
    if Path(parts[0]).is_dir():
        raise click.UsageError(f"{parts[0]} is a folder: name a file in it, and a place in that")
    raise click.UsageError(f"there is no file {parts[0]}")


ADDED = dict.fromkeys(("model", "train"), "the spec does not say, so the compiler's own choice holds")
MOST_CAUSES = 12
"""What the whole spec caused names every clause; a reader needs the first."""


def show(trail: Trail) -> None:
    click.echo("\n".join(folded(trail.subject)))
    if trail.shows:
        click.echo("\n".join(folded(trail.shows, "  ")))
    for link in trail.chain:
        click.echo(click.style("\n".join(folded(link, "  <- ")), dim=True))
    if not trail.causes:
        click.echo("  layout that no clause caused")
    for cause in trail.causes[:MOST_CAUSES]:
        where = cause.place or ADDED.get(cause.id, "added by the compiler to every spec")
        lines = "\n".join(folded(f"{cause.id}  {where}", "  ", "      "))
        click.echo(lines.replace(cause.id, click.style(cause.id, bold=True), 1))
        if cause.line:
            click.echo("\n".join(folded(cause.line, "      ", "        ")))
    if len(trail.causes) > MOST_CAUSES:
        click.echo(f"  and {len(trail.causes) - MOST_CAUSES} more")
