"""What units came to in earlier builds, so that a build follows again only what an edit has changed.

In: a kind of thing, and a digest of all that it was made from. Out: the thing as JSON, where this very code has made it
before. It stands in the store beside the answers that it took, which are kept as long as it is. What is remembered is
only ever what would be made again: deleting it loses time and nothing else. This file must not know what is remembered.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from backends.store import Store
from compiler.digests import digest
from compiler.unchanged import PACKAGES, ROOT

WEIGHTS = ".safetensors"
"""Endings of files that are no code: a base is told by its own digest."""


@cache
def code_digest() -> str:
    """Of everything that Tenet consists of, and of the Python that runs it."""
    told = hashlib.sha256(sys.version.encode())
    for package in PACKAGES:
        for path in sorted(Path(ROOT, package).rglob("*")):
            if path.suffix != WEIGHTS and path.parent.name != "__pycache__" and path.is_file():
                told.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
                told.update(hashlib.sha256(path.read_bytes()).digest())
    return told.hexdigest()


TOGETHER = 500
"""Things that are written down at once."""


class Memory:
    """What is remembered in `store`; what is new is written from time to time, and the rest by `write`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._new: dict[str, tuple[list[Any], set[int]]] = {}

    def get(self, kind: str, what: str) -> list[Any] | None:
        """The thing of this kind that was made from `what`."""
        key = _key(kind, what)
        return self._new[key][0] if key in self._new else self._store.get(key)

    def put(self, kind: str, what: str, rows: list[Any], answers: set[int]) -> None:
        """Remember it. answers: the entries of the store that it was made with."""
        self._new[_key(kind, what)] = rows, answers
        if len(self._new) >= TOGETHER:
            self.write()

    @contextmanager
    def noting(self, answers: set[int]) -> Iterator[None]:
        """Note in `answers` which entries of the store are read or written."""
        with self._store.noting(answers):
            yield

    def write(self) -> None:
        """Write down what is new.

        Raises:
            StoreError: the disk is full, or cannot be written to.
        """
        if self._new and not self._store.read_only:
            self._store.put_all((key, rows, answers) for key, (rows, answers) in self._new.items())
        self._new.clear()


def _key(kind: str, what: str) -> str:
    return digest({"remembered": kind, "code": code_digest(), "of": what})
