"""A finished run on disk: run.json with the hashes of the trained files and of itself, and whether all still stand.

In: a run's folder. Out: its record, written last; what has changed since. A record of an earlier version knows the
adapter's digest alone, and one that says nothing of an adapter is believed. This file must not know how a run is made.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from backends.train.adapters import adapter_digest
from compiler import events
from compiler.digests import content_sha256, digest
from compiler.failures import ModelLoadError
from compiler.files import write_text

RECORD = "run.json"
FILES, ITSELF = "files", "digest"
TRAINED = ("adapter", "reward")


def seal(run: Path, record: dict[str, Any]) -> None:
    """Write run.json with the hashes of the trained files and, at its end, of all that stands before."""
    told = {**record, FILES: _trained(run)}
    write_text(run / RECORD, _text({**told, ITSELF: digest(told)}))


def _trained(run: Path) -> dict[str, str]:
    """The files of the adapter, and of the reward model where there is one, with their hashes."""
    files = (path for name in TRAINED for path in sorted((run / name).glob("*")))
    return {path.relative_to(run).as_posix(): content_sha256(path) for path in files}


def _text(record: dict[str, Any]) -> str:
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def changed(run: Path) -> list[str]:
    """The files of a finished run that are not as its training left them, events.jsonl aside."""
    try:
        text = (run / RECORD).read_text(encoding="utf-8")
        record = json.loads(text)
    except (OSError, ValueError):
        return [RECORD]
    if not isinstance(record, dict):
        return [RECORD]
    if not {FILES, ITSELF} & set(record):
        return _of_earlier(run, record)
    told = {key: value for key, value in record.items() if key != ITSELF}
    if text != _text(record) or record.get(ITSELF) != digest(told):
        return [RECORD]
    hashes, there = record[FILES], _trained(run)
    return sorted(name for name in there.keys() | hashes.keys() if there.get(name) != hashes.get(name))


def _of_earlier(run: Path, record: dict[str, Any]) -> list[str]:
    if "adapter_digest" not in record:
        return []
    try:
        return [] if adapter_digest(run / "adapter") == record["adapter_digest"] else ["adapter"]
    except ModelLoadError:
        return ["adapter"]


def confirm(run: Path) -> None:
    """Make sure that a run is as its training left it, before anything is done with it.

    Raises:
        ModelLoadError: a file is missing, has changed, or was put there since.
    """
    if found := changed(run):
        raise ModelLoadError(
            f"{run} is not as it was trained: {', '.join(found)} {'is' if len(found) == 1 else 'are'} missing, "
            "changed, or not its own",
            help=f"`tenet verify {run}` says more; to train it again: rm -r {run}, then tenet train SPEC",
        )


def as_left(run: Path) -> tuple[bool, str]:
    """Whether all of a run stands as its training left it, its events too, in words."""
    found = changed(run)
    if lines := events.altered(run / events.NAME):
        found.append(f"{events.NAME} ({lines} {'line' if lines == 1 else 'lines'})")
    return not found, "as its training left it" if not found else f"not as its training left it: {', '.join(found)}"
