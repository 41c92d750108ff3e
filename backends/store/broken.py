"""What can be the matter with a store: a broken database, a full disk, a folder that nobody may write to.

In: a path, an error. Out: the entries that can still be read; a failure that says the way out. This file must not know
how a store is used.
"""

from __future__ import annotations

import errno
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from backends.store.rows import is_whole
from compiler.failures import StoreError

DAY = 86_400
PATIENCE = 60.0
"""Seconds that a process waits for another one's writing, which takes milliseconds."""


def readable(path: Path) -> dict[str, tuple[bytes, int]]:
    """The entries of a broken database that can still be read, from its beginning and from its end: key -> rows and
    the day they were last used."""
    found: dict[str, tuple[bytes, int]] = {}
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, PATIENCE)) as connection:
            for key, used, total, body in connection.execute(
                f"SELECT key, used, sum, rows FROM entries ORDER BY id {order}"
            ):
                if is_whole(key, total, body):
                    found[key.hex()] = (body, used if isinstance(used, int) else int(time.time()) // DAY)
    return found


def is_broken(error: sqlite3.Error) -> bool:
    """Whether the database is not what was written. What Python itself cannot decode has no number."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "decode" in str(error)


def is_refused(error: Exception) -> bool:
    """Whether the folder may not be written to."""
    refused = (errno.EACCES, errno.EROFS, errno.EPERM)
    return _code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN) or (
        isinstance(error, OSError) and error.errno in refused
    )


def _code(error: Exception) -> int:
    """SQLite's own number of an error, without what it adds in its upper bits; 0 for others."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def failure(folder: Path, error: Exception) -> StoreError:
    """Say what is the matter with the store in `folder`, and the way out."""
    code, number = _code(error), error.errno if isinstance(error, OSError) else None
    elsewhere = "give --cache a folder on another disk"
    if code == sqlite3.SQLITE_FULL or number == errno.ENOSPC:
        return StoreError(
            f"no room is left for answers in {folder}",
            help=f"what was stored is kept; make room (`tenet gc` removes what nobody asks for), or {elsewhere}",
        )
    if code == sqlite3.SQLITE_BUSY:
        return StoreError(f"another process has written to {folder} for {PATIENCE:.0f} seconds", help="try again")
    if code == sqlite3.SQLITE_PROTOCOL or number == errno.ENOLCK or "write-ahead" in str(error):
        return StoreError(
            f"the file system of {folder} has no locks, and answers kept there could be torn",
            help="give --cache a folder on a disk of this machine",
        )
    if is_refused(error):
        return StoreError(f"answers cannot be kept in {folder}: it cannot be written to", help=elsewhere)
    return StoreError(f"the answers in {folder} cannot be read or written: {error}", help=elsewhere)
