"""`tenet build`: a spec becomes a folder with everything that training and measuring need."""

from __future__ import annotations

import time
from pathlib import Path

import click

from compiler.cli import emitting, places, stages
from compiler.cli.emitting import Compilation
from compiler.cli.options import cache_option, local_option, out_option, spending_options, without_option
from compiler.cli.places import Place
from compiler.cli.remembering import Heard, remember
from compiler.cli.specs import SpecPath


@click.command("build")
@click.argument("path", metavar="SPEC", type=SpecPath())
@out_option
@cache_option
@without_option
@click.option("--no-rows", is_flag=True, help="Stop before a model is needed: prompt, filters, recipe, jobs.")
@click.option("--annotate", is_flag=True, help="Show the prompt with each line's clause, and write nothing.")
@click.option("--show-ir", is_flag=True, help="Show the intermediate representation, and write nothing.")
@spending_options()
@local_option
def command(
    path: Path,
    out: Path,
    cache: Path | None,
    without: str | None,
    no_rows: bool,
    annotate: bool,
    show_ir: bool,
    local_files_only: bool,
) -> None:
    """Compile SPEC into OUT/<spec>: prompt, filters, training rows, probes, jobs, lock.

    Rows that were made before are taken from the cache; an interrupted build goes on where it stopped.
    """
    if annotate or show_ir:
        show(path, annotate, show_ir)
        return
    place = places.place_of(path, out, Path("runs"), cache, local_files_only=local_files_only)
    build_spec(path, places.leaving_out(place, without), no_rows, without)


def build_spec(
    path: Path, place: Place, no_rows: bool = False, without: str | None = None, *, on_the_way: bool = False
) -> Compilation:
    """Emit, generate, and say on stderr what was made. Two builds into one folder come one after the other.

    Args:
        without: a clause that no training row is made for.
        on_the_way: another command wants it; of a build that was there already, say only what it lacks.
    """
    from compiler.cli.counts import show_counts, show_lacks
    from compiler.cli.screen import err, when_interrupted
    from compiler.files import locked

    when_interrupted("Nothing was half-written.")
    begun, heard = time.time_ns(), Heard()
    with heard:
        compilation = emitting.compile_to(path, place, base_needed=not no_rows, without=without)
    place.build.mkdir(parents=True, exist_ok=True)
    waiting = f"{place.build} is being built by another process; waiting for it"
    with locked(place.build, lambda: err().print(waiting, markup=False)):
        with heard:
            emitting.write(compilation)
            _tell(compilation)
        if no_rows:
            stages.finish(compilation, rows=False)
            return compilation
        when_interrupted(f"Answers written so far are kept in {place.cache}.")
        before = _lock(place)
        with places.timed(place) as progress:
            report = stages.generate(compilation, progress)
        if on_the_way and _lock(place) == before:
            show_lacks(compilation, report)
            return compilation
        with heard:
            show_counts(compilation, report)
        remember(compilation, heard.text, begun)
    return compilation


def _lock(place: Place) -> bytes | None:
    path = place.build / "lock.json"
    return path.read_bytes() if path.is_file() else None


def _tell(compilation: Compilation) -> None:
    from compiler.cli.screen import err

    tokens = compilation.facts.base.count_tokens
    lines = next(a.text for a in compilation.artifacts if a.path == "prompt.md")
    length = f", prompt of {tokens(lines)} tokens" if tokens else ""
    clauses = len(compilation.program.clauses)
    told = f"{compilation.place.build}: {clauses} clause{'' if clauses == 1 else 's'}{length}"
    err().print(told, markup=False)


def show(path: Path, annotate: bool, show_ir: bool) -> None:
    from compiler.cli.specs import folded, program_or_exit

    program, compiled = program_or_exit(path)
    if show_ir:
        from compiler.ir_print import printed

        click.echo(printed(program))
    if annotate:
        from compiler.rendering import render

        for line in render(program):
            causes = [program.clause(i) for i in line.clause_ids]
            shown = {name: source.shown for name, source in compiled.sources.items()}
            lines = [f"{c.id} {shown.get(c.span.path, c.span.path)}:{c.span.line}" for c in causes]
            click.echo(line.text)
            if causes and not line.text.endswith(":"):  # a section's title stands for all its lines
                click.echo(click.style("\n".join(folded("; ".join(lines), "    <- ")), dim=True))
