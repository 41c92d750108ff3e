"""Answers from a file of recorded requests, in place of the model that gave them.

In: a file of JSON lines, each with a request, its key and its answer. Out: the same answers, without weights, servers
or randomness; or, where the file is recorded, what another engine says, which is then in it. This file must not know
which engine that is.

    TENET_REPLAY=answers.jsonl tenet build SPEC     every model answers from the file, and nothing else does
    TENET_RECORD=answers.jsonl tenet build SPEC     what the file does not hold is asked, and added to it

A key is the digest of what was asked and of whom: the base's content, or a served model's name (not its address). Row
`place` counts in a sampled batch, since its draw does. What comes from the file passes no cache.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from backends.bases import Base, is_served
from backends.devices import Device
from backends.engines import Conversation, Engine, Remember, Remembering, Sampling
from compiler.digests import digest
from compiler.failures import DataError
from compiler.replies import YES_NO, Words

REPLAY, RECORD = "TENET_REPLAY", "TENET_RECORD"


def is_asked_for() -> bool:
    return bool(os.environ.get(REPLAY) or os.environ.get(RECORD))


def load(base: Base) -> RecordedEngine:
    """
    Raises:
        DataError: the environment names no file, or one that is not there to be replayed.
    """
    from backends import engines

    if path := os.environ.get(RECORD):
        return RecordedEngine(base, recording(Path(path)), lambda: engines.load(base, engines.own(base)))
    if path := os.environ.get(REPLAY):
        if not Path(path).is_file():
            raise DataError(f"{path} is not there to be replayed", help=f"record it: {RECORD}={path}")
        return RecordedEngine(base, recording(Path(path)))
    raise DataError("no file of recorded answers is named", help=f"name it: {REPLAY}=answers.jsonl")


class Recording:
    """The answers of a file, by the key of their request; `add` writes one more to its end."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            DataError: a line is no recorded answer. A last one without an end is what a kill has left, and does not
                count.
        """
        self.path = path
        self.answers: dict[str, Any] = {}
        self._lock = threading.Lock()
        try:
            whole, _, _ = path.read_bytes().rpartition(b"\n") if path.is_file() else (b"", b"", b"")
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error}") from error
        self._length = len(whole) + bool(whole)
        self._stream: BinaryIO | None = None
        for number, line in enumerate(whole.split(b"\n") if whole else (), start=1):
            try:
                row = json.loads(line)
                self.answers[row["key"]] = row["answer"]
            except (ValueError, KeyError, TypeError):
                raise DataError(
                    f"{path}:{number} is no recorded answer", help="a line has key, model, request and answer"
                ) from None

    def add(self, key: str, model: str, request: dict[str, Any], answer: Any) -> None:
        line = json.dumps({"key": key, "model": model, "request": request, "answer": answer}, ensure_ascii=False)
        with self._lock:
            if key in self.answers:
                return
            stream = self._opened()
            stream.write(line.encode() + b"\n")
            stream.flush()
            self.answers[key] = answer

    def _opened(self) -> BinaryIO:
        """The file, at the end of its last whole line, held against other processes for as long as this one lives."""
        import fcntl

        if self._stream is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            stream = self.path.open("ab")
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                stream.close()
                raise DataError(
                    f"another process records into {self.path}", help="give each process a recording of its own"
                ) from None
            stream.truncate(self._length)
            self._stream = stream
        return self._stream


_recordings: dict[Path, Recording] = {}


def recording(path: Path) -> Recording:
    """The recording of a file, one for all engines of this process that share it."""
    place = path.resolve()
    if place not in _recordings or not place.is_file():
        _recordings[place] = Recording(path)
    return _recordings[place]


class RecordedEngine:
    """through: loads the engine that is asked for what the file does not hold; None to replay only."""

    def __init__(self, base: Base, kept: Recording, through: Callable[[], Engine] | None = None) -> None:
        self.base = base
        self.kept = kept
        self.device = Device("recorded", "unknown", kept.path.name, 1)
        self.adapter: tuple[Path, str] | None = None
        self.remember: Remember | None = None
        self._through = through
        self._engine: Engine | None = None
        name = base.name.partition("@http")[0]
        self._of = name if is_served(base.name) else base.digest

    @property
    def engine(self) -> Engine | None:
        if self._engine is None and self._through is not None:
            self._engine = self._through()
            if self.adapter is not None:
                self._engine.attach(self.adapter[0])
            if isinstance(self._engine, Remembering):
                self._engine.remember = self.remember
        return self._engine

    def attach(self, adapter: Path) -> None:
        from backends.train.adapters import adapter_digest

        self.adapter = adapter, adapter_digest(adapter)
        if self._engine is not None:
            self._engine.attach(adapter)

    # ------------------------------------------------------------------ what may be asked

    def hold(self, grammar: str | None) -> None:
        raise DataError("recorded answers are what they are", help="take the model itself for an answer that is held")

    def count(self, text: str) -> int:
        return int(self._all("count", [{"text": text}], lambda engine: [engine.count(text)])[0])

    def answers(self, batch: Sequence[Conversation], sampling: Sampling, *, adapter: bool = False) -> list[str | None]:
        drawn = sampling.temperature > 0
        how = sampling.record() if drawn else {**sampling.record(), "seed": 0}
        asked = [
            {"messages": _messages(conversation), "sampling": how, "adapter": self._arm(adapter)}
            | ({"place": place} if drawn else {})
            for place, conversation in enumerate(batch)
        ]
        return self._all("answers", asked, lambda engine: engine.answers(batch, sampling, adapter=adapter))

    def yes(self, requests: Sequence[str], words: Words = YES_NO) -> list[float | None]:
        asked = [{"text": text, "words": list(words)} for text in requests]
        return self._all("yes", asked, lambda engine: engine.yes(requests, words))

    def log_likelihoods(
        self, batch: Sequence[tuple[Conversation, str]], *, adapter: bool = False
    ) -> list[tuple[float, int] | None]:
        arm = self._arm(adapter)
        asked = [{"messages": _messages(talk), "answer": answer, "adapter": arm} for talk, answer in batch]
        found = self._all("log_likelihoods", asked, lambda engine: engine.log_likelihoods(batch, adapter=adapter))
        return [None if pair is None else (float(pair[0]), int(pair[1])) for pair in found]

    def divergences(self, batch: Sequence[Conversation]) -> list[float | None]:
        asked = [{"messages": _messages(talk), "adapter": self._arm(True)} for talk in batch]
        return self._all("divergences", asked, lambda engine: engine.divergences(batch))

    def compared(self, batch: Sequence[Conversation], answers: Sequence[str]) -> list[tuple[float, float] | None]:
        asked = [
            {"messages": _messages(talk), "answer": answer, "adapter": self._arm(True)}
            for talk, answer in zip(batch, answers, strict=True)
        ]
        found = self._all("compared", asked, lambda engine: engine.compared(batch, answers))
        return [None if pair is None else (float(pair[0]), float(pair[1])) for pair in found]

    def choices(
        self, batch: Sequence[Conversation], options: Sequence[str], *, adapter: bool = False
    ) -> list[tuple[float, ...] | None]:
        """As the local engine's; None throughout where the engine that was recorded does not tell probabilities."""
        arm = self._arm(adapter)
        asked = [{"messages": _messages(talk), "options": list(options), "adapter": arm} for talk in batch]

        def tell(engine: Engine) -> list[Any]:
            known = getattr(engine, "choices", None)
            return list(known(batch, options, adapter=adapter)) if known else [None] * len(batch)

        return [None if row is None else tuple(row) for row in self._all("choices", asked, tell)]

    # ------------------------------------------------------------------ the file

    def _arm(self, adapter: bool) -> str | None:
        if adapter and self.adapter is None:
            raise DataError("an answer with the adapter was asked for, and none is attached")
        return self.adapter[1] if adapter and self.adapter is not None else None

    def _all(self, ask: str, asked: Sequence[dict[str, Any]], compute: Callable[[Engine], Sequence[Any]]) -> list[Any]:
        """A batch is asked as a whole where any of it is missing: what an engine says may depend on its composition."""
        requests = [{"ask": ask, **request} for request in asked]
        keys = [digest({"of": self._of, **request}) for request in requests]
        missing = [place for place, key in enumerate(keys) if key not in self.kept.answers]
        if missing:
            if self.engine is None:
                raise DataError(
                    f"{self.kept.path} holds no answer of {self.base.name} to {_shown(requests[missing[0]])}",
                    help=f"record it, with the model at hand: {RECORD}={self.kept.path} and the same command",
                )
            found = compute(self.engine)
            for place in missing:
                self.kept.add(keys[place], self.base.name, requests[place], found[place])
        return [self.kept.answers[key] for key in keys]


def _messages(conversation: Conversation) -> list[list[str]]:
    return [[message.role, message.content] for message in conversation]


def _shown(request: dict[str, Any]) -> str:
    """A request in a line, as a message names it."""
    text = request.get("text") or " | ".join(content for _, content in request.get("messages", ()))
    short = " ".join(str(text).split())
    short = short if len(short) <= 80 else f"{short[:50]} … {short[-25:]}"
    how = {name: value for name, value in request.items() if name not in ("messages", "text")}
    return f"{short!r} ({json.dumps(how, ensure_ascii=False)})"
