"""`tenet gc`: what nobody asks for goes, and what a build or run on disk needs never does."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from backends import store, train
from backends.store import garbage
from backends.train import identity
from compiler.cli import execute
from compiler.files import alone
from tests.store.test_store import child, ended, key, rows


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two builds that share an answer, a run with one of its own, and one answer that nobody asks for."""
    monkeypatch.chdir(tmp_path)
    asks("one", 1, 2)
    asks("two", 2, 3)
    run = Path("runs/one-abc")
    run.mkdir(parents=True)
    (run / "measure.json").write_text("{}")
    here = store.opened(Path("build/.cache"))
    here.begin(store.name_of_run(run), run)
    here.put(key(4), rows(4))
    here.finish(whole=False)
    here.put(key(5), rows(5))
    return tmp_path


def asks(name: str, *numbers: int) -> Path:
    """A build that asks for these answers, as it stands."""
    build = Path("build") / name
    build.mkdir(parents=True, exist_ok=True)
    (build / "recipe.json").write_text(json.dumps([name, *numbers]))
    (build / "filters.json").write_text("{}")
    here = store.opened(Path("build/.cache"))
    here.begin(store.name_of_build(build), build)
    for number in numbers:
        if here.get(key(number)) is None:
            here.put(key(number), rows(number))
    here.finish()
    return build


def left() -> list[int]:
    """The answers that are there, without asking for them."""
    there = {found for (found,) in store.opened(Path("build/.cache")).select("SELECT key FROM entries")}
    return [number for number in range(1, 10) if bytes.fromhex(key(number)) in there]


