"""The engine for a model behind a server that speaks the OpenAI protocol (chat completions).

In: conversations. Out: answers, or the probability that a judge says yes: from the log-probabilities that the server
gives where its reply says it, else 1 or 0 from the reply's words. The requests of a batch are sent side by side. What
needs weights (an adapter, the likelihood of a given answer, next-token divergences) is refused. This file must not know
recipes, probes or clauses, or how a request is sent.

A server may answer the same request otherwise tomorrow; the cache in front of an engine is what keeps an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

from backends.bases import Base
from backends.devices import Device
from backends.engines import Conversation, Sampling
from backends.server import Refused, Server, served
from compiler.failures import DataError, NetworkError
from compiler.records.record import Message
from compiler.replies import YES_NO, Words, verdict

SIDE_BY_SIDE = 8
"""Requests under way at once."""
ALTERNATIVES = 20
"""Log-probabilities asked for at each place; the protocol's most."""
JUDGE_TOKENS = 256
"""How long a judge's reply may be. Served judges give longer reasons than small local ones."""
TOO_LONG = ("context length", "context_length", "maximum context", "context window", "too long", "context size")


def load(base: Base) -> OpenAIEngine:
    return OpenAIEngine(base, served(base.name))


class OpenAIEngine:
    def __init__(self, base: Base, server: Server) -> None:
        self.base = base
        self.server = server
        self.device = Device("server", "unknown", server.host, SIDE_BY_SIDE)
        # What this server has refused to read, so that it is not asked for again.
        self._tokens = "max_tokens"
        self._gives_chances = True

    def answers(self, batch: Sequence[Conversation], sampling: Sampling, *, adapter: bool = False) -> list[str | None]:
        if adapter:
            self.attach(Path())
        asked = [self._request(conversation, sampling, row) for row, conversation in enumerate(batch)]
        return [None if choice is None else _content(choice) for choice in self._all(asked)]

    def yes(self, requests: Sequence[str], words: Words = YES_NO) -> list[float | None]:
        sampling = Sampling(max_new_tokens=JUDGE_TOKENS)
        asked = [self._request((Message(role="user", content=text),), sampling, 0) for text in requests]
        chances = {"logprobs": True, "top_logprobs": ALTERNATIVES}
        return [None if choice is None else _chance(choice, words) for choice in self._all(asked, chances)]

    def count(self, text: str) -> int:
        _needs_weights("how many tokens a text has")

    def attach(self, adapter: Path) -> None:
        _needs_weights("an adapter")

    def hold(self, grammar: str | None) -> None:
        raise DataError(
            "a served model is guarded by its server",
            help="give guard.lark to the server: vLLM takes it as `structured_outputs` with `grammar`",
        )

    def divergences(self, batch: Sequence[Conversation]) -> list[float | None]:
        _needs_weights("the divergence of an adapter from its base")

    def log_likelihoods(
        self, batch: Sequence[tuple[Conversation, str]], *, adapter: bool = False
    ) -> list[tuple[float, int] | None]:
        _needs_weights("the likelihood of a given answer")

    # ------------------------------------------------------------------ requests

    def _request(self, conversation: Conversation, sampling: Sampling, row: int) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.server.model,
            "messages": [{"role": m.role, "content": m.content} for m in conversation],
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_new_tokens,
        }
        if sampling.temperature > 0:
            # Two rows of a batch may ask the same thing, and are to be drawn apart.
            body["seed"] = (sampling.seed * 4096 + row) % (1 << 31)
        if sampling.min_p:
            body["min_p"] = sampling.min_p
        return body

    def _all(
        self, asked: Sequence[dict[str, Any]], further: dict[str, Any] | None = None
    ) -> list[dict[str, Any] | None]:
        def one(body: dict[str, Any]) -> dict[str, Any] | None:
            return self._ask(body, further or {})

        return _side_by_side(one, asked)

    def _ask(self, body: dict[str, Any], chances: dict[str, Any]) -> dict[str, Any] | None:
        """The server's first choice; None where the conversation is longer than its model reads."""
        for _ in range(3):
            with_chances = bool(chances) and self._gives_chances
            tokens = self._tokens
            sent = {tokens if key == "max_tokens" else key: value for key, value in body.items()}
            try:
                reply = self.server.post("chat/completions", {**sent, **(chances if with_chances else {})})
            except Refused as refused:
                if any(sign in refused.said.lower() for sign in TOO_LONG):
                    return None
                # Two things that servers differ in; each is tried the other way once.
                if refused.status in (400, 422) and "logprobs" in refused.said and with_chances:
                    self._gives_chances = False
                elif (
                    refused.status in (400, 422) and "max_completion_tokens" in refused.said and tokens == "max_tokens"
                ):
                    self._tokens = "max_completion_tokens"
                else:
                    raise self._failure(f"{refused.status} {refused.said}") from None
                continue
            return self._choice(reply)
        raise self._failure("it refuses what was asked in each form that is known")

    def _choice(self, reply: dict[str, Any]) -> dict[str, Any]:
        try:
            choice = reply["choices"][0]
            content = choice["message"].get("content")
        except (KeyError, IndexError, TypeError, AttributeError):
            raise self._failure("its answer has no `choices` with a message") from None
        if not isinstance(content, str | None):
            raise self._failure("its answer is no text")
        return dict(choice)

    def _failure(self, said: str) -> NetworkError:
        return NetworkError(
            f"{self.server.url} does not answer for {self.server.model}: {said}",
            help="see that the server has this model and speaks the OpenAI protocol (chat completions)",
        )


