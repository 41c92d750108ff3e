"""Writing files so that a kill at any moment leaves either the old one or the new one, whole.

In: text or rows. Out: a file that was staged, synced and renamed. This file must not know what is written.
"""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path`, by a staged file beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    # The process id keeps two writers apart; the name is never seen by a reader.
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with staged.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def _sweep(path: Path) -> None:
    """Remove what writers of `path` have left that were killed: a folder that is resumed ends with the same files."""
    for stray in path.parent.glob(f".{glob.escape(path.name)}.*"):
        owner = stray.name.rpartition(".")[2]
        if owner.isdecimal() and not _runs(int(owner)):
            stray.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


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
