"""`tenet build`: a spec becomes a folder with everything that training and measuring need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import stages
from compiler.cli.specs import SpecPath

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backends.generate.report import GenerateReport, UnitCounts
    from compiler.ir import Program


@click.command("build")
@click.argument("path", metavar="SPEC", type=SpecPath())
@stages.out_option
@stages.cache_option
@click.option("--no-rows", is_flag=True, help="Stop before a model is needed: prompt, filters, recipe, jobs.")
@click.option("--annotate", is_flag=True, help="Show the prompt with each line's clause, and write nothing.")
@click.option("--show-ir", is_flag=True, help="Show the intermediate representation, and write nothing.")
@stages.local_option
def command(
    path: Path, out: Path, cache: Path | None, no_rows: bool, annotate: bool, show_ir: bool, local_files_only: bool
) -> None:
    """Compile SPEC into OUT/<spec>: prompt, filters, training rows, probes, jobs, lock.

    Rows that were made before are taken from the cache; an interrupted build goes on where it stopped.
    """
    if annotate or show_ir:
        show(path, annotate, show_ir)
        return
    build_spec(path, stages.place_of(path, out, Path("runs"), cache, local_files_only=local_files_only), no_rows)


def build_spec(path: Path, place: stages.Place, no_rows: bool = False) -> stages.Compilation:
    """Emit, generate, and say on stderr what was made."""
    from compiler.cli.screen import err, when_interrupted

    when_interrupted("Nothing was half-written.")
    compilation = stages.compile_to(path, place, base_needed=not no_rows)
    stages.write(compilation)
    console = err()
    tokens = compilation.facts.base.count_tokens
    lines = next(a.text for a in compilation.artifacts if a.path == "prompt.md")
    length = f", prompt of {tokens(lines)} tokens" if tokens else ""
    console.print(f"{place.build}: {len(compilation.program.clauses)} clauses{length}", markup=False)
    if no_rows:
        stages.finish(compilation, rows=False)
        return compilation
    when_interrupted(f"Answers written so far are kept in {place.cache}.")
    with stages.timed(place) as progress:
        report = stages.generate(compilation, progress)
    show_counts(compilation.program, report)
    return compilation


def show_counts(program: Program, report: GenerateReport) -> None:
    """Show what was asked for, kept and dropped, by clause."""
    from rich.table import Table

    from compiler.cli.screen import err

    console = err()
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for title in ("clause", "rows", "probes", "dropped"):
        table.add_column(title, justify="right" if title in ("rows", "probes") else "left", overflow="fold")
    for owner in [*(c.id for c in program.clauses), "facts"]:
        units = [u for u in report.units if u.clause_ids[0] == owner]
        if not units:
            continue
        dropped: dict[str, int] = {}
        for unit in units:
            for reason, count in unit.dropped.items():
                dropped[reason] = dropped.get(reason, 0) + count
        often = sorted(dropped.items(), key=lambda item: (-item[1], item[0]))
        cells = [_kept([u for u in units if u.purpose == purpose]) for purpose in ("pairs", "probes")]
        table.add_row(owner, *cells, "; ".join(f"{n} {reason}" for reason, n in often[:3]))
    console.print(table)
    for data in report.data:
        reasons = "; ".join(f"{n} {reason}" for reason, n in sorted(data.dropped.items(), key=lambda item: -item[1]))
        console.print(
            f"{data.path}: {data.kept} of {data.rows} rows kept{f' ({reasons})' if reasons else ''}", markup=False
        )
    console.print(", ".join(f"{count} rows in {name}" for name, count in report.rows.items()), markup=False)


def _kept(units: Sequence[UnitCounts]) -> str:
    wanted = sum(u.wanted for u in units)
    return f"{sum(u.kept for u in units)}/{wanted}" if wanted else ""


def show(path: Path, annotate: bool, show_ir: bool) -> None:
    from compiler.cli.specs import program_or_exit

    program, compiled = program_or_exit(path)
    if show_ir:
        from compiler.ir_print import printed

        click.echo(printed(program))
    if annotate:
        from compiler.rendering import render

        for line in render(program):
            causes = [program.clause(i) for i in line.clause_ids]
            shown = {name: source.shown for name, source in compiled.sources.items()}
            places = [f"{c.id} {shown.get(c.span.path, c.span.path)}:{c.span.line}" for c in causes]
            click.echo(line.text)
            if causes and not line.text.endswith(":"):  # a section's title stands for all its lines
                click.echo(click.style(f"    <- {'; '.join(places)}", dim=True))