def _needs_weights(what: str) -> NoReturn:
    raise DataError(f"a served model gives no weights, so it cannot tell {what}", help="use a local base for this")


def _side_by_side(
    ask: Callable[[dict[str, Any]], dict[str, Any] | None], asked: Sequence[dict[str, Any]]
) -> list[dict[str, Any] | None]:
    """Ask all, some at once, and return the replies in order. The first failure ends it: what waits is not sent."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        under_way = [pool.submit(ask, body) for body in asked]
        try:
            return [one.result() for one in under_way]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _content(choice: dict[str, Any]) -> str | None:
    """The answer's text. An answer that the server withheld (no content) is missing data."""
    content = choice["message"].get("content")
    return None if content is None else str(content).strip()


# ------------------------------------------------------------------ a verdict and its probability


def _chance(choice: dict[str, Any], words: Words) -> float | None:
    """The probability of the first of `words` against the second where the reply says its verdict; None where it says
    none."""
    reply = choice["message"].get("content") or ""
    found = verdict(reply, words)
    if found is None:
        return None
    said = 1.0 if found[0] == words[0] else 0.0
    logprobs = choice.get("logprobs")
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(tokens, list):
        return said
    try:
        at = _place(tokens, found)
        if at is None:
            return said
        first, second = (_mass(tokens[at]["top_logprobs"], word) for word in words)
    except (KeyError, TypeError, ValueError, OverflowError):
        return said
    return first / (first + second) if first + second > 0 else said


def _place(tokens: Sequence[dict[str, Any]], found: tuple[str, int]) -> int | None:
    """The token that says the verdict: the one in which it starts. Where a letter is split among tokens their lengths
    do not add up; then it is the last token that is this word."""
    word, start = found
    same = [place for place, token in enumerate(tokens) if token["token"].strip().lower() == word]
    end = 0
    for place, token in enumerate(tokens):
        end += len(token["token"])
        if end > start:
            return place if place in same else max(same, default=None)
    return max(same, default=None)


def _mass(alternatives: Iterable[dict[str, Any]], word: str) -> float:
    return sum(math.exp(float(one["logprob"])) for one in alternatives if str(one["token"]).strip().lower() == word)