def gc(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert execute(["gc", *arguments]) == 0
    return capsys.readouterr().out


def test_what_nobody_asks_for_goes_and_a_dry_run_removes_nothing(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = gc(capsys, "--dry-run")
    assert "5 answers" in said
    assert "would remove 1 answer," in said
    assert garbage.UNASKED in said
    assert left() == [1, 2, 3, 4, 5]
    told = json.loads(gc(capsys, "--json"))
    assert (told["removed"], told["answers"][0]["count"], told["asked"]["count"]) == (True, 1, 4)
    assert left() == [1, 2, 3, 4]
    assert "nothing to remove" in gc(capsys)


def test_a_build_that_is_gone_leaves_what_others_ask_for(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree("build/two")
    gc(capsys)
    assert left() == [1, 2, 4]
    shutil.rmtree("runs/one-abc")
    gc(capsys)
    assert left() == [1, 2]


def test_a_copy_and_a_moved_build_keep_what_they_need(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree("build/one", "build/copy")
    asks("one", 6)  # edited since: 1 is asked for by the copy alone
    Path("build/two").rename("build/moved")
    gc(capsys)
    assert left() == [1, 2, 3, 4, 6]
    shutil.rmtree("build/copy")
    gc(capsys)
    assert left() == [2, 3, 4, 6]


def test_an_edited_build_lets_go_of_what_it_asked_for_once_it_is_whole(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A build that is stopped on the way still needs what it had: most of it is asked for again."""
    build = Path("build/one")
    (build / "recipe.json").write_text("edited")
    here = store.opened(Path("build/.cache"))
    here.begin(store.name_of_build(build), build)
    here.put(key(7), rows(7))
    gc(capsys)
    assert left() == [1, 2, 3, 4, 7]
    assert here.get(key(2)) is not None
    here.finish()
    gc(capsys)
    assert left() == [2, 3, 4, 7]


def test_only_what_is_old_or_beyond_a_size(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = store.opened(Path("build/.cache"))
    for number in (7, 8):
        here.put(key(number), rows(number))
    here.select(
        "UPDATE entries SET used = used - 40 WHERE key IN (?, ?)", [bytes.fromhex(key(7)), bytes.fromhex(key(1))]
    )
    gc(capsys, "--unused-for", "41")
    assert here.get(key(9)) is None
    said = gc(capsys, "--unused-for", "30", "--dry-run")
    assert "would remove 1 answer," in said
    assert "30 days" in said
    gc(capsys, "--unused-for", "30")
    assert 7 not in left()
    assert {1, 5, 8} <= set(left())
    total = here.select("SELECT sum(size) FROM entries")[0][0]
    gc(capsys, "--max-size", str(total - 1))
    assert left() == [1, 2, 3, 4, 8], "the one that was written first"
    gc(capsys, "--max-size", "0")
    assert left() == [1, 2, 3, 4], "what is asked for never goes"


def test_what_an_earlier_version_stored_stays_while_a_build_may_ask_for_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import hashlib

    body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(9))
    head = json.dumps({"sha256": hashlib.sha256(body.encode()).hexdigest()})
    store.opened(Path("build/.cache")).close()
    Path(f"build/.cache/{key(9)}.jsonl").write_text(f"{head}\n{body}", encoding="utf-8")
    older = Path("build/older")
    older.mkdir()
    (older / "recipe.json").write_text("[]")
    (older / "filters.json").write_text("{}")
    assert "build/older may ask for it" in gc(capsys)
    assert 9 in left()
    shutil.rmtree(older)
    gc(capsys)
    assert left() == [1, 2, 3, 4]


def test_torn_entries_and_what_processes_have_left_go(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = store.opened(Path("build/.cache"))
    here.select("UPDATE entries SET rows = substr(rows, 2) WHERE key = ?", [bytes.fromhex(key(3))])
    work, going = Path("runs/one-abc/work/checkpoint-4"), Path("runs/one-def/work/checkpoint-4")
    for folder in (work, going):
        folder.mkdir(parents=True)
        (folder / "adapter.safetensors").write_bytes(b"x" * 5000)
    Path("runs/one-abc/run.json").write_text("{}")
    strays = [Path("build/one/.pairs.jsonl.999999999"), Path("build/.cache/answers.broken-1")]
    kept = Path(f"build/one/.probes.jsonl.{os.getppid()}")
    for file in (*strays, kept):
        file.write_text("half")
    said = gc(capsys)
    assert garbage.TORN in said
    assert "5.0 kB: checkpoints of a training that has ended" in said
    assert [file.exists() for file in (*strays, kept, work)] == [False, False, True, False]
    assert going.exists(), "somebody may be writing there now"
    hours = time.time() - 3 * garbage.QUIET
    for path in (going, going.parent, going / "adapter.safetensors"):
        os.utime(path, (hours, hours))
    assert garbage.PASSED in gc(capsys)
    assert not going.parent.exists()


def test_checkpoints_that_a_build_would_go_on_with_stay_by_whatever_they_are_trained(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "content_digest", lambda build: build.name)
    hours = time.time() - 3 * garbage.QUIET
    for run, content in (("one-family", "one"), ("one-older", "another")):
        work = Path("runs") / run / "work"
        work.mkdir(parents=True)
        (work / train.CONTENT).write_text(content)
        for path in (work / train.CONTENT, work):
            os.utime(path, (hours, hours))
    assert garbage.PASSED in gc(capsys)
    assert [path.parent.name for path in Path("runs").glob("*/work")] == ["one-family"]


def test_a_training_that_runs_keeps_its_checkpoints_however_rare_they_are(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A large base takes longer than an hour from one checkpoint to the next."""
    run = Path("runs/one-large")
    hours = time.time() - 3 * garbage.QUIET
    for folder in (run / "work", run / ".adapter.new"):
        folder.mkdir(parents=True)
        os.utime(folder, (hours, hours))
    ready, done = os.pipe(), os.pipe()

    def train() -> None:
        os.close(done[1])  # so that it ends where the test has failed
        with alone(run / "work", help="wait"):
            os.write(ready[1], b"x")
            os.read(done[0], 1)

    process = child(train)
    os.read(ready[0], 1)
    assert garbage.PASSED not in gc(capsys)
    assert (run / "work").exists()
    assert (run / ".adapter.new").exists()
    os.write(done[1], b"x")
    assert ended(process) == 0
    assert garbage.PASSED in gc(capsys)
    assert list(run.iterdir()) == []


def test_what_a_build_asks_for_until_the_store_is_held_stays(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = store.Store.alone

    def hold_late(self: store.Store) -> object:
        asks("three", 5)
        return hold(self)

    monkeypatch.setattr(store.Store, "alone", hold_late)
    gc(capsys)
    assert left() == [1, 2, 3, 4, 5]


def test_a_build_without_rows_is_no_hindrance(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("plain.tenet").write_text('tenet 1\nmodel { base: "nano" }\ntrait plain { means: "Say it plainly." }\n')
    assert execute(["build", "--no-rows", "plain.tenet"]) == 0
    capsys.readouterr()
    assert "1 answer" in gc(capsys)
    assert left() == [1, 2, 3, 4]


def test_a_store_that_is_in_use_is_left_alone(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ready, done = os.pipe(), os.pipe()

    def use() -> None:
        store.Store(Path("build/.cache")).get(key(1))
        os.write(ready[1], b"x")
        os.read(done[0], 1)

    process = child(use)
    os.read(ready[0], 1)
    assert execute(["gc"]) == 2
    assert "in use by another process" in capsys.readouterr().err
    assert execute(["gc", "--dry-run"]) == 0
    os.write(done[1], b"x")
    assert ended(process) == 0
    assert left() == [1, 2, 3, 4, 5]


def test_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert execute(["gc"]) == 2
    assert "--out" in capsys.readouterr().err
    assert execute(["gc", "--max-size", "much"]) == 2
    assert "500M" in capsys.readouterr().err


def test_what_a_remembered_thing_was_made_with_stays_as_long_as_it_does(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Answers 6 and 7 made 8, which made 9; the next build asks for 9 alone."""
    here = store.opened(Path("build/.cache"))
    build = Path("build/one")
    here.begin(store.name_of_build(build), build)
    answers: set[int] = set()
    with here.noting(answers):
        here.put(key(6), rows(6))
        here.put(key(7), rows(7))
        assert here.get(key(6)) == rows(6)
    assert len(answers) == 2
    here.put_all([(key(8), rows(8), answers)])
    made: set[int] = set()
    with here.noting(made):
        here.get(key(8))
    here.put_all([(key(9), rows(9), made)])
    here.finish()
    here.begin(store.name_of_build(build), build)
    assert here.get(key(9)) == rows(9)
    here.finish()
    gc(capsys)
    assert left() == [2, 3, 4, 6, 7, 8, 9]
    shutil.rmtree("build/one")
    gc(capsys)
    assert left() == [2, 3, 4]
    assert here.select("SELECT count(*) FROM parts") == [(0,)]


def test_a_store_of_an_earlier_version_is_made_complete(place: Path) -> None:
    here = store.opened(Path("build/.cache"))
    here.close()
    with sqlite3.connect("build/.cache/answers.sqlite") as connection:
        connection.executescript("DROP TABLE parts; PRAGMA user_version = 1")
    here = store.opened(Path("build/.cache"))
    assert here.select("SELECT count(*) FROM parts") == [(0,)]
    assert here.get(key(4)) == rows(4)


def test_a_store_of_an_earlier_version_that_may_only_be_read_is_looked_at(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.opened(Path("build/.cache")).close()
    with sqlite3.connect("build/.cache/answers.sqlite") as connection:
        connection.executescript("DROP TABLE parts; PRAGMA user_version = 1; PRAGMA journal_mode = DELETE")

    def refused(self: store.Store) -> sqlite3.Connection:
        raise PermissionError(errno.EROFS, "read only")

    monkeypatch.setattr(store.Store, "_made", refused)
    assert "1 answer" in gc(capsys, "--dry-run")
