"""`tenet lint-data`: the rows of a build, looked at before anything is trained on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import FINDINGS, options, places
from compiler.cli.specs import folded
from compiler.cli.targets import TargetPath, prepared

if TYPE_CHECKING:
    from compiler.lint.findings import Finding


@click.command("lint-data")
@click.argument("target", metavar="SPEC|BUILD", type=TargetPath())
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON lines.")
@options.out_option
@options.runs_option
@options.cache_option
@options.local_option
def command(target: Path, as_json: bool, out: Path, runs: Path, cache: Path | None, local_files_only: bool) -> None:
    """Look at the pairs of a build; exit code 1 where something is wrong with them.

    Errors: answers with gaps, pairs that contradict one another, names of other models, recited prompts, probes among
    training rows, prompts that a trainer would cut. Warnings: duplicates, sides told apart by length, clauses that no
    row teaches, rows that are cut. Notes: near duplicates, sides that one word tells apart, words shared with probes.
    """
    place = places.place_of(target, out, runs, cache, local_files_only=local_files_only)
    prepared(target, place)
    found, pairs = lint_build(place)
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


def lint_build(place: places.Place) -> tuple[list[Finding], int]:
    """Findings of a build's rows, and how many pairs there are."""
    from backends import bases, recipes
    from backends import lint as tokens
    from backends.generate import longest_row
    from compiler.ir_file import load
    from compiler.lint import lint
    from compiler.lint.findings import ORDER, Rows
    from compiler.records.rows import PreferencePair, Probe

    def read(name: str) -> list[str]:
        return [line for line in (place.build / name).read_text(encoding="utf-8").split("\n") if line]

    pairs = [PreferencePair.model_validate_json(line) for line in read("pairs.jsonl")]
    recipe = recipes.read_recipe(place.build)
    rows = Rows(
        pairs=pairs,
        probes=[Probe.model_validate_json(line) for line in read("probes.jsonl")],
        prompt=(place.build / "prompt.md").read_text(encoding="utf-8"),
        names=[recipe.teacher] if recipe.teacher else [],
        clause_ids=[clause.id for clause in load(place.build).clauses],
    )
    base = bases.placed(place.build / "base") or recipes.find_base(
        place.build, recipe, place.root or Path(), local_files_only=place.local_files_only
    )
    found = [*lint(rows), *tokens.look(pairs, bases.load_chat(base), longest_row(place.build))]
    return sorted(found, key=lambda one: ORDER.index(one.severity)), len(pairs)


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
