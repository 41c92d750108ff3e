"""`tenet fmt`: a spec in the canonical layout."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

import spec
from compiler.cli import FINDINGS
from compiler.cli.specs import SpecPath, show_diagnostics


@click.command("fmt")
@click.argument("paths", metavar="SPEC...", nargs=-1, required=True, type=SpecPath())
@click.option("--check", "check_only", is_flag=True, help="Write nothing; exit code 1 when a file would change.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; show what would change.")
def command(paths: tuple[Path, ...], check_only: bool, show_diff: bool) -> None:
    """Put specs into the canonical layout; comments stay. A file with syntax errors is left alone."""
    from spec.doors import notation_of
    from spec.formatter import CannotFormat, format_text

    changed, broken = [], []
    for path in paths:
        if notation_of(str(path)) != "tenet":
            click.echo(f"{path}: left alone; only .tenet text has a canonical layout of ours", err=True)
            broken.append(path)
            continue
        try:
            before = path.read_bytes().decode("utf-8-sig")
            after = format_text(before, str(path))
        except OSError:
            unreadable = spec.load(path)  # which says why
            show_diagnostics(unreadable.diagnostics, unreadable.sources)
            broken.append(path)
            continue
        except UnicodeDecodeError:
            click.echo(f"{path}: not UTF-8 text, left alone; save it as UTF-8 first", err=True)
            broken.append(path)
            continue
        except CannotFormat as error:
            show_diagnostics(error.diagnostics, {error.source.path: error.source})
            broken.append(path)
            continue
        if after == before:
            continue
        changed.append(path)
        if show_diff:
            lines = difflib.unified_diff(
                before.splitlines(keepends=True), after.splitlines(keepends=True), f"{path}", f"{path} (formatted)"
            )
            sys.stdout.writelines(lines)
        elif check_only:
            click.echo(f"{path} would change")
        else:
            write_whole(path, after)
            click.echo(f"{path} formatted")
    if broken or (changed and (check_only or show_diff)):
        raise click.exceptions.Exit(FINDINGS)


def write_whole(path: Path, text: str) -> None:
    """Put a new file in the old one's place, so that a kill leaves one or the other, with the old one's permissions.

    A link stays one: the file that it leads to is the one that changes.
    """
    path = path.resolve()
    staged = path.with_name(f".{path.name}.new")
    staged.write_text(text, encoding="utf-8", newline="")
    if path.exists():
        staged.chmod(path.stat().st_mode)
    staged.replace(path)
