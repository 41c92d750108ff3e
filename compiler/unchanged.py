"""Whether a build has anything to do: what the last whole one has read and written, held against the disk by size and
times alone.

In: the command line, and `<cache>/whole/<spec>.json`, which a build that ended well has written. Out: what that build
said, where not a byte that it read or wrote can have changed since: the spec and its imports, the user's data, the
models, Tenet and the packages that compute, the machine, the screen. Whatever is unsure counts as changed, and the
build runs. A file's state is its size, number and times; the time of its last change of any kind is one that no program
can set back. This file is run before anything else is imported, and must not import more than it needs.

    tenet build pirate.tenet   ->   61 stats and one small file read, where nothing was edited
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

FOLDER = "whole"
"""Below the cache: these records hold paths and times, which nothing in a build may."""
VERSION = 1
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGES = ("spec", "compiler", "backends")
SAID = (
    "TENET_DEVICE",
    "TENET_THREADS",
    "TENET_ENGINE",
    "TENET_RECORD",
    "TENET_REPLAY",
    "CUDA_VISIBLE_DEVICES",
    "HF_HOME",
    "HF_HUB_CACHE",
    "NO_COLOR",
    "TERM",
    "COLUMNS",
)
"""What of the environment decides what is built, or how it is told."""
ANSWERED = ("TENET_RECORD", "TENET_REPLAY")
"""What names a file of answers, which is to be written, or may be another by now."""
DRIVER = "/dev/nvidiactl"
CLOCK = 50_000_000
"""Nanoseconds by which the clock of a file's times may be behind; the kernel moves it every 4 to 10 milliseconds."""

State = list[int]


def said_before(arguments: Sequence[str]) -> str | None:
    """What `tenet build` with these arguments said when it did its work; None where there may be work to do."""
    asked = _asked(arguments)
    if asked is None or any(os.environ.get(name) for name in ANSWERED):
        return None
    try:
        with open(record_of(asked["cache"], asked["build"]), encoding="utf-8") as stream:
            record = json.load(stream)
        same = (
            record["version"] == VERSION
            and record["asked"] == asked
            and record["here"] == here()
            and all(state(path) == then for path, then in record["files"].items())
            and not any(os.path.lexists(path) for path in record["absent"])
            and all(sorted(os.listdir(path)) == names for path, names in record["listed"].items())
            and record["code"] == code_state()
        )
        return str(record["said"]) if same else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _asked(arguments: Sequence[str]) -> dict[str, str] | None:
    """What a command line asks for; None where it is no plain build."""
    if not arguments or arguments[0] != "build":
        return None
    spec, out, cache = "", "build", ""
    rest = iter(arguments[1:])
    for argument in rest:
        name, equals, value = argument.partition("=")
        if argument == "--local-files-only":
            continue
        if argument in ("-o", "--out", "--cache"):
            name, equals, value = argument, "=", next(rest, "")
        if equals and name in ("-o", "--out", "--cache") and value:
            out, cache = (out, value) if name == "--cache" else (value, cache)
        elif argument.startswith("-") or spec:
            return None
        else:
            spec = argument
    if not spec or os.path.isdir(spec):
        return None
    return asked(spec, os.path.join(out, spec_name(os.path.basename(spec))), cache or os.path.join(out, ".cache"))


def spec_name(file: str) -> str:
    """As `spec.doors.spec_name`, which is slow to import."""
    stem, ending = os.path.splitext(file)
    inner, tenet = os.path.splitext(stem)
    return inner if ending.lower() in (".yaml", ".yml", ".json") and tenet == ".tenet" else stem


def asked(spec: str, build: str, cache: str) -> dict[str, str]:
    """What is asked for, as a record names it."""
    return {"spec": spec, "build": os.path.normpath(build), "cache": os.path.normpath(cache), "in": os.getcwd()}


def record_of(cache: str, build: str) -> str:
    """Where the record of a build lies."""
    return os.path.join(cache, FOLDER, f"{os.path.basename(build)}.json")


def state(path: str) -> State:
    """What differs once a file, or the list of what is in a folder, has changed.

    Raises:
        OSError: it is not there.
    """
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def here() -> dict[str, Any]:
    """What computes, and where it is told: Python, its packages, the device, the environment, the screen."""
    sites = [path for path in sys.path if path.endswith("-packages")]
    try:
        columns = os.get_terminal_size(2).columns if os.isatty(2) else 0
    except OSError:
        columns = 0
    return {
        "python": [sys.version, sys.prefix],
        "sites": {path: state(path) for path in sites if os.path.isdir(path)},
        "environment": {name: os.environ.get(name) for name in SAID},
        "driver": os.path.exists(DRIVER),
        "columns": columns,
    }


def code_state() -> list[int]:
    """What differs once any file of Tenet's own has: how many there are, their sizes, the last time one was changed."""
    count = size = last = 0
    folders = [os.path.join(ROOT, name) for name in PACKAGES]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name == "__pycache__":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    continue
                found = entry.stat()
                count, size, last = count + 1, size + found.st_size, max(last, found.st_ctime_ns)
    return [count, size, last]


def record(
    asked: Mapping[str, str],
    said: str,
    *,
    files: Iterable[str],
    absent: Iterable[str],
    listed: Iterable[str],
    begun: int,
    written: Iterable[str],
) -> dict[str, Any] | None:
    """The record of a build that ended well; None where a file was changed while it ran, so that nobody knows what was
    read of it.

    Args:
        said: what the build told on stderr, but for progress.
        files: what was read, and folders whose list of files was.
        absent: paths that were looked for and not there.
        listed: folders in which nothing else may lie than what lies there now.
        begun: when the build began, in nanoseconds since 1970.
        written: the files of the build.
    """
    read = {os.path.abspath(path): state(path) for path in files}
    if any(_last_change(path) >= begun - CLOCK for path in read):
        return None
    made = {os.path.abspath(path): state(path) for path in written}
    return {
        "version": VERSION,
        "asked": dict(asked),
        "here": here(),
        "code": code_state(),
        "files": {**read, **made},
        "absent": sorted(os.path.abspath(path) for path in absent),
        "listed": {os.path.abspath(path): sorted(os.listdir(path)) for path in listed},
        "said": said,
    }


def _last_change(path: str) -> int:
    """When a file was changed last, in nanoseconds since 1970. A build links the weights of its base, which counts as a
    change of the file that is linked, but not of what it says."""
    found = os.stat(path)
    return (
        found.st_mtime_ns
        if found.st_nlink > 1 and not os.path.isdir(path)
        else max(found.st_mtime_ns, found.st_ctime_ns)
    )
