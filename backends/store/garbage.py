"""What nobody needs any more: answers that no build or run asks for, and what killed processes have left.

In: a store, the folders of builds and runs. Out: what may go, by reason, and who is still asking; then, where it is
wanted, it is gone. An answer that a build or run on disk would have to compute again never goes. Who asks for what,
each build and measuring has said in the store; a build that was copied is known by what it is made from. This file
must not know what answers say.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backends.store import IMPORTED, Store, name_of_build, name_of_run, today
from backends.store.rows import is_whole
from compiler.failures import GivenError, TenetError
from compiler.files import alone, is_held, is_stray

UNASKED = "no build or run asks for them"
OLD = "no build or run asks for them, nor has for {} days"
LARGE = "no build or run asks for them, and the store is beyond its size"
TORN = "they are not what was written"
ENDED = "checkpoints of a training that has ended"
PASSED = "checkpoints of a training that no build would go on with"
STAGED = "left by a process that was killed"
BROKEN = "a store that could not be read, set aside"
FORGOTTEN = "records of builds that are gone"
MADE = ("base.new", ".adapter.new", ".reward.new")
WORK = "work"
"""The folder of an unfinished training, which its process holds."""
QUIET = 3600.0
"""Seconds in which nothing was written into a training's folder, before it counts as one that nobody runs. On a file
system without locks this alone tells it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Entries of the store that go for one reason."""

    why: str
    numbers: tuple[int, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Left:
    """Files and folders that go for one reason."""

    why: str
    paths: tuple[Path, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """answers, files: what may go. users: who is gone. asked: how many answers a build or run on disk asks for, and
    their bytes. all: how many there are. unknown: builds and runs that have not said what they ask for, because of
    which what an earlier version has stored is kept."""

    answers: tuple[Answers, ...]
    files: tuple[Left, ...]
    users: tuple[int, ...]
    asked: tuple[int, int]
    all: tuple[int, int]
    unknown: tuple[Path, ...]


def find(store: Store, out: Path, runs: Path, *, unused_days: int | None = None, most: int | None = None) -> Garbage:
    """Look, and remove nothing.

    Args:
        out, runs: the folders of builds and runs.
        unused_days: of what nobody asks for, only what was not used for so many days.
        most: of what nobody asks for, only what makes the store larger than so many bytes, the longest unused first.
    """
    builds = [folder for folder in _folders(out) if (folder / "recipe.json").is_file()]
    measured = [*_folders(runs), *(build / "measured" for build in builds)]
    measured = [folder for folder in measured if (folder / "measure.json").is_file()]
    there = {name_of_build(folder): folder for folder in builds if (folder / "filters.json").is_file()}
    there |= {name_of_run(folder): folder for folder in measured}

    users = store.select("SELECT id, name, folder, state FROM users WHERE name != ?", (IMPORTED,))
    known, gone = set(), []
    for number, name, folder, state in users:
        place = Path(os.path.normpath(store.folder.absolute() / folder))
        if name in there:
            known.add(there[name].absolute())
        if place.is_dir() and state != "past":
            known.add(place)
        elif name not in there:
            gone.append(number)
    unknown = tuple(folder for folder in there.values() if Path(os.path.normpath(folder.absolute())) not in known)
    if not unknown:
        gone += [number for (number,) in store.select("SELECT id FROM users WHERE name = ?", (IMPORTED,))]

    marks = ",".join("?" * len(gone))
    asked = (
        f"WITH RECURSIVE asked(entry) AS (SELECT entry FROM uses WHERE user NOT IN ({marks}) "
        "UNION SELECT part FROM parts JOIN asked ON parts.whole = asked.entry)"
    )
    free = store.select(
        f"{asked} SELECT id, used, size FROM entries WHERE id NOT IN (SELECT entry FROM asked) ORDER BY used, id", gone
    )
    count, total = store.select("SELECT count(*), coalesce(sum(size), 0) FROM entries")[0]
    answers = _answers(store, free, total, unused_days, most)
    return Garbage(
        answers=answers,
        files=tuple(_files(store.folder, out, runs, builds)),
        users=tuple(gone),
        asked=(count - len(free), total - sum(size for _, _, size in free)),
        all=(count, total),
        unknown=unknown,
    )


def remove(store: Store, out: Path, runs: Path, *, unused_days: int | None = None, most: int | None = None) -> Garbage:
    """Look as `find` does, remove what it finds, and give its room back.

    Raises:
        GivenError: a build or a measuring is using the store.
        StoreError: the store cannot be written to.
    """
    with store.alone():  # what is asked for up to here is seen, and nothing is asked for until it is gone
        garbage = find(store, out, runs, unused_days=unused_days, most=most)
        store.remove([number for part in garbage.answers for number in part.numbers], garbage.users)
    store.shrink()
    for part in garbage.files:
        for path in part.paths:
            _remove(path)
    return garbage


def _remove(path: Path) -> None:
    """Remove a file, or a folder where no training has begun in it since."""
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    with suppress(GivenError), alone(path.parent / WORK, help="wait until it is gone"):
        shutil.rmtree(path, ignore_errors=True)


def _answers(
    store: Store, free: list[tuple[int, int, int]], total: int, unused_days: int | None, most: int | None
) -> tuple[Answers, ...]:
    found = [("", number, size) for number, _, size in free] if unused_days is None and most is None else []
    why = UNASKED
    torn = dict(_torn(store))
    if unused_days is not None:
        why = OLD.format(unused_days)
        found = [("", number, size) for number, used, size in free if today() - used >= unused_days]
    parts = [_part(why, ((n, size) for _, n, size in found if n not in torn)), _part(TORN, torn.items())]
    if most is not None:
        going = {number for part in parts for number in part.numbers}
        left, beyond = total - sum(part.size for part in parts), []
        for number, _, size in free:
            if left > most and number not in going:
                beyond.append((number, size))
                left -= size
        parts.append(_part(LARGE, beyond))
    return tuple(part for part in parts if part.numbers)


def _part(why: str, entries: Iterable[tuple[int, int]]) -> Answers:
    entries = list(entries)
    return Answers(why, tuple(number for number, _ in entries), sum(size for _, size in entries))


def _torn(store: Store) -> Iterator[tuple[int, int]]:
    for number, size, key, total, rows in store.rows():
        if not is_whole(key, total, rows):
            yield number, size


def _files(cache: Path, out: Path, runs: Path, builds: list[Path]) -> Iterator[Left]:
    folders = [*_folders(out), *_folders(runs)]
    staged = [
        path for folder in (cache, runs, *folders) if folder.is_dir() for path in folder.iterdir() if is_stray(path)
    ]
    staged += [path for folder in folders for path in (folder / name for name in MADE) if _is_left(path)]
    ended, passed = [], []
    wanted = {content for build in builds if (content := _content_of(build)) is not None}
    for run in _folders(runs):
        work = run / WORK
        if not work.is_dir():
            continue
        if (run / "run.json").is_file():
            ended.append(work)
        elif _content_in(work) not in wanted and _is_left(work):
            passed.append(work)
    records = (cache / "whole").glob("*.json")
    forgotten = [path for path in records if not (out / path.stem).is_dir()]
    broken = list(cache.glob("answers.broken-*"))
    for why, paths in (
        (ENDED, ended),
        (PASSED, passed),
        (STAGED, staged),
        (BROKEN, broken),
        (FORGOTTEN, forgotten),
    ):
        if paths:
            yield Left(why, tuple(sorted(paths)), sum(map(_size, paths)))


def _content_of(build: Path) -> str | None:
    """What a training of this build would be of."""
    from backends.train.identity import content_digest

    try:
        return content_digest(build)
    except (TenetError, FileNotFoundError):
        return None  # no whole build, or its base is not at hand


def _content_in(work: Path) -> str:
    """What an unfinished training is of, by however many threads or processes."""
    from backends.train import CONTENT

    try:
        return (work / CONTENT).read_text(encoding="utf-8")
    except OSError:
        return ""


def _is_left(path: Path) -> bool:
    """Whether something is there that nobody has written to of late, in a folder in which nobody trains."""
    if not path.is_dir() or is_held(path.parent / WORK):
        return False
    last = max(file.lstat().st_mtime for file in (path, *path.rglob("*")))
    return time.time() - last > QUIET


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _size(path: Path) -> int:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files)
