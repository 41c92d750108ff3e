"""A server that speaks the OpenAI protocol: its name in a spec, its key, and one request with patience.

In: `openai:MODEL@URL`, and what is asked. Out: the server's JSON, or a `NetworkError` that says what to do, within a
time that is known: a try ends at its deadline however its bytes trickle. The key comes from the environment, goes to
the host that it is meant for, and is written nowhere: no message, record or cache holds it, also where a server says it
back. No redirect is followed. This file must not know conversations, judges or specs.

    openai:gpt-5-mini                            api.openai.com, with OPENAI_API_KEY
    openai:qwen3@http://localhost:8000/v1        a server of this machine (vLLM, llama.cpp, Ollama); no key
    openai:qwen3@https://models.example.org/v1   with TENET_API_KEY where TENET_API_HOST=models.example.org
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request

from backends.deadline import Deadline
from backends.pace import Pace, retry_after
from compiler.failures import ModelLoadError, NetworkError
from compiler.listening import LOOPBACK
from compiler.spending import Ticket

OPENAI = "https://api.openai.com/v1"
LONGEST_REPLY = 8 << 20
"""Bytes. A chat completion is some kilobytes; more than this is no answer to what was asked."""
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses that may pass: too many requests, a server that starts or stumbles."""
UNCHARGED = frozenset({408, 409, 425, 429, 503, 529})
"""Passing statuses of a server that has not begun to answer."""
LONGEST_WAIT = 60.0
"""Seconds between two tries, where the server does not say."""
LONGEST_TOLD = 300.0
"""Seconds. A server that wants to be left alone for longer (`Retry-After`) is left alone: the command ends."""


