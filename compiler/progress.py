"""How long work tells how far it is. The driver draws it; a stage only calls it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as often as a stage likes; `total` 0 means unknown. `unit` is what is counted: rows, steps, answers."""

    def __call__(self, stage: str, done: int, total: int, unit: str, note: str = "") -> None: ...


def silent(stage: str, done: int, total: int, unit: str, note: str = "") -> None:
    """A progress that shows nothing."""
