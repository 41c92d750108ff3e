"""The page of `tenet lint-data`, and the list of rows that are struck out: on the command line, or on the page.

In: a build's rows and findings, and where its list of struck rows is. Out: one HTML file, or a server on this machine;
the list, with rows more or less. This file must not know what is looked for in rows.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import places
from compiler.cli.places import Place
from compiler.failures import DataError, GivenError
from compiler.files import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.lint.findings import Finding, Rows
    from compiler.rows_page.view import View

HOST, PORT = "127.0.0.1", 8485
MOST_NAMED = 3


def list_of(target: Path, place: Place) -> Path:
    """Where the struck rows of a spec, or of the spec that a build was made from, are listed.

    Raises:
        DataError: the build does not say which spec it is of, or that one is not there any more.
    """
    from compiler import struck

    if target.is_file():
        return struck.beside(target)
    spec = places.spec_of(place.build)
    if spec is None:
        raise DataError(
            f"the spec that {place.build} was made from is not there",
            help="name the spec in place of the build: its struck rows are listed beside it",
        )
    return struck.beside(spec)


def strike(path: Path, rows: Rows, strikes: Sequence[str], restores: Sequence[str], why: str) -> None:
    """Strike rows out and put rows back, by id; say what changed.

    Raises:
        GivenError: a row is not in the build, or not on the list; then nothing is changed.
    """
    from compiler import struck

    by_id = {pair.id: pair for pair in rows.pairs}
    for row_id in strikes:
        if row_id not in by_id:
            from compiler.trace import near

            raise GivenError(f"the build has no row {row_id}", help=near(row_id, by_id))
    back = struck.restore(path, restores) if restores else []
    out = struck.strike(path, [by_id[row_id] for row_id in strikes], why) if strikes else []
    for verb, changed, listed in (("struck out", out, strikes), ("put back", back, restores)):
        if listed:
            click.echo(f"{len(changed)} row{'' if len(changed) == 1 else 's'} {verb}, in {path}")


def bring_in(path: Path, rows: Rows, export: Path) -> None:
    """Strike out, and put back, what people said in another tool; say what changed.

    Raises:
        GivenError: the export cannot be read, or says nothing of these rows.
    """
    import json

    from compiler import struck
    from compiler.exports import annotation

    by_key = {struck.key_of_pair(pair): pair for pair in rows.pairs}
    try:
        records = json.loads(export.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise GivenError(f"{export} cannot be read: {error}", help="give the JSON export of the tool") from error
    found = annotation.read(records if isinstance(records, list) else [records], frozenset(by_key))
    for reason, count in found.left_out.items():
        click.echo(f"{count} record{'' if count == 1 else 's'} left out: {reason}")
    if not found.said and set(found.left_out) == {annotation.UNSAID}:
        raise GivenError(
            f"nobody has said anything of the rows in {export} yet", help="answer them there, then export them again"
        )
    if not found.said:
        raise GivenError(
            f"{export} says nothing of these rows", help="export the very rows: tenet export argilla BUILD"
        )
    if disputes := annotation.disputed(found.said):
        named = ", ".join([by_key[key].id for key in disputes[:MOST_NAMED]] + ["..."] * (len(disputes) > MOST_NAMED))
        click.echo(f"{len(disputes)} disputed: what more people say counts, and a tie keeps the row: {named}")
    strikes, keeps = annotation.decided(found.said)
    back = struck.restore(path, keeps, missing_ok=True)
    out = [row for key, one in strikes.items() for row in struck.strike(path, [by_key[key]], one.why, one.by)]
    click.echo(f"{len(out)} struck out and {len(back)} put back, in {path}")


def viewed(target: Path, place: Place, rows: Rows, found: Sequence[Finding], path: Path | None, review: bool) -> View:
    """path: of the list of struck rows, None where there can be none."""
    from compiler import struck
    from compiler.rows_page.view import view

    listed = struck.read(path) if path is not None else ()
    return view(place.build.name, str(target), rows, found, listed, review=review)


def write_page(page: Path, seen: View) -> None:
    from compiler.rows_page.page import render

    write_text(page, render(seen))
    click.echo(f"{page}: {len(seen.rows):,} of {seen.total:,} rows, and what was found")


def serve(target: Path, place: Place, rows: Rows, found: Sequence[Finding], path: Path, port: int, opens: bool) -> None:
    """Serve the page on this machine until Ctrl-C.

    Raises:
        DataError: the port is taken.
    """
    from compiler import struck
    from compiler.cli import serving
    from compiler.labels.web.server import Files, LabelServer, file
    from compiler.rows_page import page
    from compiler.rows_page.desk import ASKS, Desk

    def whole() -> bytes:
        return page.render(viewed(target, place, rows, found, path, review=True)).encode()

    files: Files = {
        "/": whole,
        "/rows.css": lambda: page.style().encode(),
        "/rows.js": lambda: page.script().encode(),
        "/icon.svg": partial(file, "icon.svg"),
    }
    server = serving.listening(
        lambda: LabelServer(Desk(rows.pairs, path), HOST, port, ASKS, files), f"{HOST}:{port}", "review"
    )
    serving.serve(
        server,
        opens,
        f"{len(rows.pairs):,} rows. Look at them, and strike them out, at\n\n  {server.url}\n",
        f"Ctrl-C ends; what you strike out is written to {path} at once.",
    )
    count = len(struck.read(path))
    click.echo(f"{count} row{'' if count == 1 else 's'} struck out; `tenet build` leaves them out")
