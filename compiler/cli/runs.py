"""`tenet diff OLD_RUN NEW_RUN`: how behaviour moved between two measured runs, beside how their specs differ.

In: two folders of runs. Out: the comparison, printed, and an exit code.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from compiler.cli import places
from compiler.cli.specs import screen_width
from compiler.cli.versions import Format


def show(old: Path, new: Path, out: Path, format: Format, fail_on: str, margin: float, anyway: bool) -> int:
    """Print how the new run differs from the old one; return the exit code.

    Raises:
        DataError: the two cannot be compared.
    """
    from compiler import run_diff
    from compiler.run_diff import markdown, sides, terminal

    before, after = (sides.read(run, _build(run, out)) for run in (old, new))
    found = run_diff.compare(before, after, margin / 100, anyway=anyway)
    if format == "json":
        click.echo(found.model_dump_json(indent=1))
    elif format == "markdown":
        click.echo(markdown.render(found), nl=False)
    else:
        click.echo(terminal.render(found, screen_width(sys.stdout)))
    return run_diff.exit_code(found, fail_on)


def _build(run: Path, out: Path) -> Path | None:
    """The build that a run came from, where it is still there."""
    build = out / run.resolve().name.rsplit("-", 1)[0]
    return build if places.is_build(build) else None
