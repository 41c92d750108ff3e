"""The store of answers: nothing that it has said is stored is ever lost or another, whatever happens to its process,
its disk or its bytes."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import random
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backends import store
from backends.store import Store
from compiler.failures import GivenError, StoreError

KILLS = int(os.environ.get("TENET_TEST_KILLS", "50"))


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def rows(number: int) -> list[object]:
    """Rows as engines give them, from a few bytes to several pages of the database."""
    draw = random.Random(number)
    return [f"answer {number} é\u2028" * draw.randrange(1, 60) for _ in range(draw.randrange(1, 9))] + [None, 0.25]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "cache")
    yield made
    made.close()


def child(work: Callable[[], object]) -> int:
    """Fork a process that does `work` and ends without a word to pytest."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return process


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_what_was_put_is_there_in_another_process_and_nothing_else(made: Store) -> None:
    for number in range(20):
        made.put(key(number), rows(number))
    assert [made.get(key(number)) for number in range(20)] == [rows(number) for number in range(20)]
    assert made.get(key(20)) is None
    assert made.written() == 20

    def read() -> None:
        other = Store(made.folder)
        assert other.get(key(7)) == rows(7)
        assert other.get(key(21)) is None

    assert ended(child(read)) == 0
    made.put(key(3), ["another"])
    assert made.get(key(3)) == ["another"]


