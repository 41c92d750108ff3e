"""`tenet convert`: one spec from one notation into another."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from compiler.cli import FINDINGS
from compiler.cli.fmt import write_whole
from compiler.cli.specs import SpecPath, program_or_exit, show_diagnostics
from spec.doors import Notation, notation_of


@click.command("convert")
@click.argument("path", metavar="SPEC", type=SpecPath())
@click.option("--to", type=click.Choice(get_args(Notation)), help="The notation; left out, that of FILE's ending.")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Where it goes; - for the screen.")
@click.option("--whole", is_flag=True, help="Put imported files into the one file, and fill in parameters.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def command(path: Path, to: Notation | None, out: Path | None, whole: bool, force: bool) -> None:
    """Write a spec as .tenet text, YAML or JSON. It means the same, which is checked before it is written; comments are
    left out. Without -o, it goes beside the spec: harbor.tenet becomes harbor.tenet.yaml."""
    from spec.converting import Unfaithful, convert, target_of
    from spec.writer import CannotWrite

    screen = str(out) == "-"
    if to is None:
        if out is None or screen:
            raise click.UsageError("say into which notation: --to tenet, --to yaml or --to json")
        to = notation_of(str(out))
    target = out if out is not None and not screen else target_of(path, to)
    _refuse(path, target, to, screen, force)
    program_or_exit(path)
    try:
        converted = convert(path, to, target, whole=whole)
    except CannotWrite as error:
        click.echo(f"error: {error}; leave out --whole", err=True)
        raise click.exceptions.Exit(FINDINGS) from error
    except Unfaithful as error:
        show_diagnostics(error.found, error.sources)
        click.echo(f"error: from {target}, this spec would not be the same; write it into {path.parent}", err=True)
        raise click.exceptions.Exit(FINDINGS) from error
    if screen:
        click.echo(converted.text, nl=False)
    else:
        write_whole(target, converted.text)
        click.echo(f"wrote {target}")
    if converted.comments:
        count = f"{converted.comments} comment{'' if converted.comments == 1 else 's'}"
        click.echo(f"note: {count} left out; what must not be lost belongs into `note` or `because`", err=True)


def _refuse(path: Path, target: Path, to: Notation, screen: bool, force: bool) -> None:
    """Refuse a place that would lose something, or whose ending says that it holds another notation."""
    if notation_of(str(target)) != to:
        raise click.UsageError(f"{target} would be read as {notation_of(str(target))}; end its name with .tenet.{to}")
    if not target.parent.is_dir():
        raise click.UsageError(f"there is no folder {target.parent}")
    if not screen and target.exists() and not force:
        same = target.resolve() == path.resolve()
        what = "is the spec itself" if same else "is there already"
        raise click.UsageError(f"{target} {what}; --force replaces it")
