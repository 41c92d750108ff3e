"""The options of `tenet measure` that ask for more than the spec's own probes, and what they name, read.

In: files and words about their columns. Out: probe sets, read before any model is loaded; or every row that cannot be
asked, printed with its place and the way out, and exit code 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from compiler.cli import USAGE

if TYPE_CHECKING:
    from backends.measure.besides import Besides
    from compiler.ir import Program
    from compiler.probe_sets.records import BadRow, Expects, Options

SHOWN = 20
"""Rows that are shown of those that cannot be asked."""
ROLES = ("prompt", "messages", "label", "id", "context", "clause", "checks", "cluster", "group")
MEANINGS = ("answered", "refused")


def probes_options(function: click.decorators.FC) -> click.decorators.FC:
    for option in reversed(
        (
            click.option(
                "--probes",
                "probes",
                multiple=True,
                type=click.Path(path_type=Path, exists=True),
                metavar="FILE",
                help="Ask these, too: CSV, JSON lines, a spec with probes, a Model Spec's folder.",
            ),
            click.option(
                "--column",
                "columns",
                multiple=True,
                metavar="ROLE=NAME",
                help=f"What a column of --probes is: {', '.join(ROLES)}.",
            ),
            click.option(
                "--label",
                "labels",
                multiple=True,
                metavar="WORD=MEANING",
                help="What a label of --probes means: answered or refused.",
            ),
            click.option(
                "--expect", type=click.Choice(MEANINGS), help="What a good answer to a row without label does."
            ),
            click.option(
                "--inventory",
                "inventories",
                multiple=True,
                metavar="FILE|short",
                help="Ask a questionnaire, such as the Big Five: a CSV file, or the short one that ships.",
            ),
            click.option("--skip-bad-rows", is_flag=True, help="Leave out rows that cannot be read, and count them."),
        )
    ):
        function = option(function)
    return function


def refuse_idle(
    probes: tuple[Path, ...],
    inventories: tuple[str, ...],
    columns: tuple[str, ...],
    labels: tuple[str, ...],
    expect: str | None,
    skip_bad_rows: bool,
) -> None:
    """Refuse options that say how to read a file where there is none to read.

    Raises:
        UsageError: there is such an option.
    """
    given = {"--column": columns, "--label": labels, "--expect": expect}
    idle = next((option for option, value in given.items() if value), None)
    if idle and not probes:
        raise click.UsageError(f"{idle} says how to read the file of --probes, and there is none")
    if skip_bad_rows and not (probes or inventories):
        raise click.UsageError("--skip-bad-rows is of the files of --probes and --inventory, and there is none")


def options_of(columns: tuple[str, ...], labels: tuple[str, ...], expect: str | None) -> Options:
    """Read what the user says about columns and labels.

    Raises:
        UsageError: something is no ROLE=NAME, or names no role or meaning.
    """
    from compiler.probe_sets.records import Options

    roles = [_pair(text, "--column", ROLES, left=True) for text in columns]
    meanings = [_pair(text, "--label", MEANINGS, left=False) for text in labels]
    known = tuple((word, cast("Expects", meaning)) for word, meaning in meanings)
    return Options(tuple(roles), known, cast("Expects | None", expect))


def _pair(text: str, option: str, words: tuple[str, ...], *, left: bool) -> tuple[str, str]:
    first, sign, second = text.partition("=") if left else text.rpartition("=")
    if not sign or (first if left else second) not in words:
        form = f"{'ROLE=NAME' if left else 'WORD=MEANING'}, where {'ROLE' if left else 'MEANING'} is {', '.join(words)}"
        raise click.UsageError(f"{option} {text}: write {form}")
    return first, second


def read_besides(
    probes: tuple[Path, ...], inventories: tuple[str, ...], options: Options, program: Program, skip_bad_rows: bool
) -> Besides:
    """Read all files; where a row cannot be asked, show every such row and leave."""
    from backends.measure.besides import Besides
    from compiler import inventories as questionnaires
    from compiler import probe_sets

    sets = [probe_sets.read(path, program, options) for path in probes]
    asked = [questionnaires.read(named) for named in inventories]
    read_files = [(str(path), found.bad, len(found.probes)) for path, found in zip(probes, sets, strict=True)]
    read_files += [(named, found.bad, len(found.items)) for named, found in zip(inventories, asked, strict=True)]
    for named, bad, good in read_files:
        if bad and not (skip_bad_rows and good):
            _show_bad(named, bad, good)
            raise click.exceptions.Exit(USAGE)
    for option, names in (("--probes", [f.name for f in sets]), ("--inventory", [f.name for f in asked])):
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise click.UsageError(f"two files of {option} are called {twice}; rename one: results go by that name")
    return Besides(tuple(sets), tuple(asked))


def _show_bad(named: str, bad: Sequence[BadRow], good: int) -> None:
    for row in bad[:SHOWN]:
        click.echo(f"error: {row}\n  help: {row.help}" if row.help else f"error: {row}", err=True)
    if len(bad) > SHOWN:
        click.echo(f"and {len(bad) - SHOWN} more", err=True)
    if good:
        rows = f"{len(bad)} row{'' if len(bad) == 1 else 's'}"
        click.echo(f"{named}: {rows} cannot be asked, {good} can; --skip-bad-rows leaves them out", err=True)
