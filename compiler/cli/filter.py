"""`tenet filter`: corpora against the rules of a spec."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import places
from compiler.cli.specs import folded, program_or_exit
from compiler.cli.targets import TargetPath

if TYPE_CHECKING:
    from compiler.corpus.report import FilterReport
    from compiler.records.filters import Filters

SMALL = 64 << 20
"""Bytes of input below which further processes cost more than they save."""


@click.command("filter")
@click.argument("target", metavar="SPEC|BUILD", type=TargetPath())
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="A file; for several inputs a folder."
)
@click.option("--processes", type=click.IntRange(1), help="[default: one a core]")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def command(target: Path, inputs: tuple[Path, ...], out: Path, processes: int | None, as_json: bool) -> None:
    """Keep the rows of a corpus that break no rule of a spec, as they stand and in their order.

    INPUT is JSON Lines (.jsonl, also .gz and .zst), Parquet, Arrow, or a folder that `datasets` saved; a row is a chat
    (`messages`), `prompt` and `completion`, or a preference, of which the chosen side is held to the rules; of a row
    with several of these, or with a `text` beside, all are. Rows that are no chat go to OUT.quarantine. The same
    command goes on where an earlier one was stopped.
    """
    from compiler.cli.screen import shown_progress, when_interrupted
    from compiler.corpus.running import filter_file, pool

    pairs = _outputs(inputs, out)
    filters = _rules(target)
    if not filters.rules:
        click.echo(
            f"note: no clause of {target} gives a rule for training rows; all rows that are chats are kept", err=True
        )
    enough = sum(source.stat().st_size for source, _ in pairs) >= SMALL
    processes = processes or (len(os.sched_getaffinity(0)) if enough else 1)
    when_interrupted(f"What is filtered already is kept beside {out}.")
    with shown_progress() as progress, pool(filters, processes) as deciders:
        reports = [filter_file(source, to, filters, deciders, progress) for source, to in pairs]
    if as_json:
        click.echo("[" + ",\n".join(report.model_dump_json(indent=1) for report in reports) + "]")
        return
    for (_, to), report in zip(pairs, reports, strict=True):
        _show(to, report)


def _rules(target: Path) -> Filters:
    from compiler.lowering.filters import make
    from compiler.records.filters import Filters

    if places.is_build(target):
        return Filters.model_validate_json((target / "filters.json").read_text(encoding="utf-8"))
    program, _ = program_or_exit(target)
    return make(program)


def _outputs(inputs: tuple[Path, ...], out: Path) -> list[tuple[Path, Path]]:
    from compiler.corpus.reading import files_of, is_table

    files = [file for path in inputs for file in files_of(path)]
    if len(files) == 1 and not out.is_dir():
        pairs = [(files[0], out)]
    else:
        names = [_name(file) for file in files]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise click.UsageError(f"two inputs would both become {out / twice}; filter them into two folders")
        pairs = [(file, out / name) for file, name in zip(files, names, strict=True)]
    for source, to in pairs:
        if source.resolve() == to.resolve():
            raise click.UsageError(f"{to} is the input itself; give another -o")
        if is_table(source) != (to.suffix == ".parquet"):
            ending = ".parquet" if is_table(source) else ".jsonl, .jsonl.gz or .jsonl.zst"
            raise click.UsageError(f"{source.name} goes into a file that ends in {ending}, not into {to.name}")
    return pairs


def _name(file: Path) -> str:
    return file.with_suffix(".parquet").name if file.suffix == ".arrow" else file.name


def _show(out: Path, report: FilterReport) -> None:
    rows = max(report.rows, 1)
    click.echo(f"{out}: {report.kept:,} of {report.rows:,} rows kept ({report.kept / rows:.1%})")
    for rule in report.rules:
        if not rule.dropped:
            continue
        click.echo(f"  {rule.dropped:>9,} {rule.reason}" + (f"  ({rule.spans[0]})" if rule.spans else ""))
        example = rule.examples[0]
        words = " ".join(example.answer.split())
        for line in folded(f"line {example.line}: {words[:160]}", "            ", "            "):
            click.echo(line)
    for reason, count in sorted(report.set_aside.items(), key=lambda item: -item[1]):
        # The report names the first faults, whatever their reasons are.
        first = next((f"  (first in line {fault.line})" for fault in report.faults if fault.reason == reason), "")
        click.echo(f"  {count:>9,} set aside: the row {reason}{first}")
