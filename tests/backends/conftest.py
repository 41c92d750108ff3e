"""Every test here is offline, and computes with one thread."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TENET_THREADS", "1")

import pytest

from tests.backends import checkpoints


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One tiny checkpoint of each shape; gemma3's template knows no system role, as Gemma's own."""
    root = tmp_path_factory.mktemp("checkpoints")
    return {
        shape: checkpoints.make(
            root / shape,
            shape,
            checkpoints.WITHOUT_SYSTEM if shape == "gemma3" else checkpoints.WITH_SYSTEM,
        )
        for shape in checkpoints.SHAPES
    }
