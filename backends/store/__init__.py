"""The store of answers: what was computed once, by the digest of everything that went into it.

In: keys and rows. Out: `<folder>/answers.sqlite`, an SQLite database in write-ahead mode that several processes read
and write at once. Every entry has a checksum over its key and rows, a size, and the day it was last used; beside it
stands which build or run has asked for it, so that `tenet gc` knows what nobody asks for. A kill at any moment loses
nothing that `put` has returned from. An entry that is not what was written counts as not there; a database that cannot
be read any more is set aside, and what can still be read of it is kept. Deleting the folder loses time and nothing
else. This file must not know engines, recipes or what a key is made of.

An entry may be made of others, which are needed as long as it is.

    answers.sqlite  entries(key, used, size, sum, rows)  parts(whole, part)
                    users(name, folder, state)  uses(user, entry)
"""

from __future__ import annotations

import atexit
import errno
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from backends.store.broken import DAY, PATIENCE, failure, is_broken, is_refused, readable
from backends.store.rows import checksum, is_key, is_whole, older_rows, parsed, written_out
from compiler.digests import digest, file_digest
from compiler.failures import GivenError, StoreError
from compiler.files import Hold, held, locked

T = TypeVar("T")

NAME = "answers.sqlite"
USES_AT_ONCE = 500
"""Entries read for a user before that is written down."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries(
    id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, used INTEGER NOT NULL, size INTEGER NOT NULL,
    sum BLOB NOT NULL, rows BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS users(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, folder TEXT NOT NULL, state TEXT NOT NULL, UNIQUE(name, folder));
CREATE TABLE IF NOT EXISTS uses(user INTEGER NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY(user, entry)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uses_of ON uses(entry);
CREATE TABLE IF NOT EXISTS parts(whole INTEGER NOT NULL, part INTEGER NOT NULL, PRIMARY KEY(whole, part)) WITHOUT ROWID;
"""
VERSION = 2
"""Of the tables; those of an earlier version are made complete when it is opened."""

IMPORTED = "imported"
"""The user of entries that come from an earlier version, which did not say who asked for them."""

_open: dict[tuple[int, Path], Store] = {}


def opened(folder: Path) -> Store:
    """The store in `folder`, opened once a process; a folder that was deleted since is begun anew.

    Raises:
        StoreError: as `Store`.
    """
    name = (os.getpid(), folder.absolute())
    there = _open.get(name)
    if there is not None and not there.is_there():
        there.close()
        there = None
    if there is None:
        there = _open[name] = Store(folder)
    return there


@atexit.register
def _close_all() -> None:
    for store in [store for (process, _), store in _open.items() if process == os.getpid()]:
        store.close()


def written(folder: Path) -> int:
    """How many entries were ever written to the store in `folder`; 0 where there is none. Nothing is made there."""
    if (folder / NAME).is_file():
        return opened(folder).written()
    return sum(1 for _ in folder.glob("*.jsonl"))


