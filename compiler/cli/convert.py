"""`tenet convert`: one spec from one notation into another."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import get_args

import click

import spec
from compiler.cli import FINDINGS, standard_input
from compiler.cli.specs import SpecPath, compile_spec, show_diagnostics
from compiler.files import write_text
from spec.doors import NOTATIONS, Notation, notation_of

MOST_NAMES = 3
"""How many changed names are told."""


@click.command("convert")
@click.argument("path", metavar="SPEC", type=SpecPath(stdin=True))
@click.option("--to", type=click.Choice(get_args(Notation)), help="The notation; left out, that of FILE's ending.")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Where it goes; - for the screen.")
@click.option(
    "--whole",
    is_flag=True,
    help="Put imported files into the one file, and fill in parameters; house.caring is caring there.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@standard_input.name_option
def command(path: Path, to: Notation | None, out: Path | None, whole: bool, force: bool, stdin_name: Path) -> None:
    """Write a spec as .tenet text, YAML or JSON. It means the same, which is checked before it is written; comments are
    left out. Without -o, it goes beside the spec: harbor.tenet becomes harbor.tenet.yaml. SPEC - is standard input,
    which goes to standard output."""
    from spec.converting import Unfaithful, convert, target_of

    screen = str(out) == "-" or (out is None and path == standard_input.MARK)
    if to is None:
        if out is None or out.suffix.lower() not in NOTATIONS:
            raise click.UsageError("say into which notation: --to tenet, --to yaml or --to json")
        to = notation_of(str(out))
    path, texts = standard_input.named(path, stdin_name)
    target = out if out is not None and not screen else target_of(path, to)
    _refuse(path, target, to, screen, force)
    _refuse_errors(path, texts)
    try:
        converted = convert(path, to, target, whole=whole, texts=texts)
    except Unfaithful as error:
        show_diagnostics(error.found, error.sources)
        click.echo(f"error: from {target}, this spec would not be the same; write it into {path.parent}", err=True)
        raise click.exceptions.Exit(FINDINGS) from error
    if screen:
        click.echo(converted.text, nl=False)
    else:
        write_text(target, converted.text)
        click.echo(f"wrote {target}")
    if converted.names:
        shown = [f"{old} is {new}" for old, new in islice(converted.names.items(), MOST_NAMES)]
        more = f", and {len(converted.names) - len(shown)} more" if len(converted.names) > len(shown) else ""
        click.echo(f"note: clauses and sections have other names in one file: {', '.join(shown)}{more}", err=True)
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


def _refuse_errors(path: Path, texts: Mapping[Path, str]) -> None:
    """Leave where a spec has errors, and show them; its warnings are as true of what is written, and `check` tells."""
    compiled = compile_spec(path, texts)
    errors = [d for d in compiled.diagnostics if d.severity == "error"]
    if errors:
        show_diagnostics(errors, compiled.sources)
        click.echo(f"{path}: {spec.diagnostics.counted(errors)}", err=True)
        raise click.exceptions.Exit(FINDINGS)
