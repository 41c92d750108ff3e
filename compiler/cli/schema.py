"""`tenet schema`: the JSON Schema by which an editor completes a spec in YAML or JSON."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli.options import FILE
from compiler.files import write_text


@click.command("schema")
@click.option("-o", "--out", type=FILE, metavar="FILE", help="Where it goes.")
def command(out: Path | None) -> None:
    """Print the JSON Schema (draft 2020-12) of specs in YAML and JSON.

    An editor finds it by a line in the spec: `# yaml-language-server: $schema=FILE` in YAML, "$schema": "FILE" in JSON.
    """
    from spec.json_schema import to_text

    if out is None:
        click.echo(to_text(), nl=False)
        return
    if not out.parent.is_dir():
        raise click.UsageError(f"there is no folder {out.parent}")
    write_text(out, to_text())
    click.echo(f"wrote {out}")
