"""Rows as bytes: how they are written, by what they are known to be whole, and what earlier versions wrote.

In: rows, keys, files of an earlier version. Out: bytes and checksums, or rows. This file must not know a database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def written_out(rows: Sequence[Any]) -> bytes:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def parsed(body: bytes) -> list[Any]:
    return [json.loads(line) for line in body.decode().split("\n") if line]


def checksum(key: bytes, body: bytes) -> bytes:
    return hashlib.sha256(key + body).digest()


def is_whole(key: object, total: object, body: object) -> bool:
    """Whether an entry is what was written; a flipped byte can also make another type of a value."""
    return isinstance(key, bytes) and isinstance(body, bytes) and checksum(key, body) == total


def is_key(name: str) -> bool:
    return len(name) == 64 and all(letter in "0123456789abcdef" for letter in name)


def older_rows(file: Path) -> bytes | None:
    """The rows of an earlier version's file; None where there is none or it is not what was written."""
    try:
        head, _, body = file.read_bytes().partition(b"\n")
        return body if json.loads(head)["sha256"] == hashlib.sha256(body).hexdigest() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
