"""`tenet adapters`: what lies in a folder of runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli.sizes import size_told

if TYPE_CHECKING:
    from compiler.catalogue import Adapter

MARKS = {"met": "✓", "missed": "✗", "unclear": "?"}


@click.command("adapters")
@click.argument("runs", metavar="[RUNS]", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"))
@click.option("--json", "as_json", is_flag=True, help="The list as JSON, with the clauses of each verdict.")
def command(runs: Path, as_json: bool) -> None:
    """List every adapter that was trained or composed: its spec, base, method and date, the clauses that it meets,
    misses or leaves unclear, its size, and whether `tenet verify` has passed on these bytes."""
    from backends.train.adapters import adapter_digest
    from compiler.catalogue import adapters

    if not runs.is_dir():
        raise click.UsageError(f"{runs} is no folder; `tenet train SPEC` makes runs/")
    found = list(adapters(runs, adapter_digest))
    if as_json:
        click.echo(json.dumps([adapter.model_dump(mode="json") for adapter in found], ensure_ascii=False, indent=1))
        return
    if not found:
        click.echo(f"no adapter is in {runs}; `tenet train SPEC` makes one")
    for line in table(found):
        click.echo(line)


def table(found: Sequence[Adapter]) -> Iterator[str]:
    """One line an adapter, its columns as wide as what stands in them; what it was composed of, and what is the matter
    with it, below."""
    cells = [_cells(adapter) for adapter in found]
    widths = [max((len(row[n]) for row in cells), default=0) for n in range(6)]
    for adapter, row in zip(found, cells, strict=True):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if adapter.parts:
            yield "  of " + " + ".join(f"{weight:g} {name}" for name, weight in adapter.parts.items())
        if adapter.trouble:
            yield f"  trouble: {adapter.trouble}"


def _cells(adapter: Adapter) -> tuple[str, ...]:
    clauses = "not measured"
    if adapter.clauses is not None:
        clauses = " ".join(f"{MARKS[verdict]}{len(ids)}" for verdict, ids in adapter.clauses.items() if ids)
    verified = {True: "verified", False: "not as trained", None: "not verified"}[adapter.verified]
    whole = not adapter.trouble or adapter.bytes
    rest = (adapter.method, adapter.base, adapter.made[:10], clauses, f"{size_told(adapter.bytes)}, {verified}")
    return (Path(adapter.run).name, *(rest if whole else [""] * 5))
