"""`tenet lint-data`: the rows of a build, looked at before anything is trained on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import FINDINGS, options, places, review
from compiler.cli.options import FILE
from compiler.cli.sections import Sectioned
from compiler.cli.specs import folded
from compiler.cli.targets import TargetPath, prepared
from compiler.failures import DataError

if TYPE_CHECKING:
    from compiler.lint.findings import Finding, Rows

SECTIONS = {
    "What is looked at": ("embedder",),
    "What comes out": ("as_json", "page"),
    "Striking rows out": ("reviews", "port", "opens", "strikes", "restores", "why", "imports"),
    "Folders": ("out", "runs", "cache", "local_files_only"),
}


@click.command("lint-data", cls=Sectioned, sections=SECTIONS)
@click.argument("target", metavar="SPEC|BUILD", type=TargetPath())
@click.option(
    "--embedder",
    metavar="MODEL",
    help="Compare probes with rows by meaning too: a folder of a model, a hub id, or openai:MODEL@URL.",
)
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON lines.")
@click.option(
    "--html",
    "page",
    type=FILE,
    metavar="FILE",
    help="Write findings, figures and rows as one page that needs no network.",
)
@click.option("--review", "reviews", is_flag=True, help="Open the page on this machine, and strike rows out there.")
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    default=review.PORT,
    show_default=True,
    help="0: one that is free.",
)
@click.option("--open/--no-open", "opens", default=True, help="Open a browser.")
@click.option("--strike", "strikes", multiple=True, metavar="ROW", help="Strike a row out, by its id; may be repeated.")
@click.option("--restore", "restores", multiple=True, metavar="ROW", help="Put a struck row back; may be repeated.")
@click.option(
    "--import",
    "imports",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Bring in what people said of rows in Argilla or Label Studio (`tenet export`); may be repeated.",
)
@click.option("--why", metavar="TEXT", default="", help="Why, as the list of struck rows shall say.")
@options.out_option
@options.runs_option
@options.cache_option
@options.local_option
def command(
    target: Path,
    embedder: str | None,
    as_json: bool,
    page: Path | None,
    reviews: bool,
    port: int,
    opens: bool,
    strikes: tuple[str, ...],
    restores: tuple[str, ...],
    imports: tuple[Path, ...],
    why: str,
    out: Path,
    runs: Path,
    cache: Path | None,
    local_files_only: bool,
) -> None:
    """Look at the pairs of a build; exit code 1 where something is wrong with them.

    Errors: answers with gaps, pairs that contradict one another, names of other models, recited prompts, probes among
    training rows, prompts that a trainer would cut. Warnings: duplicates, sides told apart by length, clauses that no
    row teaches, rows that are cut. Notes: near duplicates, sides that words tell apart, words shared with probes.

    Rows that you strike out, on the page of --review or by --strike, are listed in SPEC.struck.jsonl beside the spec
    by what they say. They stay out of every build until they are taken off that list.
    """
    place = places.place_of(target, out, runs, cache, local_files_only=local_files_only)
    prepared(target, place)
    rows = rows_of(place)
    if strikes or restores:
        review.strike(review.list_of(target, place), rows, strikes, restores, why)
    for path in imports:
        review.bring_in(review.list_of(target, place), rows, path)
    if strikes or restores or imports:
        click.echo("`tenet build` makes the rows anew; what stays the same is taken from the cache")
        return
    found, pairs = lint_build(place, rows, embedder), len(rows.pairs)
    if reviews:
        review.serve(target, place, rows, found, review.list_of(target, place), port, opens)
        return
    if page is not None:
        try:
            listed = review.list_of(target, place)
        except DataError:
            listed = None  # a build that was carried here without its spec
        review.write_page(page, review.viewed(target, place, rows, found, listed, review=False))
    if as_json:
        for one in found:
            click.echo(one.model_dump_json())
    else:
        for one in found:
            show(one)
        counts = {severity: sum(one.severity == severity for one in found) for severity in ("error", "warning", "note")}
        said = ", ".join(f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts.items())
        click.echo(f"{pairs:,} pairs: {said}")
    if any(one.severity == "error" for one in found):
        raise click.exceptions.Exit(FINDINGS)


def rows_of(place: places.Place) -> Rows:
    """The rows of a build, and what they are held against.

    Raises:
        DataError: they are not what was built.
    """
    from backends import recipes
    from compiler.agreement import check_build
    from compiler.ir_file import load
    from compiler.lint.findings import Rows
    from compiler.records.rows import PreferencePair, Probe

    def read(name: str) -> list[str]:
        return [line for line in (place.build / name).read_text(encoding="utf-8").split("\n") if line]

    check_build(place.build)
    recipe = recipes.read_recipe(place.build)
    return Rows(
        pairs=[PreferencePair.model_validate_json(line) for line in read("pairs.jsonl")],
        probes=[Probe.model_validate_json(line) for line in read("probes.jsonl")],
        prompt=(place.build / "prompt.md").read_text(encoding="utf-8"),
        names=[recipe.teacher] if recipe.teacher else [],
        clause_ids=[clause.id for clause in load(place.build).clauses],
    )


def lint_build(place: places.Place, rows: Rows, embedder: str | None = None) -> list[Finding]:
    """Findings of a build's rows, errors first. embedder: a name; none compares by words alone."""
    from backends import bases, embedders, recipes
    from backends import lint as tokens
    from compiler.lint import lint
    from compiler.lint.findings import ORDER

    recipe = recipes.read_recipe(place.build)
    base = bases.placed(place.build / "base") or recipes.find_base(
        place.build, recipe, place.root or Path(), local_files_only=place.local_files_only
    )
    limits = tokens.longest(place.build, recipe.method)
    found = [*lint(rows), *tokens.look(rows.pairs, bases.load_chat(base), limits)]
    if embedder is not None:
        model = embedders.load(
            embedder, cache=place.cache, relative_to=place.root, local_files_only=place.local_files_only
        )
        found += tokens.look_by_meaning(rows.pairs, rows.probes, model)
    return sorted(found, key=lambda one: ORDER.index(one.severity))


def show(one: Finding) -> None:
    where = f"{one.clause_id}: " if one.clause_id else ""
    for line in folded(f"{one.severity}[{one.code}] {where}{one.message}", "", "    "):
        click.echo(line)
    for line in folded(f"help: {one.help}", "    ", "          "):
        click.echo(line)
    if one.rows:
        more = f", and {one.more} more" if one.more else ""
        for line in folded(f"rows: {', '.join(one.rows[:3])}{more}", "    ", "          "):
            click.echo(line)