def test_a_writer_that_is_killed_at_any_moment_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    """TENET_TEST_KILLS says how often."""
    said, draw, stored = tmp_path / "said", random.Random(5), 0
    said.touch()
    for _ in range(KILLS):

        def write(start: int = stored) -> None:
            here = Store(tmp_path / "cache")
            here.begin("build x", tmp_path / "x")
            with said.open("ab", buffering=0) as tell:
                for number in range(start, start + 10_000):
                    here.put(key(number), rows(number))
                    tell.write(f"{number}\n".encode())

        process = child(write)
        time.sleep(draw.uniform(0.002, 0.25))
        os.kill(process, signal.SIGKILL)
        assert ended(process) == -signal.SIGKILL
        stored = max((int(line) for line in said.read_text().split()), default=-1) + 1
    assert stored > KILLS // 5, "killed before anything was written"
    there = Store(tmp_path / "cache")
    assert there.select("PRAGMA integrity_check") == [("ok",)]
    assert [n for n in range(stored) if there.get(key(n)) != rows(n)] == []
    assert there.get(key(stored)) in (None, rows(stored)), "stored, and killed before it could say so"
    assert len(list(said.parent.joinpath("cache").glob("*broken*"))) == 0
    assert there.select("SELECT count(*) FROM uses")[0][0] >= stored
    there.close()


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four of them, each with keys of its own and some that all of them write, from an empty folder."""

    def write(mine: int) -> None:
        here = Store(tmp_path / "cache")
        here.begin(f"build {mine}", tmp_path / str(mine))
        for number in range(60):
            here.put(key(number), rows(number))
            here.put(key(1000 * mine + number), rows(1000 * mine + number))
        here.finish()

    processes = [child(lambda mine=mine: write(mine)) for mine in range(1, 5)]
    assert [ended(process) for process in processes] == [0, 0, 0, 0]
    there = Store(tmp_path / "cache")
    wanted = [*range(60), *(1000 * mine + number for mine in range(1, 5) for number in range(60))]
    assert [number for number in wanted if there.get(key(number)) != rows(number)] == []
    assert there.select("SELECT count(*) FROM uses GROUP BY user") == [(120,)] * 4
    there.close()


def test_a_flipped_byte_is_never_an_answer(tmp_path: Path) -> None:
    """Wherever it falls: an entry is what was written or not there, what is computed anew is kept, most survives."""
    whole = Store(tmp_path / "whole")
    for number in range(60):
        whole.put(key(number), rows(number))
    whole.shrink()  # all of it is in the one file then
    whole.close()
    data = (tmp_path / "whole" / store.NAME).read_bytes()
    draw, lost = random.Random(1), []
    # Every byte of the header counts, and one in some thousands of the rest.
    for flip in [*range(0, 100, 7), *(draw.randrange(100, len(data)) for _ in range(60))]:
        folder = tmp_path / str(flip)
        folder.mkdir()
        changed = bytearray(data)
        changed[flip] ^= 1 << draw.randrange(8)
        (folder / store.NAME).write_bytes(changed)
        there = Store(folder)
        there.select("PRAGMA synchronous = OFF")  # nothing here is about power cuts, and it is four times as fast
        there.begin("build x", folder)
        found = [there.get(key(number)) for number in range(60)]
        assert all(one in (None, rows(number)) for number, one in enumerate(found)), flip
        lost.append(sum(one is None for one in found))
        for number in range(60):
            there.put(key(number), rows(number))
        assert [number for number in range(60) if there.get(key(number)) != rows(number)] == [], flip
        there.finish()
        there.close()
    assert sum(lost) > 0, "no byte that was flipped counted"
    assert sum(lost) < len(lost) * 60 / 10, "much more is lost than what was broken"


def test_two_processes_that_find_a_broken_store_mend_it_once(tmp_path: Path) -> None:
    (tmp_path / store.NAME).write_bytes(b"no database at all" * 400)

    def write(mine: int) -> None:
        Store(tmp_path).put(key(mine), rows(mine))

    processes = [child(lambda mine=mine: write(mine)) for mine in range(3)]
    assert [ended(process) for process in processes] == [0, 0, 0]
    there = Store(tmp_path)
    assert [there.get(key(mine)) for mine in range(3)] == [rows(mine) for mine in range(3)]
    assert len(list(tmp_path.glob("*broken*"))) == 1
    there.close()


@pytest.mark.parametrize("how", ["pages", "limit"])
def test_a_full_disk_is_a_failure_that_says_the_way_out_and_loses_nothing(tmp_path: Path, how: str) -> None:
    def fill() -> None:
        there = Store(tmp_path)
        for number in range(20):
            there.put(key(number), rows(number))
        if how == "pages":
            pages = there.select("PRAGMA page_count")[0][0] + 30
            there.select(f"PRAGMA max_page_count = {pages}")
        else:  # the kernel lets no file grow beyond this
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            size = sum(file.stat().st_size for file in tmp_path.iterdir())
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100_000, size + 100_000))
        stored, refused = 20, None
        while refused is None and stored < 5000:
            try:
                there.put(key(stored), rows(stored))
                stored += 1
            except StoreError as error:
                refused = error
        assert refused is not None
        assert "--cache" in str(refused.help)
        assert stored > 20
        assert [n for n in range(stored) if there.get(key(n)) != rows(n)] == []
        (tmp_path / "stored").write_text(str(stored))

    assert ended(child(fill)) == 0
    there = Store(tmp_path)  # there is room again
    stored = int((tmp_path / "stored").read_text())
    assert [n for n in range(stored) if there.get(key(n)) != rows(n)] == []
    there.put(key(9999), rows(9999))
    assert there.get(key(9999)) == rows(9999)
    there.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder that another user may not write to")
def test_a_store_that_cannot_be_written_to_is_read(tmp_path: Path) -> None:
    whole = Store(tmp_path / "cache")
    whole.put(key(1), rows(1))
    whole.shrink()
    whole.close()
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder != Path("/tmp") and len(folder.parts) > 2:
            folder.chmod(0o755)

    def read() -> None:
        os.setuid(65534)
        there = Store(tmp_path / "cache")
        assert there.get(key(1)) == rows(1)
        there.begin("build x", tmp_path)
        there.finish()
        with pytest.raises(StoreError, match="cannot be written to"):
            there.check_writable()
        with pytest.raises(StoreError, match="cannot be written to"):
            there.put(key(2), rows(2))
        with pytest.raises(StoreError, match="cannot be written to"):
            Store(tmp_path / "new")

    assert ended(child(read)) == 0


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def lockless(path: Path, *values: object, **named: object) -> sqlite3.Connection:
        return connect(f"file:{path}?vfs=unix-none", *values, uri=True, **named)  # type: ignore[call-overload,no-any-return]  # the overloads of connect take no loose values

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", lockless)
        with pytest.raises(StoreError, match="has no locks") as refused:
            Store(tmp_path / "one")
        assert "a disk of this machine" in str(refused.value.help)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    there = Store(tmp_path / "two")
    there.put(key(1), rows(1))
    with pytest.raises(StoreError, match="has no locks"), there.alone():
        pass
    there.close()


def test_files_of_an_earlier_version_are_taken_in_once(tmp_path: Path) -> None:
    def write(number: int, text: str | None = None) -> Path:
        body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(number))
        head = json.dumps({"sha256": hashlib.sha256(body.encode()).hexdigest()})
        path = tmp_path / f"{key(number)}.jsonl"
        path.write_text(f"{head}\n{body}"[: None if text is None else -3], encoding="utf-8")
        return path

    files = [write(1), write(2), write(3, "torn")]
    other = tmp_path / "notes.jsonl"
    other.write_text("mine\n")
    assert store.written(tmp_path) >= 3
    there = store.opened(tmp_path)
    assert [there.get(key(number)) for number in (1, 2, 3)] == [rows(1), rows(2), None]
    assert [file.exists() for file in (*files, other)] == [False, False, False, True]
    there.close()
    assert store.opened(tmp_path).get(key(2)) == rows(2)
    store.opened(tmp_path).close()


def test_a_folder_that_is_deleted_is_begun_anew(tmp_path: Path) -> None:
    import shutil

    store.opened(tmp_path / "c").put(key(1), rows(1))
    shutil.rmtree(tmp_path / "c")
    assert store.opened(tmp_path / "c").get(key(1)) is None
    store.opened(tmp_path / "c").put(key(1), rows(1))
    assert store.opened(tmp_path / "c").get(key(1)) == rows(1)
    store.opened(tmp_path / "c").close()


def test_a_store_in_use_is_not_held_alone(made: Store) -> None:
    ready, done = os.pipe(), os.pipe()

    def use() -> None:
        here = Store(made.folder)
        here.put(key(1), rows(1))
        os.write(ready[1], b"x")
        os.read(done[0], 1)

    process = child(use)
    os.read(ready[0], 1)
    with pytest.raises(GivenError, match="in use by another process"), made.alone():
        pass
    os.write(done[1], b"x")
    assert ended(process) == 0
    with made.alone():
        made.remove([number for (number,) in made.select("SELECT id FROM entries")], [])
    assert made.get(key(1)) is None
