"""What is acknowledged is on the disk: through threads, processes, undo, a request sent twice, and kill -9."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from compiler.failures import DataError
from compiler.labels.store import FILE, Store
from compiler.labels.tasks import Task
from tests.measuring.labels.conftest import first

ROOT = Path(__file__).parents[3]


def values(store: Store) -> list[tuple[str, str, object]]:
    return [(entry.annotator, entry.action, entry.value) for entry in store.standing()]


def test_a_label_stands_until_it_is_undone_and_comes_back_as_it_was(every: tuple[Task, ...], store: Store) -> None:
    one, other = [task for task in every if task.kind == "likert"][:2]
    store.say(one, "Ana", "label", 4, "a slip", "n1")
    store.say(other, "Ana", "skip", None, "", "n2")
    store.say(one, "Ben", "label", 2, "", "n3")
    assert values(store) == [("Ana", "label", 4), ("Ana", "skip", None), ("Ben", "label", 2)]
    assert store.done("Ana") == {one.key: "label", other.key: "skip"}
    undone = [store.undo("Ana", f"u{n}") for n in range(3)]
    assert [entry and entry.seen.key for entry in undone] == [other.key, one.key, None]
    assert undone[1] is not None
    assert (undone[1].value, undone[1].note) == (4, "a slip")
    assert values(store) == [("Ben", "label", 2)]
    store.say(one, "Ana", "label", 5, "", "n4")
    assert store.done("Ana") == {one.key: "label"}


def test_a_request_that_is_sent_twice_counts_once(every: tuple[Task, ...], store: Store) -> None:
    task, other = [task for task in every if task.kind == "likert"][:2]
    for _ in range(2):
        store.say(task, "Ana", "label", 4, "", "same")
    store.say(other, "Ana", "label", 1, "", "another")
    undone = [store.undo("Ana", "taken back") for _ in range(2)]
    assert [entry and entry.seen.key for entry in undone] == [other.key, other.key], "the reply is the same, too"
    assert values(store) == [("Ana", "label", 4)]
    store.undo("Ana", "and again")
    store.say(task, "Ana", "label", 4, "", "same")
    assert values(store) == [], "an old request that arrives late does not undo the undo"


def test_the_file_can_be_read_without_the_run(every: tuple[Task, ...], tmp_path: Path) -> None:
    task = first(every, "pairwise")
    with Store(tmp_path / FILE) as store:
        store.say(task, "Ana", "label", "first", "", "n")
    assert [path.name for path in tmp_path.iterdir()] == [FILE], "closing folds the log into the one file"
    with Store(tmp_path / FILE) as store:
        [entry] = store.standing()
    seen = entry.seen
    assert (seen.answers, seen.messages, seen.says, seen.context) == (
        task.answers,
        task.messages,
        task.says,
        task.context,
    )
    assert seen.stratum == task.stratum


def test_it_waits_for_the_disk(store: Store) -> None:
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,), "2 is FULL: a commit is synced"


def test_another_file_or_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    strange = tmp_path / "strange.sqlite"
    strange.write_bytes(b"these are no labels at all " * 40)
    with pytest.raises(DataError, match="cannot be used for labels"):
        Store(strange)
    assert strange.read_bytes().startswith(b"these are no labels")
    later = tmp_path / "later.sqlite"
    with sqlite3.connect(later) as database:
        database.execute("PRAGMA user_version=9")
    with pytest.raises(DataError, match="version 9"):
        Store(later)


def test_threads_and_a_second_process_lose_nothing(every: tuple[Task, ...], tmp_path: Path) -> None:
    likert = [task for task in every if task.kind == "likert"][:20]
    stores = [Store(tmp_path / FILE), Store(tmp_path / FILE)]

    def label(person: int) -> None:
        for task in likert:
            stores[person % 2].say(task, f"P{person}", "label", 1 + person % 5, "", f"{person}/{task.key}")

    threads = [threading.Thread(target=label, args=(person,)) for person in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores[0].standing()) == 6 * len(likert)
    for store in stores:
        store.close()


WRITER = """
import sys
from pathlib import Path
from compiler.labels.store import Store
from compiler.labels.tasks import Task
from compiler.records.record import Message

def task(n):
    return Task(f"k{n}", "likert", "trait.x", "x", "?", None, (Message(role="user", content="q"),), ("a",), (), 0.0)

with Store(Path(sys.argv[1])) as store:
    for n in range(100000):
        store.say(task(n), "Ana", "label", 1 + n % 5, "", f"n{n}")
        print(n, flush=True)
"""


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.4])
def test_kill_9_in_the_middle_loses_nothing_acknowledged(tmp_path: Path, seconds: float) -> None:
    path = tmp_path / FILE
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert writer.stdout is not None
    said = [writer.stdout.readline()]
    time.sleep(seconds)
    writer.send_signal(signal.SIGKILL)
    said += writer.stdout.readlines()
    writer.wait()
    acknowledged = [int(line) for line in said if line.endswith("\n")]
    assert len(acknowledged) > 3
    with Store(path) as store:
        found = {entry.seen.key: entry.value for entry in store.standing()}
    assert {f"k{n}": 1 + n % 5 for n in acknowledged}.items() <= found.items()
    assert len(found) - len(acknowledged) <= 1, "at most the label that was being acknowledged"