class Refused(Exception):
    """The server answered that it will not do what was asked (a 4xx that does not pass)."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


class Unsuccessful(Exception):
    """The server answered with a status that is no success."""

    def __init__(self, status: int, said: str, headers: Message) -> None:
        super().__init__(said)
        self.status = status
        self.said = said
        self.headers = headers


class NoRedirect(HTTPRedirectHandler):
    """A redirect would carry questions, answers and the key to a host that nobody named."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Server:
    """model: as the server calls it. url: up to and without `/chat/completions`. timeout: seconds for one try, from its
    beginning to its last byte. tries: how often a request is sent at most. wait: seconds before the second try, at
    most; doubled before each further one, and drawn from nothing to that (full jitter: Brooker, Exponential Backoff And
    Jitter, AWS 2015), so that clients that failed together do not come back together. draw: a number from 0 to 1."""

    model: str
    url: str
    timeout: float = 120.0
    tries: int = 5
    wait: float = 1.0
    pace: Pace = field(default_factory=Pace, compare=False, repr=False)
    draw: Callable[[], float] = field(default=random.random, compare=False, repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def is_local(self) -> bool:
        return self.host in LOOPBACK

    def post(self, path: str, body: dict[str, Any], ticket: Ticket) -> dict[str, Any]:
        """Send `body` to `<url>/<path>` and return the JSON object that comes back.

        Args:
            ticket: leave to send it. It is told of each try that failed; whoever calls says what an answer took.

        Raises:
            BudgetError: another try could cost more than is left.
            Refused: the server will not do what was asked, however often.
            NetworkError: it cannot be reached, keeps failing, or answers what is no JSON object.
        """
        request = Request(f"{self.url}/{path}", json.dumps(body).encode(), self._headers(), method="POST")
        why, charged = "", False
        for attempt in range(self.tries):
            if attempt:
                (ticket.lost if charged else ticket.free)()
                self.pace.sleep(self.draw() * min(LONGEST_WAIT, self.wait * 2 ** (attempt - 1)))
                ticket.again()
            self.pace.wait()
            try:
                return self._once(request)
            except Unsuccessful as error:
                said = self._without_key(error.said)
                if error.status in (401, 403):
                    raise NetworkError(
                        f"{self.url} lets nobody in: {error.status} {said}", help=self._key_help()
                    ) from None
                if error.status not in PASSING:
                    raise Refused(error.status, said) from None
                self._obey(error.headers)
                why, charged = f"{error.status} {said}", error.status not in UNCHARGED
            except (OSError, HTTPException) as error:
                # URLError is an OSError; so are a timeout and a connection that is closed in the middle.
                reason = getattr(error, "reason", "") or error
                why = self._without_key(str(reason) or type(error).__name__)
                charged = not isinstance(reason, ConnectionRefusedError)
            except ValueError as error:
                why, charged = f"its answer cannot be read: {error}", True
        (ticket.lost if charged else ticket.free)()
        raise NetworkError(
            f"{self.url} failed {self.tries} times, the last time with: {why}",
            help="see that the server runs and that the address is right; answers given so far are kept",
        )

    def _once(self, request: Request) -> dict[str, Any]:
        # A proxy that leads out of the house does not lead back to this machine.
        handlers = (NoRedirect(), *([ProxyHandler({})] if self.is_local else []))
        with Deadline(self.timeout) as deadline:
            try:
                reply = deadline.open(request, handlers)
            except HTTPError as error:
                raise Unsuccessful(error.code, _said(error), error.headers) from None
            with reply:
                raw = deadline.read(reply, LONGEST_REPLY + 1)
        self.pace.read(reply.headers, LONGEST_TOLD)
        if len(raw) > LONGEST_REPLY:
            raise ValueError(f"it is longer than {LONGEST_REPLY >> 20} MB")
        kind = reply.headers.get_content_type()
        if "json" not in kind and kind != "text/plain":
            raise ValueError(f"it is {kind}, not JSON")
        found = json.loads(self._without_key(raw.decode()))
        if not isinstance(found, dict):
            raise ValueError("it is no JSON object")
        return found

    def _obey(self, headers: Message) -> None:
        """Let nobody ask before the server wants to be asked again.

        Raises:
            NetworkError: that is too long to wait for.
        """
        self.pace.read(headers, LONGEST_TOLD)
        told = retry_after(headers) or 0.0
        if told > LONGEST_TOLD:
            raise NetworkError(
                f"{self.url} wants to be left alone for {told / 60:,.0f} minutes",
                help="answers given so far are kept: the same command goes on from here, once it may be asked again",
            ) from None
        self.pace.hold(told)

    def _without_key(self, said: str) -> str:
        key = self._key()
        return said.replace(key, "(the key)") if key else said

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "tenet"}
        key = self._key()
        return {**headers, "Authorization": f"Bearer {key}"} if key else headers

    def _key(self) -> str | None:
        """The key for this host. A spec may name any address, so a key never goes to one that its owner did not name;
        nor does one go over an open line, but for this machine's own."""
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not self.is_local:
            return None
        if self.url == OPENAI and "OPENAI_API_KEY" in os.environ:
            return os.environ["OPENAI_API_KEY"]
        named = os.environ.get("TENET_API_HOST", "").split(",")
        if self.host in named or parts.netloc in named:
            return os.environ.get("TENET_API_KEY")
        return None

    def _key_help(self) -> str:
        if self._key():
            return "the key was sent, and this server does not take it"
        if self.url == OPENAI:
            return "put the key into the environment: OPENAI_API_KEY"
        if urlsplit(self.url).scheme != "https" and not self.is_local:
            return "no key is sent over http: name the server by https"
        return f"put the key into TENET_API_KEY, and the host that may have it into TENET_API_HOST={self.host}"


def served(name: str) -> Server:
    """Return the server that `openai:MODEL@URL` names.

    Raises:
        ModelLoadError: the name has another form, or an address that would put a secret into records.

    >>> served("openai:qwen3@http://localhost:8000")
    Server(model='qwen3', url='http://localhost:8000/v1', timeout=120.0, tries=5, wait=1.0)
    """
    model, at, address = name.removeprefix("openai:").partition("@http")
    url = f"http{address}" if at else OPENAI
    if not re.fullmatch(r"[^\s@](\S*[^\s@])?", model) or not re.fullmatch(r"https?://\S+", url):
        raise ModelLoadError(
            f"{name!r} names no served model",
            help="write openai:MODEL@URL, as in openai:qwen3@http://localhost:8000/v1",
        )
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment or not parts.hostname:
        raise ModelLoadError(
            f"the address of {model} has to be scheme, host and path alone",
            help="a key belongs into the environment: TENET_API_KEY, with TENET_API_HOST",
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions") or "/v1"
    return Server(model, f"{parts.scheme}://{parts.netloc}{path}")


def _said(error: HTTPError) -> str:
    """What an error's body says, in a line."""
    try:
        text = error.read(4096).decode("utf-8", "replace")
    except (OSError, HTTPException):
        return str(error.reason)
    try:
        found = json.loads(text)
        inner = found.get("error", found.get("message", text))
        text = str(inner.get("message", inner) if isinstance(inner, dict) else inner)
    except (ValueError, AttributeError):
        pass
    return " ".join(text.split())[:300] or str(error.reason)
