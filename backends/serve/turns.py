"""Answers those requests that wait, together: whatever their models, in one batch.

In: requests from any thread. Out: each one's answer. One thread computes; what comes while it does waits for the next
batch, so that nobody waits for a batch to fill. This file must not know the protocol.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends.engines.transformers import TransformersEngine
from backends.serve.asking import Asked, Refusal
from compiler.failures import TenetError

MOST_ROWS = 64
"""Requests in one batch."""
MOST_WAITING = 512


@dataclass(frozen=True, slots=True)
class Answer:
    """finished: whether the model ended its turn; else it ran out of tokens."""

    text: str
    finished: bool
    asked_tokens: int
    said_tokens: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    asked: Asked
    adapter: Path | None
    ids: list[int]
    answer: Future[Answer] = field(default_factory=Future)


class Turns:
    """models: name -> its adapter, None for the base."""

    def __init__(self, engine: TransformersEngine, models: Mapping[str, Path | None]) -> None:
        self.models = dict(models)
        self._engine = engine
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._ends = False
        self._thread = threading.Thread(target=self._work, name="answers", daemon=True)

    def start(self) -> None:
        """Load every adapter, and begin to answer.

        Raises:
            ModelLoadError: one of them cannot be read, or is no plain LoRA of this base.
        """
        from backends.engines import Sampling

        arms = list(self.models.values())
        self._engine.mixed_continuations([[0]] * len(arms), arms, Sampling(max_new_tokens=1))
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def ask(self, asked: Asked) -> Answer:
        """Wait for the answer.

        Raises:
            Refusal: there is no such model, the request cannot be read, or too many wait.
        """
        if asked.model not in self.models:
            listed = ", ".join(self.models)
            raise Refusal(404, f"there is no model {asked.model!r}; there are: {listed}", "model_not_found")
        try:
            ids = self._engine.chat.prompt_ids(asked.conversation)
        except Exception as error:  # templates raise what they like, by raise_exception() in Jinja
            raise Refusal(400, f"the chat template refuses these messages: {error}") from error
        if len(ids) >= self._engine.longest:
            said = f"{len(ids)} tokens are asked, and the model reads {self._engine.longest}"
            raise Refusal(400, said, "context_length_exceeded")
        mine = _Waiting(asked, self.models[asked.model], ids)
        with self._changed:
            if self._ends:
                raise Refusal(503, "the server is being stopped", "server_error")
            if len(self._waiting) >= MOST_WAITING:
                raise Refusal(429, f"{MOST_WAITING} requests are waiting", "rate_limit_exceeded")
            self._waiting.append(mine)
            self._changed.notify_all()
        return mine.answer.result()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ends)
                if self._ends:
                    left, self._waiting = self._waiting, []
                    for one in left:
                        one.answer.set_exception(Refusal(503, "the server is being stopped", "server_error"))
                    return
                batch = self._next()
            try:
                answers = self._answered(batch)
            except Exception as error:  # told to those who asked; the next batch may fare better
                said = error.message if isinstance(error, TenetError) else f"{type(error).__name__}: {error}"
                for one in batch:
                    one.answer.set_exception(Refusal(500, said, "server_error"))
            else:
                for one, answer in zip(batch, answers, strict=True):
                    one.answer.set_result(answer)

    def _next(self) -> list[_Waiting]:
        """Take the request that waits longest, with those that are like it."""
        alike = self._waiting[0].asked.alike
        own = alike[1] is not None
        batch = [one for one in self._waiting if one.asked.alike == alike][: 1 if own else MOST_ROWS]
        self._waiting = [one for one in self._waiting if one not in batch]
        return batch

    def _answered(self, batch: Sequence[_Waiting]) -> list[Answer]:
        asked = batch[0].asked
        seed = random.getrandbits(63) if asked.seed is None else asked.seed
        # Short answers of a batch are cut, so that each request has as many tokens as it asked for.
        sampling = asked.sampling(max(one.asked.max_new for one in batch), seed)
        found: Any = self._engine.mixed_continuations(
            [one.ids for one in batch], [one.adapter for one in batch], sampling
        )
        answers = []
        for one, whole in zip(batch, found, strict=True):
            ids = (whole or [])[: one.asked.max_new]
            full = len(ids) == one.asked.max_new or len(one.ids) + len(ids) >= self._engine.longest
            answers.append(Answer(self._engine.chat.text_of(ids), not full, len(one.ids), len(ids)))
        return answers