class Store:
    """The store in `folder`, made where there is none. Threads may share it; a forked process opens its own.

    Raises:
        StoreError: the folder cannot be written to and holds no store, or its file system has no locks.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME
        self.read_only = False
        self.set_aside: Path | None = None
        """Where a database went that could not be read."""
        self._thread = threading.RLock()
        self._user: int | None = None
        self._used: set[int] = set()
        self._flushed: set[int] = set()
        self._noted: list[set[int]] = []
        self._hold: Hold | None = None
        self._identity: tuple[int, int] | None = None
        self._connection = self._connect()
        self._identity = self._stat()
        self._import()

    def get(self, key: str) -> list[Any] | None:
        """The rows of `key`; None where there are none, or where they are not what was written.

        Raises:
            StoreError: the disk cannot be read.
        """

        def read() -> list[Any] | None:
            found = self._one("SELECT id, used, sum, rows FROM entries WHERE key = ?", (bytes.fromhex(key),))
            if found is None:
                return self._older(key) if self.read_only else None
            number, used, total, rows = found
            if not is_whole(bytes.fromhex(key), total, rows):
                return None
            self._note(number, used)
            return parsed(rows)

        return self._mended(read)

    def put(self, key: str, rows: Sequence[Any]) -> None:
        """Store `rows`, whole or not at all; on the disk when this returns.

        Raises:
            StoreError: the disk is full, or cannot be written to.
        """
        body = written_out(rows)

        def write() -> None:
            with self._writing():
                number = self._put(key, body, today())
                for noted in self._noted:
                    noted.add(number)
                if self._user is not None:
                    self._used.add(number)
                self._write_uses()

        self._mended(write)

    def put_all(self, entries: Iterable[tuple[str, Sequence[Any], Iterable[int]]]) -> None:
        """Store entries, all or none: keys, rows, and the numbers of the entries that each is made of.

        Raises:
            StoreError: the disk is full, or cannot be written to.
        """
        bodies = [(key, written_out(rows), tuple(parts)) for key, rows, parts in entries]

        def write() -> None:
            with self._writing():
                for key, body, parts in bodies:
                    number = self._put(key, body, today())
                    self._many("INSERT OR IGNORE INTO parts VALUES(?, ?)", [(number, part) for part in parts])
                    if self._user is not None:
                        self._used.add(number)
                self._write_uses()

        self._mended(write)

    @contextmanager
    def noting(self, numbers: set[int]) -> Iterator[None]:
        """Note in `numbers` which entries are read or written."""
        self._noted.append(numbers)
        try:
            yield
        finally:
            self._noted.pop()

    def check_writable(self) -> None:
        """Refuse before anything is computed that could not be kept.

        Raises:
            StoreError: the store can only be read.
        """
        if self.read_only:
            raise failure(self.folder, PermissionError(errno.EROFS, "read only"))

    def begin(self, name: str, folder: Path) -> None:
        """From here on, what is asked for is asked for by user `name`, whose files lie in `folder`."""
        place = os.path.relpath(folder.absolute(), self.folder.absolute())

        def write() -> None:
            self._flush()
            self._user, self._used, self._flushed = None, set(), set()
            with self._writing():
                self._run("INSERT INTO users(name, folder, state) VALUES(?, ?, 'begun') ON CONFLICT DO NOTHING",
                          (name, place))  # fmt: skip
                found = self._one("SELECT id FROM users WHERE name = ? AND folder = ?", (name, place))
            assert found is not None
            self._user = int(found[0])

        if not self.read_only:
            self._mended(write)

    def finish(self, *, whole: bool = True) -> None:
        """The user that was begun asks for no more. whole: it needs what it has asked for since and nothing else, and
        what its folder held before is gone; else what it asked for earlier is kept beside it."""

        def write() -> None:
            self._flush()
            user, self._user = self._user, None
            if user is None or not whole:
                return
            with self._writing():
                self._run("CREATE TEMP TABLE IF NOT EXISTS kept(entry INTEGER PRIMARY KEY)")
                self._run("DELETE FROM kept")
                self._many("INSERT INTO kept VALUES(?)", [(n,) for n in self._flushed])
                self._run("DELETE FROM uses WHERE user = ? AND entry NOT IN (SELECT entry FROM kept)", (user,))
                self._run("UPDATE users SET state = 'past' WHERE id != ? AND folder = "
                          "(SELECT folder FROM users WHERE id = ?)", (user, user))  # fmt: skip
                self._run("UPDATE users SET state = 'whole' WHERE id = ?", (user,))

        if not self.read_only:
            self._mended(write)

    def flush(self) -> None:
        """Write down what was used."""
        if not self.read_only:
            self._mended(self._flush)

    def _flush(self) -> None:
        if self._used:
            with self._writing():
                self._write_uses()

    def written(self) -> int:
        """How many entries were ever written, those that are gone too: it grows with whatever is computed."""
        with self._thread, self._said():
            found = self._one("SELECT seq FROM sqlite_sequence WHERE name = 'entries'")
            return int(found[0]) if found else 0

    def select(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What the database says: for `tenet gc` and tests."""
        with self._thread, self._said():
            return self._connection.execute(sql, values).fetchall()

    def rows(self) -> Iterator[tuple[int, int, bytes, bytes, bytes]]:
        """Every entry, one after the other: number, size, key, checksum, rows."""
        with self._thread, self._said():
            yield from self._connection.execute("SELECT id, size, key, sum, rows FROM entries ORDER BY id")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the store against every process that computes, and write in one transaction.

        Raises:
            GivenError: a build or a measuring is using the store now.
        """
        if self._hold is None:
            raise failure(self.folder, OSError(errno.ENOLCK, "no locks"))
        if not self._hold.take_alone():
            raise GivenError(
                f"{self.folder} is in use by another process",
                help="wait for the build or the measuring that runs, or look without removing: --dry-run",
            )
        try:
            with self._thread, self._said(), self._writing():
                yield
        finally:
            self._hold.share()

    def remove(self, entries: Iterable[int], users: Iterable[int]) -> None:
        """Remove entries and users by number, inside `alone`."""
        self._many("DELETE FROM entries WHERE id = ?", [(n,) for n in entries])
        for user in users:
            self._run("DELETE FROM uses WHERE user = ?", (user,))
            self._run("DELETE FROM users WHERE id = ?", (user,))
        self._run("DELETE FROM uses WHERE entry NOT IN (SELECT id FROM entries)")
        self._run("DELETE FROM parts WHERE whole NOT IN (SELECT id FROM entries)")

    def shrink(self) -> None:
        """Give the room of what was removed back to the file system."""
        with self._thread, self._said():
            self._connection.execute("PRAGMA incremental_vacuum").fetchall()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def is_there(self) -> bool:
        """Whether the file that was opened still has its name."""
        return self._stat() == self._identity

    def close(self) -> None:
        with self._thread:
            if not self.read_only and self.is_there():
                with suppress(StoreError):
                    self.flush()
            self._connection.close()
            if self._hold is not None:
                self._hold.release()
            _open.pop((os.getpid(), self.folder.absolute()), None)

    # Opening

    def _connect(self) -> sqlite3.Connection:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._hold = held(self.folder / "in-use.lock")
            self._identity = self._stat()
            try:
                return self._made()
            except sqlite3.DatabaseError as error:
                if not is_broken(error):
                    raise
                return self._rescued()
        except (OSError, sqlite3.Error) as error:
            return self._only_read(error)

    def _made(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            # Pages that become free can be given back without writing the whole file anew.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if mode != "wal":
                raise sqlite3.OperationalError(f"no write-ahead mode here, but {mode}")
            connection.execute("PRAGMA synchronous = FULL")
            if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
                connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
            connection.execute("SELECT count(*) FROM users").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _only_read(self, error: Exception) -> sqlite3.Connection:
        """Read what is there, where nothing can be written."""
        if not is_refused(error) or not (self.path.is_file() or any(self.folder.glob("*.jsonl"))):
            raise failure(self.folder, error) from error
        self.read_only = True
        where = f"{self.path.absolute().as_uri()}?immutable=1" if self.path.is_file() else ":memory:"
        connection = sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False)
        try:
            if self.path.is_file():
                # A store of an earlier version, of which nothing can be made complete.
                if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'parts'").fetchone():
                    connection.execute("CREATE TEMP TABLE parts(whole INTEGER, part INTEGER)")
                connection.execute("PRAGMA query_only = 1")
            else:
                connection.executescript(SCHEMA)
            connection.execute("SELECT count(*) FROM users").fetchone()
        except sqlite3.Error as again:
            raise failure(self.folder, again) from error
        return connection

    def _stat(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    # Reading and writing

    def _one(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        return found

    def _run(self, sql: str, values: Sequence[Any] = ()) -> None:
        self._connection.execute(sql, values)

    def _many(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(sql, values)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, which waits for those of other processes; inside another one, a part of it."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Turn what the database says into a failure that a person understands."""
        try:
            yield
        except sqlite3.Error as error:
            raise failure(self.folder, error) from error

    def _put(self, key: str, body: bytes, day: int, *, over: bool = True) -> int:
        clash = "DO UPDATE SET used = excluded.used, size = excluded.size, sum = excluded.sum, rows = excluded.rows"
        self._run(
            "INSERT INTO entries(key, used, size, sum, rows) VALUES(?, ?, ?, ?, ?) ON CONFLICT(key) "
            + (clash if over else "DO NOTHING"),
            (bytes.fromhex(key), day, len(body), checksum(bytes.fromhex(key), body), body),
        )
        found = self._one("SELECT id FROM entries WHERE key = ?", (bytes.fromhex(key),))
        assert found is not None
        return int(found[0])

    def _note(self, number: int, used: int) -> None:
        for noted in self._noted:
            noted.add(number)
        if self.read_only or (self._user is None and used == today()) or number in self._flushed:
            return
        self._used.add(number)
        if len(self._used) >= USES_AT_ONCE:
            self._flush()

    def _write_uses(self) -> None:
        day = today()
        self._many("UPDATE entries SET used = ? WHERE id = ? AND used != ?", [(day, n, day) for n in self._used])
        if self._user is not None:
            self._many("INSERT OR IGNORE INTO uses VALUES(?, ?)", [(self._user, n) for n in self._used])
        self._flushed |= self._used
        self._used = set()

    # What earlier versions have left: a file for each key

    def _import(self) -> None:
        """Take in the files of an earlier version, once."""
        if self.read_only:
            return
        files = [file for file in self.folder.glob("*.jsonl") if is_key(file.stem)]
        if not files:
            return
        with self._said(), self._writing():
            for file in files:
                body = older_rows(file)
                if body is not None:
                    self._put(file.stem, body, int(file.stat().st_mtime) // DAY, over=False)
                    self._import_use(file.stem)
        for file in files:
            file.unlink(missing_ok=True)

    def _import_use(self, key: str) -> None:
        self._run("INSERT INTO users(name, folder, state) VALUES(?, '.', 'whole') ON CONFLICT DO NOTHING", (IMPORTED,))
        self._run(
            "INSERT OR IGNORE INTO uses SELECT users.id, entries.id FROM users, entries WHERE name = ? AND key = ?",
            (IMPORTED, bytes.fromhex(key)),
        )

    def _older(self, key: str) -> list[Any] | None:
        body = older_rows(self.folder / f"{key}.jsonl")
        return None if body is None else parsed(body)

    # What is broken

    def _mended(self, work: Callable[[], T]) -> T:
        """What `work` returns; once more on a new database where the one that is there cannot be read any more."""
        with self._thread, self._said():
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if self.read_only or not is_broken(error):
                    raise
                self._connection.close()
                self._connection = self._rescued()
                self._identity = self._stat()
                return work()

    def _rescued(self) -> sqlite3.Connection:
        """Set a database aside that cannot be read, and keep what can still be read of it; one process at a time."""
        # Numbers of entries and users are others from here on: who asks now is not known, and nothing of theirs goes.
        self._user, self._used, self._flushed = None, set(), set()
        for noted in self._noted:
            noted.clear()
        with locked(self.folder / "mending.lock"):
            if self._stat() != self._identity:
                return self._made()  # another process was faster
            kept = readable(self.path)
            self.set_aside = self.path.with_suffix(f".broken-{int(time.time())}")
            self.path.replace(self.set_aside)
            for end in ("-wal", "-shm"):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            self._connection = self._made()
            with self._writing():
                for key, (body, day) in kept.items():
                    self._put(key, body, day)
                    self._import_use(key)
            return self._connection


def name_of_build(build: Path) -> str:
    """What a build is called as a user: by what decides its rows, so that a copy of it is known, too."""
    return f"build {digest([file_digest(build / file) for file in ('recipe.json', 'filters.json')])}"


def name_of_run(folder: Path) -> str:
    """What a run is called as a user; it holds the answers of every measuring."""
    whole = folder.resolve()
    return f"run {whole.parent.name}/{whole.name}" if whole.name == "measured" else f"run {whole.name}"


def today() -> int:
    """Days since 1970, which is as exact as anybody needs to know when an answer was last used."""
    return int(time.time()) // DAY
