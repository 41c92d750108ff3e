"""`tenet check`: everything that is wrong in a spec, at once, in a fraction of a second."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli import FINDINGS
from compiler.cli.specs import Format, SpecPath, compile_spec, counted, show_diagnostics


@click.command("check")
@click.argument("paths", metavar="SPEC...", nargs=-1, required=True, type=SpecPath())
@click.option("--format", "format_", type=click.Choice(["full", "concise", "json"]), default="full", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--strict", is_flag=True, help="Warnings are findings too.")
def command(paths: tuple[Path, ...], format_: Format, as_json: bool, strict: bool) -> None:
    """Report everything that is wrong in a spec; nothing is built. Exit code 1 when there is an error."""
    style: Format = "json" if as_json else format_
    found = False
    for path in paths:
        compiled = compile_spec(path)
        show_diagnostics(compiled, style, "stdout")
        if style == "full":
            clauses = len(compiled.program.clauses) if compiled.program else 0
            extra = f", {clauses} clause{'s' if clauses != 1 else ''}" if compiled.program else ""
            click.echo(counted(compiled, path) + extra)
        found = found or compiled.errors > 0 or (strict and compiled.warnings > 0)
    if found:
        raise click.exceptions.Exit(FINDINGS)
