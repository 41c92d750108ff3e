"""Content hashes: equal things have equal digests, wherever they stand.

In: dataclasses of the IR, records, files. Out: SHA-256 in hex over canonical JSON (sorted keys, no spaces, UTF-8).
Spans never enter a digest: a moved clause is the same clause, so a comment edit regenerates, retrains and remeasures
nothing. This file must not know what a digest is used for.

>>> digest({"b": 1, "a": (2, 3)}) == digest({"a": [2, 3], "b": 1})
True
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler.records.recipe import Recipe, Unit

SPAN_FIELDS = frozenset({"span", "spans", "field_spans"})


def plain(value: Any) -> Any:
    """Return `value` as JSON's own types, spans left out; a dataclass names its class, so that unlike bodies differ."""
    kind: type = type(value)
    if kind is str or value is None:  # most of what a program holds
        return value
    names = _hashed_fields(kind, SPAN_FIELDS)
    if names is not None:
        return {"is": kind.__name__, **{name: plain(getattr(value, name)) for name in names}}
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items() if k not in SPAN_FIELDS}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


@cache
def _hashed_fields(kind: type, places: frozenset[str]) -> tuple[str, ...] | None:
    """The fields of a dataclass that enter its digest, `places` left out; None for other classes."""
    return tuple(f.name for f in fields(kind) if f.name not in places) if is_dataclass(kind) else None


def canonical(value: Any) -> str:
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Hash a file's bytes; a file that has not changed since is not read again by this process."""
    return _file_digest(*file_state(path))


def content_sha256(path: Path) -> str:
    """Hash a file's bytes as they are now, whatever its times say: for what may have been tampered with."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def rows_digest(path: Path) -> str:
    """Hash the rows of a JSON Lines file in their order, whatever lines of the spec they lead back to. As
    `file_digest`, once."""
    return _rows_digest(*file_state(path))


State = tuple[str, int, int, int]
"""A file's path, size, time of change and number: what differs once somebody has written to it."""


def file_state(path: Path) -> State:
    """What tells whether a file has changed since it was read."""
    found = path.stat()
    return str(path.absolute()), found.st_size, found.st_mtime_ns, found.st_ino


@cache
def _file_digest(path: str, *_: int) -> str:
    return content_sha256(Path(path))


@cache
def _rows_digest(path: str, *_: int) -> str:
    state = hashlib.sha256()
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                state.update(canonical(json.loads(line)).encode())
                state.update(b"\n")
    return state.hexdigest()


def unit_digest(unit: Unit) -> str:
    """Hash all that decides what is asked of a model for a unit. What else an answer is held against (`measures`) is
    written beside a probe and asks for no answer; nor does filters.json, which stands behind generation."""
    return hashlib.sha256(
        unit.model_dump_json(exclude={"measures", "spans", "share"}, exclude_defaults=True).encode()
    ).hexdigest()


def measures_digest(recipe: Recipe) -> str:
    """Hash what answers to probes are held against beside the probes' own checks."""
    checks = recipe.model_dump(mode="json", include={"measures"})
    units = [[unit.id, unit.measures] for unit in recipe.units if unit.measures]
    return hashlib.sha256(json.dumps([checks, units], ensure_ascii=False).encode()).hexdigest()


def training_digest(build: Path, base: str, told: Iterable[str], rows: Iterable[str]) -> str:
    """Hash what decides an adapter: the base's own digest, the job files in the order they run and what else they are
    told by, and the rows they read.

    Args:
        build: the folder `build/<spec>`.
        base: digest of the base's weights, tokenizer and chat template.
        told: files of the build, in order.
        rows: names of the row files.
    """
    return digest(
        {
            "base": base,
            "told": [[name, file_digest(build / name)] for name in told],
            "rows": [[name, rows_digest(build / name)] for name in rows],
        }
    )
