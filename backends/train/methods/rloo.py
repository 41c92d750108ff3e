"""REINFORCE leave-one-out (Ahmadian et al. 2024, eq. 8) against the spec's own rewards, held to the base by a KL
term."""

from __future__ import annotations

from typing import Any

from backends.train.methods._policy import COLUMNS, FILES, JUDGED, fit, given, script

__all__ = ["COLUMNS", "FILES", "JUDGED", "config", "fit", "given", "script", "trainer"]


def config() -> Any:
    from trl import RLOOConfig

    return RLOOConfig


def trainer() -> Any:
    from trl import RLOOTrainer

    return RLOOTrainer
