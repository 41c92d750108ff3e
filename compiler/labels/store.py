"""What people said, in one SQLite file beside the measurements. What is acknowledged is on the disk.

In: a task, who, and what they said of it. Out: what stands now. The file is a log: a label, a skip and an undo are each
a row that is never changed, so that nothing said is lost and every count can be checked. Each row is committed by
itself, with a write-ahead log and `synchronous=FULL` (https://sqlite.org/pragma.html#pragma_synchronous), before the
call returns: a killed process or a power cut takes nothing back. Several threads and several processes may write at
once. A task is stored with its words when it is first answered, so that the file can be read without the run. This file
must not know what a label means.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from compiler.failures import DataError
from compiler.labels.tasks import Task
from compiler.records.labels import LabelKind, Stratum
from compiler.records.record import Message

FILE = "labels.sqlite"
VERSION = 1
BUSY_SECONDS = 20.0

Action = Literal["label", "skip", "undo"]

SCHEMA = """
CREATE TABLE tasks (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, clause_id TEXT NOT NULL, stratum TEXT NOT NULL, seen TEXT NOT NULL
) STRICT;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, nonce TEXT NOT NULL UNIQUE, key TEXT NOT NULL REFERENCES tasks,
    annotator TEXT NOT NULL, action TEXT NOT NULL CHECK (action IN ('label', 'skip', 'undo')),
    value TEXT, note TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE INDEX by_person ON events (annotator, key, seq);
"""


class Reused(ValueError):
    """A request has the name of another one; nothing was stored."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A task as it was stored with its first answer; fields as in `Task`."""

    key: str
    kind: LabelKind
    clause_id: str
    says: str
    context: str | None
    messages: tuple[Message, ...]
    answers: tuple[str, ...]
    stratum: Stratum


@dataclass(frozen=True, slots=True)
class Entry:
    """What one person last said of one task. value: as the page sends it, checked; `first`, `second`, `tie` or `both
    bad` of a pair; None for a skip."""

    seen: Seen
    annotator: str
    action: Action
    value: Any
    note: str
    at: str


class Store:
    """The labels of one run. Close it, or use it in a `with`.

    Raises:
        DataError: the file is no store of labels, or another version's, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            # Autocommit: a transaction begins and ends where `_writing` says so.
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise DataError(f"{path} cannot be used for labels: {error}", help="move it away to begin anew") from error

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Fold the write-ahead log into the file, so that copying the one file copies all."""
        with self._lock:
            self._db.close()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        with self._writing():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in SCHEMA.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={VERSION}")
            elif version != VERSION:
                raise DataError(
                    f"{self.path} has version {version}, this release reads {VERSION}",
                    help="export the labels with the release that wrote them, then import them here",
                )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all of it, or nothing."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # -------------------------------------------------------------- writing

    def say(
        self, task: Task, annotator: str, action: Action, value: Any, note: str, nonce: str, at: str | None = None
    ) -> None:
        """Append what was said, and return once it is on the disk.

        Args:
            nonce: names the request; the same one sent twice (a phone that lost the reply) counts once.
            at: when it was said, now unless given.

        Raises:
            Reused: the nonce has named something else.
        """
        seen = {
            "says": task.says,
            "context": task.context,
            "messages": [message.model_dump() for message in task.messages],
            "answers": task.answers,
        }
        with self._writing():
            self._db.execute(
                "INSERT OR IGNORE INTO tasks VALUES (?, ?, ?, ?, ?)",
                (task.key, task.kind, task.clause_id, task.stratum, json.dumps(seen, ensure_ascii=False)),
            )
            self._append(nonce, task.key, annotator, action, value, note, at)

    def undo(self, annotator: str, nonce: str) -> Entry | None:
        """Take back what this person said last, and return it; None where nothing is left."""
        if (undone := self._undone(annotator, nonce)) is not None:
            return undone
        last = max(self._standing(annotator), key=lambda row: row[0], default=None)
        if last is None:
            return None
        with self._writing():
            self._append(nonce, last[1].seen.key, annotator, "undo", None, "", None)
        return last[1]

    def _undone(self, annotator: str, nonce: str) -> Entry | None:
        """What an earlier request of this name took back: its reply may have been lost."""
        query = """
            SELECT max(said.seq), key, kind, clause_id, stratum, seen, said.annotator, said.action, said.value,
                said.note, said.at
            FROM events AS undo JOIN events AS said USING (key, annotator) JOIN tasks USING (key)
            WHERE undo.nonce = ? AND undo.annotator = ? AND undo.action = 'undo' AND said.seq < undo.seq
        """
        with self._lock:
            row = self._db.execute(query, (nonce, annotator)).fetchone()
        return _entry(row) if row[0] is not None else None

    def again(self, annotator: str) -> int:
        """Put what this person skipped back into the queue; return how many."""
        skipped = [entry for _, entry in self._standing(annotator) if entry.action == "skip"]
        with self._writing():
            for number, entry in enumerate(skipped):
                nonce = f"again/{annotator}/{_now()}/{number}"
                self._append(nonce, entry.seen.key, annotator, "undo", None, "", None)
        return len(skipped)

    def _append(
        self, nonce: str, key: str, annotator: str, action: Action, value: Any, note: str, at: str | None
    ) -> None:
        told = (key, annotator, action, json.dumps(value, ensure_ascii=False), note)
        found = self._db.execute(
            "INSERT OR IGNORE INTO events (nonce, key, annotator, action, value, note, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (nonce, *told, at or _now()),
        )
        if not found.rowcount:
            query = "SELECT key, annotator, action, value, note FROM events WHERE nonce = ?"
            if self._db.execute(query, (nonce,)).fetchone() != told:
                raise Reused(f"the nonce {nonce!r} has named something else already: each request needs its own")

    # -------------------------------------------------------------- reading

    def standing(self) -> list[Entry]:
        """Return the labels and skips that stand, of everybody, in the order in which they were said."""
        return [entry for _, entry in sorted(self._standing(), key=lambda row: row[0])]

    def done(self, annotator: str) -> dict[str, Action]:
        """Return which tasks this person has labelled or skipped."""
        query = "SELECT max(seq), key, action FROM events WHERE annotator = ? GROUP BY key"
        with self._lock:
            rows = self._db.execute(query, (annotator,)).fetchall()
        return {key: action for _, key, action in rows if action != "undo"}

    def _standing(self, annotator: str | None = None) -> list[tuple[int, Entry]]:
        # With max(), SQLite takes the other columns of a group from the row that has the maximum.
        query = """
            SELECT max(seq), key, kind, clause_id, stratum, seen, annotator, action, value, note, at
            FROM events JOIN tasks USING (key) WHERE ?1 IS NULL OR annotator = ?1 GROUP BY annotator, key
        """
        with self._lock:
            rows = self._db.execute(query, (annotator,)).fetchall()
        return [(row[0], _entry(row)) for row in rows if row[7] != "undo"]


def _entry(row: tuple[Any, ...]) -> Entry:
    _, key, kind, clause_id, stratum, seen, annotator, action, value, note, at = row
    shown = json.loads(seen)
    return Entry(
        seen=Seen(
            key=key,
            kind=kind,
            clause_id=clause_id,
            says=shown["says"],
            context=shown["context"],
            messages=tuple(Message.model_validate(message) for message in shown["messages"]),
            answers=tuple(shown["answers"]),
            stratum=stratum,
        ),
        annotator=annotator,
        action=action,
        value=json.loads(value),
        note=note,
        at=at,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
