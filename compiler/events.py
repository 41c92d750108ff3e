"""events.jsonl: how a training went, line by line, each with a sum of itself.

In: events of a training, or the file that holds them. Out: a line; the events that stand as they were written. A file
that grows while a process may be killed has no whole hash: a line that was cut short, or changed since, is told by its
own sum, and left out. This file must not know what an event says.

>>> line({"stage": "dpo", "step": 3})
'{"stage": "dpo", "step": 3, "sum": "b4e00028"}\\n'
"""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO

NAME = "events.jsonl"
SUM = "sum"


def line(event: dict[str, Any]) -> str:
    """Return an event as its line, with the sum (CRC-32 in hex) of all that stands before."""
    told = json.dumps({key: value for key, value in event.items() if key != SUM})
    total = zlib.crc32(told.encode())
    return f'{told[:-1]}{", " if len(told) > 2 else ""}"{SUM}": "{total:08x}"}}\n'


def ends_whole(stream: BinaryIO) -> bool:
    """Whether the last line of a file with content is a whole one."""
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) == b"\n"


def read(path: Path) -> list[dict[str, Any]]:
    """The events of a run that stand as they were written; those of an earlier version have no sums to say so."""
    return [event for event in map(_event, _lines(path)) if event is not None]


def altered(path: Path) -> int:
    """How many lines are not as they were written, the last one aside where a kill has cut it short."""
    found = _lines(path)
    torn = bool(found) and not path.read_bytes().endswith(b"\n") and _event(found[-1]) is None
    return sum(_event(text) is None or SUM not in text for text in found[: -1 if torn else None])


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def _event(text: str) -> dict[str, Any] | None:
    try:
        event = json.loads(text)
    except ValueError:
        return None
    if not isinstance(event, dict):
        return None
    return None if SUM in event and line(event) != f"{text}\n" else event
