"""What a method may ask for beside its rows.

In: nothing. Out: `Surroundings`. This file must not know methods.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backends.bases import Base
from backends.cached import CachedEngine
from backends.devices import Device


@dataclass(frozen=True, slots=True)
class Surroundings:
    """build: the folder `build/<spec>`. judge: loads what decides a principle. reward: the reward model that a stage
    before this one has trained, None for none."""

    build: Path
    base: Base
    judge: Callable[[], CachedEngine]
    device: Device
    reward: Path | None = None
