"""The desk behind the review page: rows of one build, and the list that they are struck out on.

In: what the page sends. Out: JSON values; the list on the disk is changed before they are. Rows are named by their
content, so that a page that was loaded before a rebuild can strike no other row. This file must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Any

from compiler import struck
from compiler.failures import TenetError
from compiler.records.rows import PreferencePair

ASKS = ("strike", "restore")
MOST_KEYS = 1000


class Unfit(ValueError):
    """What was sent changes nothing; the message says why."""


class Desk:
    """path: of the list. by: who is at the desk, as the list shall say."""

    def __init__(self, pairs: Iterable[PreferencePair], path: Path, by: str = "") -> None:
        self.by_key = {struck.key_of_pair(pair): pair for pair in pairs}
        self.path = path
        self.by = by
        self._lock = Lock()

    def strike(self, sent: dict[str, Any]) -> dict[str, Any]:
        keys = _keys(sent)
        unknown = [key for key in keys if key not in self.by_key]
        if unknown:
            raise Unfit("a row of the page is not in this build: load the page again")
        return self._change(lambda: struck.strike(self.path, [self.by_key[key] for key in keys], by=self.by))

    def restore(self, sent: dict[str, Any]) -> dict[str, Any]:
        keys = _keys(sent)
        # Another hand may have taken a row off the list already.
        return self._change(lambda: struck.restore(self.path, keys, missing_ok=True))

    def _change(self, change: Callable[[], list[Any]]) -> dict[str, Any]:
        with self._lock:
            try:
                changed = change()
                return {"changed": len(changed), "struck": len(struck.read(self.path))}
            except (TenetError, OSError) as error:
                raise Unfit(f"{self.path.name} was not changed: {error}") from error


def _keys(sent: dict[str, Any]) -> list[str]:
    keys = sent.get("keys")
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_KEYS or not all(isinstance(key, str) for key in keys):
        raise Unfit(f"send `keys`, a list of 1 to {MOST_KEYS}")
    return keys
