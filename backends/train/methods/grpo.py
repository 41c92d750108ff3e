"""Group relative policy optimisation (Shao et al. 2024, eq. 3) against the spec's own rewards, held to the base by a KL
term."""

from __future__ import annotations

from typing import Any

from backends.train.methods._policy import COLUMNS, FILES, JUDGED, fit, given, script

__all__ = ["COLUMNS", "FILES", "JUDGED", "config", "fit", "given", "script", "trainer"]


def config() -> Any:
    from trl import GRPOConfig

    return GRPOConfig


def trainer() -> Any:
    from trl import GRPOTrainer

    return GRPOTrainer
