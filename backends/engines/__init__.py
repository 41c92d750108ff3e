"""Engines: what generates text. One file each in this folder; the name of the file is the name of the engine.

An engine module has `load(base: Base) -> Engine`; a base says which engine reads it (`Base.engine`), and the
environment may name another (`chosen`). Batches that are handed to an engine are computed as they are handed: the
caller fixes their composition, so the same batch gives the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

from backends.bases import Base
from backends.devices import Device
from compiler.failures import DataError
from compiler.records.record import Message
from compiler.replies import YES_NO, Words

Conversation = tuple[Message, ...]
Remember = Callable[[dict[str, Any], Callable[[], Any]], Any]
"""What was asked, and how to compute it, to what was answered: now, or when it was first asked. Threads may call it
side by side, each with something else."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """temperature 0 is greedy. seed draws the batch's random numbers; each row has its own of them. min_p: no token is
    drawn that is less probable than this share of the likeliest one's probability (Nguyen et al. 2024).
    """

    temperature: float = 0.0
    max_new_tokens: int = 128
    seed: int = 0
    min_p: float = 0.0

    def record(self) -> dict[str, Any]:
        return asdict(self)


class Engine(Protocol):
    base: Base
    device: Device

    def count(self, text: str) -> int:
        """Tokens in `text`."""

    def answers(self, batch: Sequence[Conversation], sampling: Sampling, *, adapter: bool = False) -> list[str | None]:
        """Continue each conversation by one assistant turn, with or without the attached adapter; None where the
        conversation is longer than the base can read."""

    def yes(self, requests: Sequence[str], words: Words = YES_NO) -> list[float | None]:
        """For each request, the probability of yes against no (of the first of `words` against the second) where the
        reply says it: at its first word, or after a reason at the verdict (`It is short. Yes.`); None where the model
        says neither, or cannot read the request."""

    def log_likelihoods(
        self, batch: Sequence[tuple[Conversation, str]], *, adapter: bool = False
    ) -> list[tuple[float, int] | None]:
        """For each conversation and answer, log p(answer | conversation) in nats, summed over the answer's tokens, and
        how many tokens these are; None where both are too long, or the answer is empty."""

    def divergences(self, batch: Sequence[Conversation]) -> list[float | None]:
        """KL(adapter || base) of the next token after each conversation, in nats; None for one that is too long."""

    def compared(self, batch: Sequence[Conversation], answers: Sequence[str]) -> list[tuple[float, float] | None]:
        """For each conversation and answer, KL(adapter || base) in nats a token, over the answer's tokens as they are
        read again, and log p(answer | adapter) - log p(answer | base) in nats; None where there is no room for it."""

    def attach(self, adapter: Path) -> None:
        """Load an adapter onto the base, in place of one that is there."""

    def hold(self, grammar: str | None) -> None:
        """Keep answers within a guard's grammar from now on (`backends.guard`); None: let them be anything again."""


@runtime_checkable
class Remembering(Protocol):
    """An engine whose answers do not depend on what else is in a batch, and each cost something."""

    remember: Remember | None


def names() -> tuple[str, ...]:
    """The engines of this folder, found without importing them."""
    return tuple(sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_")))


def chosen(base: Base) -> str:
    """The engine that reads `base` here: recorded answers where the environment names a file of them, else its own."""
    from backends.engines import recorded

    return "recorded" if recorded.is_asked_for() else own(base)


def own(base: Base) -> str:
    """The engine that computes `base`'s answers: what it says, or, for weights of this machine, `TENET_ENGINE`."""
    return os.environ.get("TENET_ENGINE", base.engine) if base.engine == "transformers" else base.engine


def load(base: Base, engine: str | None = None) -> Engine:
    engine = engine or chosen(base)
    if engine not in names():
        raise DataError(f"there is no engine {engine!r}", help=f"engines: {', '.join(names())}")
    return cast(Engine, import_module(f"backends.engines.{engine}").load(base))
