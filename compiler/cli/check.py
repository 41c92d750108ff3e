"""`tenet check`: everything that is wrong in a spec, at once, in a fraction of a second; `--fix` mends what it can."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

import spec
from compiler.cli import FINDINGS, standard_input
from compiler.cli.specs import (
    Compiled,
    Format,
    SpecPath,
    compile_spec,
    counted,
    refuse_to_write,
    screen_width,
    show_diagnostics,
)

FORMATS = ("full", "concise", "json", "github", "sarif")


@click.command("check")
@click.argument("paths", metavar="SPEC...", nargs=-1, required=True, type=SpecPath(stdin=True))
@click.option("--format", "format_", type=click.Choice(FORMATS), default="full", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--strict", is_flag=True, help="Warnings are findings too.")
@click.option("--fix", is_flag=True, help="Make the safe fixes, in imported files too, and report what is left.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: also fixes that could change what is meant.")
@click.option("--make-probe", is_flag=True, help="Add a probe for each situation in which a finding shows.")
@click.option("--diff", "show_diff", is_flag=True, help="Show what --fix or --make-probe would change; write nothing.")
@standard_input.name_option
def command(
    paths: tuple[Path, ...],
    format_: Format,
    as_json: bool,
    strict: bool,
    fix: bool,
    unsafe_fixes: bool,
    make_probe: bool,
    show_diff: bool,
    stdin_name: Path,
) -> None:
    """Report everything that is wrong in a spec; nothing is built. Exit code 1 when there is an error.

    With --diff, exit code 1 when something would change, too. `tenet explain CODE` tells more about a code.
    SPEC - is standard input.
    """
    if unsafe_fixes and not (fix or show_diff):
        raise click.UsageError("--unsafe-fixes says which fixes are made: give --fix or --diff as well")
    if standard_input.MARK in paths and (fix or make_probe or show_diff):
        raise click.UsageError("--fix, --make-probe and --diff need a file; standard input is none")
    for path in paths if fix or make_probe else ():
        refuse_to_write(path)
    style: Format = "json" if as_json else format_
    checked: list[Compiled] = []
    changed = False
    for given in paths:
        path, texts = standard_input.named(given, stdin_name)
        compiled = compile_spec(path, texts)
        if fix or (show_diff and not make_probe):
            from compiler.cli.fixes import fix_spec

            compiled, would_change = fix_spec(compiled, unsafe_fixes, write=not show_diff)
            changed = changed or (show_diff and would_change)
        if make_probe:
            from compiler.cli.make_probe import make_probes

            compiled, would_change = make_probes(compiled, write=not show_diff)
            changed = changed or (show_diff and would_change)
        checked.append(compiled)
        if style == "full" and not show_diff:
            show_diagnostics(compiled.diagnostics, compiled.sources, "stdout")
            clauses = len(compiled.program.clauses) if compiled.program else 0
            extra = f", {clauses} clause{'s' if clauses != 1 else ''}" if compiled.program else ""
            click.echo(counted(compiled, path) + extra)
            for hint in _hints(compiled, fix, unsafe_fixes):
                click.echo(hint)
    if style != "full" and not show_diff:
        _show_all(checked, style)
    if changed or any(c.errors > 0 or (strict and c.warnings > 0) for c in checked):
        raise click.exceptions.Exit(FINDINGS)


def _hints(compiled: Compiled, fixed: bool, unsafe: bool) -> Iterator[str]:
    """Say what can be done about the findings, or about a spec that asks for nothing. fixed: what could be fixed is."""
    fixes = [d.fix for d in compiled.diagnostics if d.fix is not None]
    safe = sum(fix.applicability == "safe" for fix in fixes)
    if safe and not fixed:
        yield f"  --fix mends {safe}"
    if len(fixes) > safe and not (fixed and unsafe):
        more = " more" if safe or fixed else ""
        yield f"  --fix --unsafe-fixes mends {len(fixes) - safe}{more}; read what it did"
    if compiled.errors or compiled.warnings:
        first = next(d.code for d in compiled.diagnostics if d.severity != "note")
        yield f"  tenet explain {first} tells more"
    if compiled.program is not None and not compiled.program.clauses:
        yield "  it asks for nothing yet; `tenet explain trait` shows how a clause is written"


def _show_all(checked: list[Compiled], style: Format) -> None:
    """Print what was found in all specs as one text, so that a program can read the whole."""
    codes = spec.codes.CODES
    if style in ("github", "sarif"):
        from compiler.codes import CODES

        codes = codes | CODES
    specs = [(compiled.diagnostics, compiled.sources) for compiled in checked]
    text = spec.diagnostics.render_all(specs, style, False, screen_width(sys.stdout), codes)
    if text:
        click.echo(text)
