"""Every test here is offline, and computes with one thread."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TENET_THREADS", "1")

import pytest

from backends.cached import CachedEngine
from backends.engines import Conversation, Sampling
from tests.backends import checkpoints
from tests.backends.recipes import CPU


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


class ByRule:
    """A model that answers by rule, in place of the engine: `said` maps a conversation to its answer."""

    def __init__(self, said: Any, yes: Any = lambda request: 0.9) -> None:
        self.said = said
        self.judge = yes
        self.device = CPU
        self.asked: list[tuple[Conversation, Sampling]] = []

    def answers(self, batch: Any, sampling: Sampling, *, adapter: bool = False) -> list[str]:
        self.asked += [(conversation, sampling) for conversation in batch]
        return [self.said(conversation, sampling) for conversation in batch]

    def yes(self, requests: Any) -> list[float | None]:
        return [self.judge(request) for request in requests]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Any:
    def use(said: Any, yes: Any = lambda request: 0.9) -> ByRule:
        model = ByRule(said, yes)
        monkeypatch.setattr(CachedEngine, "engine", property(lambda self: model))
        return model

    return use
