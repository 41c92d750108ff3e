"""Writing files so that a kill at any moment leaves either the old one or the new one, whole.

In: text or rows. Out: a file that was staged, synced and renamed; a file that one process holds alone. This file must
not know what is written.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compiler.failures import GivenError


def write_text(path: Path, text: str, *, synced: bool = True) -> None:
    """Write `text` to `path` as UTF-8; otherwise as `write_bytes`."""
    write_bytes(path, text.encode(), synced=synced)


def write_bytes(path: Path, content: bytes, *, synced: bool = True) -> None:
    """Write `content` to `path`, by a staged file beside it, with the permissions of the file that was there.

    A link stays one: the file that it leads to is the one that changes. synced: wait until it is on the disk.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    # The process id keeps two writers apart; the name is never seen by a reader.
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with staged.open("wb") as stream:
            stream.write(content)
            stream.flush()
            if synced:
                os.fsync(stream.fileno())
        if path.exists():
            staged.chmod(path.stat().st_mode)
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def _sweep(path: Path) -> None:
    """Remove what writers of `path` have left that were killed: a folder that is resumed ends with the same files."""
    for stray in path.parent.glob(f".{glob.escape(path.name)}.*"):
        if is_stray(stray):
            stray.unlink(missing_ok=True)


def is_stray(path: Path) -> bool:
    """Whether this is a staged file whose writer was killed."""
    owner = path.name.rpartition(".")[2]
    return path.name.startswith(".") and owner.isdecimal() and not _runs(int(owner))


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_if_new(path: Path, text: str) -> bool:
    """Write `text` unless it is there already; return whether anything changed."""
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    write_text(path, text)
    return True


def read_json(path: Path) -> dict[str, Any]:
    """What a JSON file holds; nothing where it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_rows(path: Path, rows: Iterable[Any]) -> None:
    """Write pydantic records as JSON Lines."""
    write_text(path, "".join(row.model_dump_json() + "\n" for row in rows))


def sync_file(path: Path) -> None:
    """Make what a library has written to `path` last through a power cut."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def sync_folder(path: Path) -> None:
    """Make renames inside `path` last through a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put_in_place(staged: Path, final: Path) -> None:
    """Sync the files of `staged`, and give it the name `final`; what had that name goes."""
    for file in staged.rglob("*"):
        if file.is_file():
            sync_file(file)
    if final.exists():
        shutil.rmtree(final)
    staged.rename(final)
    sync_folder(final.parent)


@contextmanager
def alone(path: Path, help: str) -> Iterator[None]:
    """Hold `path`, which need not exist, against other processes that ask for it so. A process that ends, however it
    does, holds nothing any more. On a file system without locks nothing is held.

    Raises:
        GivenError: another process holds it; `help` says the way out.
    """
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    lock_path = _lock_of(path)
    while True:
        with lock_path.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in WITHOUT_LOCKS:
                    said = lock_path.read_text(errors="replace").strip()
                    who = f" (its number is {said})" if said.isdecimal() else ""
                    raise GivenError(f"another process writes {path}{who}", help=help) from None
            if not _is_named(lock.fileno(), lock_path):
                continue  # who held it has ended meanwhile, and removed the file that was opened here
            lock.truncate(0)
            lock.write(str(os.getpid()).encode())
            lock.flush()
            try:
                yield
            finally:
                lock_path.unlink(missing_ok=True)
            return


def is_held(path: Path) -> bool:
    """Whether another process holds `path` by `alone`, as far as can be told here."""
    if not _lock_of(path).exists():
        return False
    try:
        with alone(path, help="wait for it"):
            return False
    except (GivenError, OSError):
        return True


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _is_named(handle: int, path: Path) -> bool:
    """Whether an open file still has its name."""
    try:
        named, opened = path.stat(), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


@contextmanager
def locked(path: Path, waits: Callable[[], object] = bool) -> Iterator[None]:
    """Hold a folder, or a file that is made where it is not there, against other processes. While one holds it, `waits`
    is called and it is waited for. On a file system without locks nothing is held."""
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDONLY) if path.is_dir() else os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waits()
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise
        yield
    finally:
        os.close(handle)


WITHOUT_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""What a file system without locks answers."""


class Hold:
    """A file that many processes hold together, or one alone."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def take_alone(self) -> bool:
        """Hold the file alone; return whether that could be had at once."""
        import fcntl

        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.share()  # asking for more gives up what was held
            return False
        return True

    def share(self) -> None:
        import fcntl

        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> None:
        os.close(self._handle)


def held(path: Path) -> Hold | None:
    """Hold `path` together with others, while whoever wants it alone is waited for; None where nothing has locks."""
    import fcntl

    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
    except OSError as error:
        os.close(handle)
        if error.errno in WITHOUT_LOCKS:
            return None
        raise
    return Hold(handle)
