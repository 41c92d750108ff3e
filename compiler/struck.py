"""Rows that a person has struck out: `<spec>.struck.jsonl` beside the spec, one row a line, undone by taking it out.

In: rows, and the file. Out: keys by which a build leaves rows out, and the file with a row more or less. A key is the
content of a row (prompt, chosen, rejected) and nothing else: an edit elsewhere brings no struck row back, and an edit
that gives a clause other rows strikes none of them. The file is a list that a person can read, edit and keep under
version control; it is written whole, or not at all. This file must not know how rows are made.

>>> from compiler.records.record import Message
>>> ask, yes, no = (Message(role="user", content="Hi"),), (Message(role="assistant", content="Ahoy"),), ()
>>> key_of(ask, yes, no) == key_of(ask, yes, no), key_of(ask, yes, no) == key_of(ask, no, yes)
(True, False)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from compiler.artifact import Artifact
from compiler.digests import digest
from compiler.failures import DataError, GivenError
from compiler.files import alone, write_if_new
from compiler.records.record import Message
from compiler.records.rows import PreferencePair, StruckRow
from spec.doors import spec_name

ARTIFACT = "struck.json"
"""In a build: the keys that its rows were held against. There is none where nothing is struck."""
VERSION = 1
STRUCK = "struck out by a person"
"""The reason that generate.json counts them under."""
AGAIN = "do it again: the list holds what the other one wrote"


def key_of(prompt: Sequence[Message], chosen: Sequence[Message], rejected: Sequence[Message]) -> str:
    """Return the content of a row as 32 hex digits."""
    sides = [[(m.role, m.content) for m in side] for side in (prompt, chosen, rejected)]
    return digest(sides)[:32]


def key_of_pair(pair: PreferencePair) -> str:
    return key_of(pair.prompt, pair.chosen, pair.rejected)


def beside(spec: Path) -> Path:
    """Where the struck rows of a spec are listed."""
    return spec.with_name(f"{spec_name(spec.name)}.struck.jsonl")


def read(path: Path) -> tuple[StruckRow, ...]:
    """Return the rows of a list, in its order; none where there is no list.

    Raises:
        DataError: a line is none of a struck row.
    """
    try:
        # What JSON allows inside a text, other splitters take for the end of a line.
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}", help="mend it, or move it away") from error
    found: dict[str, StruckRow] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = StruckRow.model_validate_json(line)
        except ValidationError as error:
            wrong = error.errors()[0]
            where = ".".join(map(str, wrong["loc"]))
            raise DataError(
                f"{path}:{number}: no struck row: {f'{where}: ' if where else ''}{wrong['msg']}",
                help="take the line out: the row then comes back with the next build",
            ) from error
        found[row.key] = row
    return tuple(found.values())


def strike(path: Path, pairs: Iterable[PreferencePair], why: str = "", by: str = "") -> list[StruckRow]:
    """Add rows to a list and return those that are new to it. On the disk when this returns.

    Raises:
        GivenError: another process changes the list at this moment.
    """
    with alone(path, AGAIN):
        return _strike(path, pairs, why, by)


def _strike(path: Path, pairs: Iterable[PreferencePair], why: str, by: str) -> list[StruckRow]:
    listed = {row.key: row for row in read(path)}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    added = []
    for pair in pairs:
        key = key_of_pair(pair)
        if key not in listed:
            listed[key] = StruckRow(
                key=key,
                row=pair.id,
                clause_id=pair.clause_ids[0] if pair.clause_ids else "",
                asked=next((m.content for m in reversed(pair.prompt) if m.role == "user"), ""),
                chosen=pair.chosen[-1].content,
                rejected=pair.rejected[-1].content,
                why=why,
                by=by,
                at=now,
            )
            added.append(listed[key])
    _write(path, listed.values())
    return added


def restore(path: Path, keys: Iterable[str], *, missing_ok: bool = False) -> list[StruckRow]:
    """Take rows off a list, by key or by the id they had, and return them.

    Raises:
        GivenError: a key is not on the list, and not `missing_ok`, or another process changes it at this moment; then
            nothing is taken off.
    """
    with alone(path, AGAIN):
        return _restore(path, list(keys), missing_ok)


def _restore(path: Path, wanted: list[str], missing_ok: bool) -> list[StruckRow]:
    listed = read(path)
    unknown = [key for key in wanted if not any(key in (row.key, row.row) for row in listed)]
    if unknown and not missing_ok:
        raise GivenError(f"{unknown[0]} is not among the {len(listed)} rows of {path}", help="give a row's id or key")
    off = [row for row in listed if row.key in wanted or row.row in wanted]
    _write(path, [row for row in listed if row not in off])
    return off


def _write(path: Path, rows: Iterable[StruckRow]) -> None:
    text = "".join(row.model_dump_json() + "\n" for row in rows)
    if text or path.exists():
        write_if_new(path, text)


def artifacts(keys: Sequence[str]) -> tuple[Artifact, ...]:
    """Return the file of a build that names what its rows may not be."""
    if not keys:
        return ()
    return (Artifact(ARTIFACT, json.dumps({"version": VERSION, "keys": sorted(keys)}, indent=1) + "\n"),)


def keys_of_build(build: Path) -> frozenset[str]:
    """Return the keys that a build's rows are held against.

    Raises:
        DataError: the file is damaged.
    """
    path = build / ARTIFACT
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(str(key) for key in found["keys"])
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read: {error}", help="build the spec again: tenet build SPEC") from error
