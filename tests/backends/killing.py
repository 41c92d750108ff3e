"""Trainings in processes of their own that die on purpose: at a planted point of their writing, or at any moment.

In: a build and a folder for runs. Out: a forked process, which ends by itself or is killed. The libraries are warm
before the fork, so that a training of tiny weights takes half a second. A planted point is what a process does to
files: it opens one to write, writes tensors, syncs, renames, makes or removes something; the n-th such deed is where it
dies, just before or in the midst of it. `power`: as if the power had failed, too: what was written and not synced by
then is cut in half, and what was added to a file since it was synced, too.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DEEDS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def warm(train_once: Callable[[], object]) -> Iterator[None]:
    """Load all that a training loads, by one that ends; children share it, and collect none of it."""
    train_once()
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class Deeds:
    """Counts what this process does to files below `root`, and kills it at the n-th; or has the disk full from there
    on, so that whatever writes is refused."""

    def __init__(self, root: Path, kill_at: int = 0, power: bool = False, full_at: int = 0) -> None:
        self.root, self.kill_at, self.power, self.full_at = str(root), kill_at, power, full_at
        self.count = 0
        self.unsynced: set[str] = set()
        self.synced: dict[str, int] = {}
        self.ours = False

    def watch(self) -> None:
        import safetensors.torch as library
        from safetensors import SafetensorError

        sys.addaudithook(self._hear)
        fsync, serialize = os.fsync, library.serialize_file

        def syncing(handle: int) -> None:
            path = str(Path(f"/proc/self/fd/{handle}").readlink())
            self._deed(path, fills=True)
            fsync(handle)
            self.unsynced.discard(path)
            self.synced[path] = os.fstat(handle).st_size

        def serializing(tensors: Any, path: Any, *rest: Any, **named: Any) -> None:
            if self.full_at and self.count + 1 >= self.full_at:
                raise SafetensorError(f"Error while serializing: I/O error: {FULL.strerror} (os error 28)")
            serialize(tensors, path, *rest, **named)
            self.unsynced.add(str(path))
            self._deed(str(path))

        os.fsync, library.serialize_file = syncing, serializing

    def _hear(self, event: str, values: tuple[Any, ...]) -> None:
        if self.ours or not values or not isinstance(values[0], str | os.PathLike):
            return
        path = os.fspath(values[0])
        if event == "open" and isinstance(path, str):
            mode, flags = values[1] or "", values[2] or 0
            if path.startswith(self.root) and (set(mode) & set("wxa+") or flags & WRITING):
                self._deed(path, fills=True)
                self.unsynced.add(path)
                if "a" not in mode:
                    self.synced.pop(path, None)
        elif event in DEEDS:
            self._deed(path, fills=event == "os.mkdir")
            if event == "os.rename":
                self._renamed(path, os.fspath(values[1]))

    def _renamed(self, old: str, new: str) -> None:
        for path in [p for p in self.unsynced if p == old or p.startswith(f"{old}/")]:
            self.unsynced.discard(path)
            self.unsynced.add(new + path.removeprefix(old))
        for path in [p for p in self.synced if p == old or p.startswith(f"{old}/")]:
            self.synced[new + path.removeprefix(old)] = self.synced.pop(path)

    def _deed(self, path: str, fills: bool = False) -> None:
        """fills: whether it takes room on the disk."""
        if not path.startswith(self.root):
            return
        self.count += 1
        if fills and self.full_at and self.count >= self.full_at:
            raise OSError(FULL.errno, FULL.strerror, path)
        if self.count == self.kill_at:
            self.ours = True
            for written in sorted(self.unsynced) if self.power else ():
                if Path(written).is_file():
                    safe = self.synced.get(written, 0)
                    os.truncate(written, safe + (Path(written).stat().st_size - safe) // 2)
            os.kill(os.getpid(), signal.SIGKILL)


def forked(work: Callable[[], object], said: Path) -> int:
    """Fork a process that does `work`; what it says, and why it failed, goes to a file."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(handle, 1)
            os.dup2(handle, 2)
            sys.stdout = sys.stderr = os.fdopen(handle, "w", buffering=1)
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return process


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def killed_after(process: int, seconds: float) -> int:
    """Wait, kill, and return how it ended: by itself, perhaps."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    return ended(process)
