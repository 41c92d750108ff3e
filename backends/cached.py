"""Answers and judgements, each computed once: a cache by content in front of an engine.

In: batches. Out: what the engine says to them, from the store of answers where it is there. Its key is a digest over
base, the adapter, the request texts, the sampling, and what computes (device kind, number type, threads, versions),
never a path or a time. A batch is stored as a whole, so what stands in the cache never changes how later batches are
composed. The engine is loaded at the first miss: work that was done before loads no weights. This file must not know
recipes or probes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from backends import engines, machine, store
from backends.bases import Base, load_chat
from backends.engines import Conversation, Engine, Remembering, Sampling
from backends.vectors import Steering, steering
from compiler.digests import digest
from compiler.facts import Machine
from compiler.failures import DataError
from compiler.replies import YES_NO, Words

VERSION = 3
"""Of what the local engine writes for the same batch; a change of the decode loop's results raises it."""

CHUNK = 64
"""Most requests in a batch."""


class CachedEngine:
    """An engine that remembers. adapter: a folder, with the digest of its weights. computes: what computes here, where
    that is known; what is expected otherwise, until the engine is loaded. steering: vectors, for answers that ask for
    them."""

    def __init__(
        self,
        base: Base,
        cache: Path,
        adapter: tuple[Path, str] | None = None,
        engine: str | None = None,
        computes: Machine | None = None,
    ) -> None:
        self.base = base
        self.cache = cache
        self.adapter = adapter
        self.steering: Steering | None = None
        self.name = engine or engines.chosen(base)
        self.machine = computes or machine.expected()
        self.computed = 0
        """How many batches were not in the cache."""
        self._engine: Engine | None = None

    @property
    def loaded(self) -> bool:
        """Whether the engine is in memory."""
        return self._engine is not None

    @property
    def store(self) -> store.Store:
        """Where answers are kept."""
        return store.opened(self.cache)

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = engines.load(self.base, self.name)
            if self.adapter is not None:
                self._engine.attach(self.adapter[0])
            if isinstance(self._engine, Remembering):
                # An answer that was paid for is kept as it comes, whatever becomes of its batch.
                self._engine.remember = lambda asked, compute: self._kept(self._key(asked), lambda: [compute()])[0]
        return self._engine

    @property
    def _is_served(self) -> bool:
        return self.base.engine != "transformers"

    def fingerprint(self) -> str:
        """A digest of everything that an answer depends on beside what is asked: base, engine, machine."""
        return self._key({"ask": "anything"})

    def has_system(self) -> bool:
        """Whether the base's chat template knows a system role."""
        if self._is_served:
            return True
        # A question to the template: no engine is loaded for it.
        key = self._key({"ask": "has_system"})
        return bool(self._kept(key, lambda: [load_chat(self.base).has_system])[0])

    def steered(self, steer: bool) -> AbstractContextManager[None]:
        """The engine under its vectors, where they are asked for.

        Raises:
            DataError: there are none.
        """
        return steering(self.engine, self._asked_for()) if steer else nullcontext()

    def _asked_for(self) -> Steering:
        if self.steering is None:
            raise DataError("an answer under vectors was asked for, and there are none")
        return self.steering

    def answers(
        self, batch: Sequence[Conversation], sampling: Sampling, *, adapter: bool = False, steer: bool = False
    ) -> list[str | None]:
        """As `Engine.answers`, under vectors where `steer` says so; at most CHUNK conversations."""
        assert len(batch) <= CHUNK
        if not batch:
            return []
        if sampling.temperature == 0:
            sampling = replace(sampling, seed=0)  # greedy answers draw nothing
        asked = {
            "ask": "answers",
            "messages": [[(m.role, m.content) for m in conversation] for conversation in batch],
            "sampling": sampling.record(),
            "adapter": self.adapter[1] if adapter and self.adapter else None,
            **self._vectors(steer),
        }

        def compute() -> list[str | None]:
            with self.steered(steer):
                return self.engine.answers(batch, sampling, adapter=adapter)

        return list(self._remember(asked, compute))

    def _vectors(self, steer: bool) -> dict[str, str]:
        """What the key of an answer says of vectors: nothing of one without them."""
        return {"steering": self._asked_for().digest} if steer else {}

    def yes(self, requests: Sequence[str], words: Words = YES_NO) -> list[float | None]:
        """As `Engine.yes`; at most CHUNK requests."""
        assert len(requests) <= CHUNK
        if not requests:
            return []
        asked = {"ask": "yes", "requests": list(requests)}
        # Rounded, so that a stored probability and a computed one are the same number in every file.
        if words == YES_NO:
            return list(self._remember(asked, lambda: _rounded(self.engine.yes(requests))))
        return list(self._remember({**asked, "words": words}, lambda: _rounded(self.engine.yes(requests, words))))

    def log_likelihoods(
        self, batch: Sequence[tuple[Conversation, str]], *, adapter: bool = False
    ) -> list[tuple[float, int] | None]:
        """As `Engine.log_likelihoods`; at most CHUNK answers."""
        assert len(batch) <= CHUNK
        if not batch:
            return []
        asked = {
            "ask": "log_likelihoods",
            "messages": [[[(m.role, m.content) for m in conversation], answer] for conversation, answer in batch],
            "adapter": self.adapter[1] if adapter and self.adapter else None,
        }

        def graded() -> list[list[float | int] | None]:
            return [
                None if found is None else [round(found[0], 4), found[1]]
                for found in self.engine.log_likelihoods(batch, adapter=adapter)
            ]

        return [None if found is None else (found[0], found[1]) for found in self._remember(asked, graded)]

    def choices(
        self, batch: Sequence[Conversation], options: Sequence[str], *, adapter: bool = False, steer: bool = False
    ) -> list[tuple[float, ...] | None]:
        """As the local engine's, under vectors where `steer` says so; None throughout for an engine that does not tell
        probabilities."""
        asked = {
            "ask": "choices",
            "messages": [[(m.role, m.content) for m in conversation] for conversation in batch],
            "options": list(options),
            "adapter": self.adapter[1] if adapter and self.adapter else None,
            **self._vectors(steer),
        }

        def compute() -> list[Any]:
            tell = getattr(self.engine, "choices", None)
            with self.steered(steer):
                found = tell(batch, options, adapter=adapter) if tell else [None] * len(batch)
            return [None if row is None else [round(number, 6) for number in row] for row in found]

        return [None if row is None else tuple(row) for row in self._remember(asked, compute)]

    def divergences(self, batch: Sequence[Conversation]) -> list[float | None]:
        """As `Engine.divergences`."""
        asked = {
            "ask": "divergences",
            "messages": [[(m.role, m.content) for m in conversation] for conversation in batch],
            "adapter": self.adapter[1] if self.adapter else None,
        }
        return list(self._remember(asked, lambda: _rounded(self.engine.divergences(batch))))

    def compared(self, batch: Sequence[Conversation], answers: Sequence[str]) -> list[tuple[float, float] | None]:
        """As `Engine.compared`; at most CHUNK conversations."""
        assert len(batch) <= CHUNK
        asked = {
            "ask": "compared",
            "messages": [[(m.role, m.content) for m in conversation] for conversation in batch],
            "answers": list(answers),
            "adapter": self.adapter[1] if self.adapter else None,
        }

        def compute() -> list[list[float] | None]:
            found = self.engine.compared(batch, answers)
            return [None if pair is None else [round(number, 6) for number in pair] for pair in found]

        rows = self._remember(asked, compute)
        return [None if row is None else (float(row[0]), float(row[1])) for row in rows]

    def count(self, text: str) -> int:
        """As `Engine.count`."""
        if self.name == "recorded":
            return self.engine.count(text)
        # A question to the tokenizer: no engine is loaded for it.
        key = self._key({"ask": "count", "text": text})
        return int(self._kept(key, lambda: [load_chat(self.base).count(text)])[0])

    def _remember(self, asked: dict[str, Any], compute: Callable[[], list[Any]]) -> list[Any]:
        if self.name == "recorded":
            return compute()  # a recording is what it is kept in
        kept = self.store
        rows = kept.get(self._key(asked))
        if rows is None:
            kept.check_writable()
            if self._load():
                # Something else computes than was expected, so the batch has another name.
                rows = kept.get(self._key(asked))
        if rows is None:
            self.computed += 1
            rows = compute()
            kept.put(self._key(asked), rows)
        return rows

    def _kept(self, key: str, compute: Callable[[], list[Any]]) -> list[Any]:
        rows = self.store.get(key)
        if rows is None:
            self.store.check_writable()
            rows = compute()
            self.store.put(key, rows)
        return rows

    def _load(self) -> bool:
        """Load the engine; return whether it computes otherwise than was expected."""
        if self._is_served:
            return False
        expected = self.machine
        self.machine = machine.of_device(self.engine.device)
        return self.machine != expected

    def _key(self, asked: dict[str, Any]) -> str:
        what = {"version": VERSION, "engine": self.name, "base": self.base.digest}
        if self._is_served:
            # What computes is not this machine.
            return digest({**what, **asked})
        computes = self.machine.influencing("measure" if asked.get("adapter") else "generate")
        return digest({**what, "machine": computes, **asked})


def _rounded(numbers: Sequence[float | None]) -> list[float | None]:
    return [None if number is None else round(number, 6) for number in numbers]
