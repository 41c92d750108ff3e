"""The engine for a model behind a server that speaks the OpenAI protocol (chat completions).

In: conversations. Out: answers, or the probability that a judge says yes: from the log-probabilities that the server
gives where its reply says it, else 1 or 0 from the reply's words. The requests of a batch are sent side by side, each
is paid for from the command's ledger, and each answer is kept as it comes, by what was asked: neither a failure, a
budget that is spent nor a kill loses one. What needs weights (an adapter, the likelihood of a given answer, next-token
divergences) is refused. This file must not know recipes, probes or clauses, or how a request is sent.

A server may answer the same request otherwise tomorrow; the cache in front of an engine is what keeps an answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from backends.bases import Base
from backends.devices import Device
from backends.engines import Conversation, Remember, Sampling
from backends.pace import Pace
from backends.server import Refused, Server, served
from compiler import spending
from compiler.failures import DataError, NetworkError
from compiler.records.record import Message
from compiler.replies import YES_NO, Words, verdict
from compiler.spending import Ledger

Answer = TypeVar("Answer")

SIDE_BY_SIDE = 8
"""Requests under way at once, unless the command says otherwise."""
ALTERNATIVES = 20
"""Log-probabilities asked for at each place; the protocol's most."""
JUDGE_TOKENS = 256
"""How long a judge's reply may be. Served judges give longer reasons than small local ones."""
TEMPLATE_TOKENS = 16
"""What a chat template may put around a message, at most; a token of text is at least one byte of it."""
TOO_LONG = ("context length", "context_length", "maximum context", "context window", "too long", "context size")


def load(base: Base) -> OpenAIEngine:
    ledger = spending.current()
    return OpenAIEngine(base, replace(served(base.name), pace=Pace(ledger.rate)), ledger)


class OpenAIEngine:
    """remember: keeps what was answered, by what was asked; each request of a batch is asked anew without it."""

    def __init__(self, base: Base, server: Server, ledger: Ledger | None = None) -> None:
        self.base = base
        self.server = server
        self.ledger = ledger or Ledger()
        self.at_once = self.ledger.at_once or SIDE_BY_SIDE
        self.remember: Remember | None = None
        self.device = Device("server", "unknown", server.host, self.at_once)
        # What this server has refused to read, so that it is not asked for again.
        self._tokens = "max_tokens"
        self._gives_chances = True

    def answers(self, batch: Sequence[Conversation], sampling: Sampling, *, adapter: bool = False) -> list[str | None]:
        if adapter:
            self.attach(Path())
        asked = [self._request(conversation, sampling, row) for row, conversation in enumerate(batch)]
        return self._all({"ask": "answer"}, asked, {}, _content)

    def yes(self, requests: Sequence[str], words: Words = YES_NO) -> list[float | None]:
        sampling = Sampling(max_new_tokens=JUDGE_TOKENS)
        asked = [self._request((Message(role="user", content=text),), sampling, 0) for text in requests]
        chances = {"logprobs": True, "top_logprobs": ALTERNATIVES}
        return self._all({"ask": "verdict", "words": words}, asked, chances, lambda choice: _chance(choice, words))

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

    def compared(self, batch: Sequence[Conversation], answers: Sequence[str]) -> list[tuple[float, float] | None]:
        _needs_weights("how far an adapter's answers are from its base")

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
        self,
        kind: dict[str, Any],
        asked: Sequence[dict[str, Any]],
        further: dict[str, Any],
        read: Callable[[dict[str, Any]], Answer | None],
    ) -> list[Answer | None]:
        """Ask all, some at once, and return what `read` makes of the replies, in order."""

        def one(body: dict[str, Any]) -> Answer | None:
            def compute() -> Answer | None:
                choice = self._ask(body, further)
                return None if choice is None else read(choice)

            if self.remember is None:
                return compute()
            kept: Answer | None = self.remember({**kind, "request": body}, compute)
            return kept

        if self.remember is None:
            return _side_by_side(one, asked, self.at_once)
        # What a batch asks twice is paid for once.
        different = {json.dumps(body): body for body in asked}
        said = dict(zip(different, _side_by_side(one, list(different.values()), self.at_once), strict=True))
        return [said[json.dumps(body)] for body in asked]

    def _ask(self, body: dict[str, Any], chances: dict[str, Any]) -> dict[str, Any] | None:
        """The server's first choice; None where the conversation is longer than its model reads."""
        for _ in range(3):
            with_chances = bool(chances) and self._gives_chances
            tokens = self._tokens
            sent = {tokens if key == "max_tokens" else key: value for key, value in body.items()}
            try:
                reply = self._paid({**sent, **(chances if with_chances else {})}, body)
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

    def _paid(self, sent: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        texts = [message["content"].encode() for message in body["messages"]]
        read = sum(map(len, texts)) + TEMPLATE_TOKENS * (len(texts) + 1)
        ticket = self.ledger.open(self.server.model, read, body["max_tokens"])
        try:
            reply = self.server.post("chat/completions", sent, ticket)
            ticket.answered(_tokens(reply))
        finally:
            ticket.free()
        return reply

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
    ask: Callable[[dict[str, Any]], Answer | None], asked: Sequence[dict[str, Any]], most: int
) -> list[Answer | None]:
    """Ask all, `most` at once, and return the answers in order. The first failure ends it: what waits is not sent, and
    what is under way, which is paid for, is waited for and kept."""
    failures: list[BaseException] = []

    def one(body: dict[str, Any]) -> Answer | None:
        if failures:
            return None
        try:
            return ask(body)
        except BaseException as error:
            failures.append(error)
            return None

    pool = ThreadPoolExecutor(most)
    try:
        under_way = [pool.submit(one, body) for body in asked]
        pool.shutdown()
    except BaseException as interrupt:
        failures.append(interrupt)
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    if failures:
        raise failures[0]
    return [future.result() for future in under_way]


def _tokens(reply: dict[str, Any]) -> tuple[int, int] | None:
    """Tokens read and written, as the server counts them; None where it does not."""
    usage = reply.get("usage")
    if not isinstance(usage, dict):
        return None
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return (read, written) if isinstance(read, int) and isinstance(written, int) else None


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
