"""`tenet fmt`: a spec in the canonical layout."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

import spec
from compiler.cli import FINDINGS, standard_input
from compiler.cli.specs import SpecPath, refuse_to_write, show_diagnostics
from compiler.files import write_text


@click.command("fmt")
@click.argument("paths", metavar="SPEC...", nargs=-1, required=True, type=SpecPath(stdin=True))
@click.option("--check", "check_only", is_flag=True, help="Write nothing; exit code 1 when a file would change.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; show what would change.")
@standard_input.name_option
def command(paths: tuple[Path, ...], check_only: bool, show_diff: bool, stdin_name: Path) -> None:
    """Put specs in .tenet text into the canonical layout; comments, line ends and a byte order mark stay.

    A file with syntax errors is left alone. SPEC - is standard input, laid out on standard output.
    """
    from spec.doors import notation_of
    from spec.formatter import CannotFormat, format_stored

    for path in (stdin_name if path == standard_input.MARK else path for path in paths):
        if notation_of(str(path)) != "tenet":
            raise click.UsageError(
                f"{path} is no .tenet text, whose layout this is; a formatter of {notation_of(str(path)).upper()} lays"
                f" it out, and `tenet convert {path} --to tenet` writes it as .tenet text"
            )
        if path != stdin_name and not (check_only or show_diff):
            refuse_to_write(path)
    changed, broken = [], []
    for given in paths:
        path, texts = standard_input.named(given, stdin_name)
        try:
            before = texts[path.resolve()] if texts else path.read_bytes().decode("utf-8")
            after = format_stored(before, str(path))
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
        if texts and not (check_only or show_diff):
            click.echo(after.encode(), nl=False)
            continue
        if after == before:
            continue
        changed.append(path)
        if show_diff:
            old, new = (text.removeprefix("\ufeff").splitlines(keepends=True) for text in (before, after))
            sys.stdout.writelines(difflib.unified_diff(old, new, f"{path}", f"{path} (formatted)"))
        elif check_only:
            click.echo(f"{path} would change")
        else:
            write_text(path, after)
            click.echo(f"{path} formatted")
    if broken or (changed and (check_only or show_diff)):
        raise click.exceptions.Exit(FINDINGS)
