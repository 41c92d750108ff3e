"""The user's own files of rows: read row by row, and counted.

In: JSON Lines, plain or packed (`.gz`, `.zst`), or Parquet. Out: rows with their number; what is no JSON is a fault in
a row's place. A row that is no chat at all stops a build (`count_chats`), since its file is torn, or another kind of
file. This file must not know rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from compiler.chat_rows import RowFault, Unreadable, chat_of, preference_of
from compiler.failures import DataError

# Unreadable rows that a message names.
MOST_NAMED = 5
PACKED = {".gz": "gzip", ".zst": "zstd"}
"""Endings of packed files, and arrow's name for how they are packed."""


class Counts(NamedTuple):
    """chats: of a file, preferences among them."""

    chats: int
    preferences: int


def count_chats(path: Path, name: str) -> Counts:
    """Read the whole file and count its rows that are chats; what a rule says of them is not asked here.

    Args:
        name: the file as the user named it, for messages.

    Raises:
        DataError: the file is empty, or a row is unreadable; the message names the lines.
    """
    chats = preferences = rows = 0
    torn: list[tuple[int, str]] = []
    for line, row in read_rows(path, name):
        rows += 1
        try:
            chat_of(row)
            chats += 1
            preferences += preference_of(row) is not None
        except Unreadable as fault:
            torn.append((line, str(fault)))
        except RowFault:
            continue
    if torn:
        raise DataError(_torn(torn, name), help=_way_out(torn, rows))
    if not rows:
        raise DataError(f"{name} is empty", help=f"put chats into it, one JSON object a line: {SHAPE}")
    return Counts(chats, preferences)


SHAPE = '{"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}'


def _torn(torn: list[tuple[int, str]], name: str) -> str:
    named = [f"{name}:{line} {reason}" for line, reason in torn[:MOST_NAMED]]
    more = len(torn) - len(named)
    return "; ".join([*named, *([f"and {more} more lines like these"] if more else [])])


def _way_out(torn: list[tuple[int, str]], rows: int) -> str:
    reasons = {reason for _, reason in torn}
    if reasons == {"is not UTF-8"}:
        return "save the file as UTF-8 (iconv -f latin1 -t utf-8 OLD > NEW), or remove these lines"
    if reasons == {"is not an object"} and len(torn) == rows == 1:
        return "a JSON array is one line here; write one object a line: jq -c '.[]' OLD > NEW"
    other = "or has `prompt` and `completion`, or `chosen` and `rejected`"
    return f"mend these lines, or set them aside (tenet filter SPEC OLD -o NEW); a line is {SHAPE}, {other}"


def read_rows(path: Path, name: str | None = None) -> Iterator[tuple[int, Any]]:
    """Yield line numbers and rows; a line that is no JSON is yielded as a `RowFault`.

    Raises:
        DataError: the file cannot be opened, or is no Parquet file though it is called so.
    """
    name = name or str(path)
    try:
        yield from _parquet(path, name) if path.suffix == ".parquet" else _json_lines(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{name} cannot be read: {reason}", help="check `train { data: ... }`") from error


def _json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    with unpacked(path) if path.suffix in PACKED else path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            if raw.strip():
                yield number, parsed(raw, first=number == 1)


def unpacked(path: Path) -> BufferedReader:
    """What is in a packed file.

    Raises:
        OSError: it cannot be opened; reading raises it where the file is torn, or another kind of file.
    """
    import pyarrow

    return BufferedReader(cast(Any, pyarrow.input_stream(str(path), compression=PACKED[path.suffix])))


def _parquet(path: Path, name: str) -> Iterator[tuple[int, Any]]:
    """Rows with their number from 1, read group by group, so that a large file fits."""
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except pyarrow.ArrowException as error:
        raise DataError(f"{name} is no Parquet file that can be read: {error}", help="write the file anew") from error


def parsed(raw: bytes, first: bool = False) -> Any:
    """Return what a line says; where it says nothing, an `Unreadable` in its place. first: it may hold a byte order
    mark."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # `json` takes more: numbers without a value, halves of a pair of code units
    try:
        return json.loads(raw.decode("utf-8-sig" if first else "utf-8"))
    except UnicodeDecodeError:
        return Unreadable("is not UTF-8")
    except (ValueError, RecursionError):
        return Unreadable("is not JSON")
