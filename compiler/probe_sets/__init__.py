"""Probe sets from files: questions of somebody else's, put to every arm without a line of code.

In: a file, what the user says about its columns, and the program that is measured. Out: a `ProbeSetFile`: rows with
what a good answer does, and every row that cannot be read, with its place and the way out.

    tables.py    CSV, TSV, JSON lines -> rows
    columns.py   which column is what
    rows.py      one row -> a probe, or why not
    specs.py     the probes of a spec; the Model Spec's evaluation prompts
    figures.py   answers -> rates for diff.json

This folder must not know models.
"""

from __future__ import annotations

import hashlib
import re
from difflib import get_close_matches
from pathlib import Path

from compiler.failures import GivenError
from compiler.ir import Program
from compiler.probe_sets import columns, specs, tables
from compiler.probe_sets.records import BadRow, Options, ProbeSetFile, SetProbe
from compiler.probe_sets.rows import RowReader
from spec.doors import NOTATIONS, spec_name
from spec.limits import LARGEST_SPEC

TABLES = {
    ".csv": tables.read_csv,
    ".tsv": tables.read_csv,
    ".jsonl": tables.read_json_lines,
    ".ndjson": tables.read_json_lines,
}


def read(path: Path, program: Program, options: Options) -> ProbeSetFile:
    """Return the probes of `path`: a table, a spec, or a Model Spec's folder.

    Raises:
        GivenError: the file is not there, is none of these, or is no UTF-8 text.
    """
    name = re.sub(r"[^\w-]+", "_", spec_name(path.name) if path.is_file() else path.name)
    if path.is_dir():
        if not (path / specs.MODEL_SPEC).is_file():
            raise GivenError(f"{path} is a folder without {specs.MODEL_SPEC}", help=_kinds())
        probes, bad = specs.of_model_spec(path)
        return ProbeSetFile(name, path.name, specs.folder_digest(path), probes, bad)
    if path.name.endswith(tuple(NOTATIONS)):
        probes, bad = specs.of_spec(path)
        return ProbeSetFile(name, path.name, hashlib.sha256(path.read_bytes()).hexdigest(), probes, bad)
    layout = TABLES.get(path.suffix.lower())
    if layout is None:
        raise GivenError(f"{path} is no file of probes by its name", help=_kinds())
    text, digest = _text(path)
    table = layout(text, str(path))
    found = columns.roles(table.names, options)
    if amiss := _amiss(path, table, found, options):
        return ProbeSetFile(name, path.name, digest, (), (*table.bad, amiss))
    groups = columns.groups(table.names, [row for _, row in table.rows], found, options)
    reader = RowReader(str(path), program, found, groups, options)
    read_rows = [reader.read(line, row) for line, row in table.rows]
    good, twice = _different([row for row in read_rows if isinstance(row, SetProbe)], str(path))
    bad_rows = sorted(
        [*table.bad, *(row for row in read_rows if isinstance(row, BadRow)), *twice], key=lambda b: b.line
    )
    used = {**found, **({"group": ", ".join(groups)} if groups else {})}
    return ProbeSetFile(name, path.name, digest, tuple(good), tuple(bad_rows), used)


def _kinds() -> str:
    return f"give {', '.join(TABLES)}, a spec with probes, or the folder that holds {specs.MODEL_SPEC}"


def _text(path: Path) -> tuple[str, str]:
    """Return a file's text and the hash of its bytes."""
    try:
        if path.stat().st_size > LARGEST_SPEC:
            raise GivenError(f"{path} is larger than {LARGEST_SPEC >> 20} MiB", help="give a part of it")
        data = path.read_bytes()
        return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()
    except UnicodeDecodeError as error:
        raise GivenError(f"{path} is not UTF-8 text: byte {error.start + 1}", help="save it as UTF-8") from None
    except OSError as error:
        raise GivenError(f"{path} cannot be read: {error.strerror}") from None


def _amiss(path: Path, table: tables.Table, found: dict[str, str], options: Options) -> BadRow | None:
    """What is wrong with the file as a whole: no row, a column that is not there, no column with prompts."""
    file, there = str(path), ", ".join(table.names)
    if not table.rows:
        return None if table.bad else BadRow(file, 0, "this file holds no row", "give at least one prompt")
    if twice := next((name for name in table.names if name and table.names.count(name) > 1), None):
        return BadRow(file, 1, f"two columns are called {twice}", "give each a name of its own")
    for role, column in columns.unknown(table.names, options):
        near = get_close_matches(column, table.names, n=1)
        hint = f"did you mean `--column {role}={near[0]}`?" if near else f"its columns: {there}"
        return BadRow(file, 1, f"there is no column {column}", hint)
    if "prompt" not in found and "messages" not in found:
        return BadRow(
            file, 1, f"no column holds prompts, by name; its columns: {there}", "say which: `--column prompt=NAME`"
        )
    if options.expects is None and not {"label", "clause", "checks"} & set(found):
        help = "say which column does: `--column label=NAME`; or for all rows `--expect answered` or `--expect refused`"
        return BadRow(file, 1, f"no column says what a good answer does; its columns: {there}", help)
    return None


def _different(rows: list[SetProbe], file: str) -> tuple[list[SetProbe], list[BadRow]]:
    """Rows with ids of their own; one whose id stood before is bad."""
    seen: dict[str, int] = {}
    good: list[SetProbe] = []
    bad: list[BadRow] = []
    for row in rows:
        first = seen.setdefault(row.id, row.line)
        if first != row.line:
            bad.append(
                BadRow(file, row.line, f"its id {row.id!r} stands on line {first} already", "give it another one")
            )
        else:
            good.append(row)
    return good, bad


__all__ = ["BadRow", "Options", "ProbeSetFile", "SetProbe", "read"]
