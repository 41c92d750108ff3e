"""What a request asks, as far as it can be answered: the body of a chat completion to an `Asked`.

In: JSON from anybody. Out: a conversation with its sampling, or a `Refusal` in the protocol's words. What cannot be
done as asked is refused, and not done otherwise. This file must not know models or sockets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backends.engines import Conversation, Sampling
from compiler.records.record import Message

MOST_NEW = 4096
USUAL_NEW = 256
ROLES = ("system", "user", "assistant")
IGNORED = frozenset({"user", "metadata", "store", "stream_options", "service_tier"})
"""Fields that change no answer."""
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "stream": (False,),
    "stop": (None, [], ""),
    "top_p": (1, None),
    "presence_penalty": (0, None),
    "frequency_penalty": (0, None),
    "logprobs": (False, None),
    "top_logprobs": (0, None),
    "logit_bias": (None, {}),
    "tools": (None, []),
    "tool_choice": (None, "none", "auto"),
    "response_format": (None, {"type": "text"}),
}
"""Fields that this server has no other value for."""


class Refusal(Exception):
    """status: of HTTP. code: the protocol's word for it."""

    def __init__(self, status: int, message: str, code: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """model: as the request names it. seed: None where any will do."""

    model: str
    conversation: Conversation
    temperature: float
    max_new: int
    seed: int | None

    @property
    def alike(self) -> tuple[float, int | None]:
        """Requests that are alike in this can be answered in one batch. Greedy answers draw nothing; numbers that are
        drawn from a seed depend on a row's place in its batch, so that a request with a seed has its own."""
        return (self.temperature, self.seed if self.temperature else None)

    def sampling(self, most: int, seed: int) -> Sampling:
        return Sampling(temperature=self.temperature, max_new_tokens=most, seed=seed)


def read(body: object) -> Asked:
    """
    Raises:
        Refusal: it cannot be answered as it is asked.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "the body is no JSON object")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refusal(400, "`model` names none: GET /v1/models lists them")
    known = {"model", "messages", "temperature", "max_tokens", "max_completion_tokens", "seed"}
    for name, value in body.items():
        if name not in known | IGNORED and value not in NEUTRAL.get(name, ()):
            raise Refusal(400, f"`{name}` cannot be {value!r} here" if name in NEUTRAL else f"`{name}` is not known")
    temperature = _number(body, "temperature", 0.0, 2.0, 0.0)
    most = body.get("max_completion_tokens") or body.get("max_tokens") or USUAL_NEW
    if not isinstance(most, int) or isinstance(most, bool) or not 1 <= most <= MOST_NEW:
        raise Refusal(400, f"`max_tokens` is a whole number from 1 to {MOST_NEW}")
    seed = body.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 1 << 63):
        raise Refusal(400, "`seed` is a whole number from 0")
    return Asked(model, _conversation(body.get("messages")), temperature, most, seed)


def _number(body: Mapping[str, Any], name: str, least: float, most: float, usual: float) -> float:
    value = body.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refusal(400, f"`{name}` is no number")
    if not least <= value <= most:
        raise Refusal(400, f"`{name}` is a number from {least:g} to {most:g}")
    return float(value)


def _conversation(messages: object) -> Conversation:
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, "`messages` holds none")
    found = []
    for number, message in enumerate(messages, 1):
        role = message.get("role") if isinstance(message, dict) else None
        if role == "developer":
            role = "system"
        if role not in ROLES:
            raise Refusal(400, f"message {number} has no role of {', '.join(ROLES)}")
        found.append(Message(role=role, content=_text(message.get("content"), number)))
    if found[-1].role == "system":
        raise Refusal(400, "the last message is the system's: there is nothing to answer")
    return tuple(found)


def _text(content: object, number: int) -> str:
    """A text, or parts that are all text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(
        isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str) for part in content
    ):
        return "".join(part["text"] for part in content)
    raise Refusal(400, f"message {number} holds something else than text")
