"""A folder that is whole or not there: staged beside its place, described by a manifest of hashes that is written last,
and renamed.

In: files in a staged folder, and what they are of. Out: the folder under its name. One that Tenet has not written, or
whose files somebody has changed since, is never written over. This file must not know what is exported.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from compiler.digests import file_digest
from compiler.failures import DataError, GivenError
from compiler.files import alone, sync_file, sync_folder

MANIFEST = "tenet-export.json"
VERSION = 1


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A folder beside `out` to write into; it is gone afterwards unless `seal` has renamed it.

    Raises:
        GivenError: `out` holds something that is not an earlier export as it was written, or another process writes it.
    """
    refuse_foreign(out)
    with alone(out, "wait until the other export has ended"):
        folder = out.with_name(f".{out.name}.new")
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def refuse_foreign(out: Path) -> None:
    """
    Raises:
        GivenError: `out` is there and is no export, or an export that was changed.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    elsewhere = "name a folder that is not there yet with -o"
    if not out.is_dir() or not (out / MANIFEST).is_file():
        raise GivenError(f"{out} is there, and is no export of Tenet's: it is not written over", help=elsewhere)
    odd = altered(out)
    if odd:
        raise GivenError(f"{out} was changed since it was exported ({odd[0]}): it is not written over", help=elsewhere)


def seal(folder: Path, out: Path, record: dict[str, Any]) -> None:
    """Write the manifest into the staged `folder`, sync all of it, and give it the name `out`."""
    files = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        files[file.relative_to(folder).as_posix()] = file_digest(file)
        sync_file(file)
    text = json.dumps({"version": VERSION, **record, "files": files}, indent=1, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    sync_file(folder / MANIFEST)
    sync_folder(folder)
    refuse_foreign(out)
    earlier = out.with_name(f".{out.name}.old")
    if earlier.exists():
        shutil.rmtree(earlier)
    if out.exists():
        out.rename(earlier)
    folder.rename(out)
    sync_folder(out.parent)
    shutil.rmtree(earlier, ignore_errors=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """
    Raises:
        DataError: there is none, or it is torn.
    """
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / MANIFEST} cannot be read: {error}", help="export again") from error
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        raise DataError(f"{folder / MANIFEST} is no manifest of an export", help="export again")
    return found


def altered(folder: Path) -> list[str]:
    """Files of an export that are gone, new, or not as the manifest says."""
    files = read_manifest(folder)["files"]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    differ = {name for name in there & files.keys() if file_digest(folder / name) != files[name]}
    return sorted(differ | (there ^ files.keys()))
