"""A server that speaks the OpenAI protocol: its name in a spec, its key, and one request with patience.

In: `openai:MODEL@URL`, and what is asked. Out: the server's JSON, or a `NetworkError` that says what to do. The key
comes from the environment, goes to the host that it is meant for, and is written nowhere: no message, record or cache
holds it. No redirect is followed. This file must not know conversations, judges or specs.

    openai:gpt-5-mini                            api.openai.com, with OPENAI_API_KEY
    openai:qwen3@http://localhost:8000/v1        a server of this machine (vLLM, llama.cpp, Ollama); no key
    openai:qwen3@https://models.example.org/v1   with TENET_API_KEY where TENET_API_HOST=models.example.org
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from compiler.failures import ModelLoadError, NetworkError

OPENAI = "https://api.openai.com/v1"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
LONGEST_REPLY = 8 << 20
"""Bytes. A chat completion is some kilobytes; more than this is no answer to what was asked."""
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses that may pass: too many requests, a server that starts or stumbles."""
LONGEST_WAIT = 60.0
"""Seconds. A server that wants to be left alone for longer (`Retry-After`) is asked again after this."""


class Refused(Exception):
    """The server answered that it will not do what was asked (a 4xx that does not pass)."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


class NoRedirect(HTTPRedirectHandler):
    """A redirect would carry questions, answers and the key to a host that nobody named."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Server:
    """model: as the server calls it. url: up to and without `/chat/completions`. timeout: seconds for one try. tries:
    how often a request is sent at most. wait: seconds before the second try; doubled before each further one."""

    model: str
    url: str
    timeout: float = 120.0
    tries: int = 5
    wait: float = 1.0
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False, repr=False)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def is_local(self) -> bool:
        return self.host in LOOPBACK

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send `body` to `<url>/<path>` and return the JSON object that comes back.

        Raises:
            Refused: the server will not do what was asked, however often.
            NetworkError: it cannot be reached, keeps failing, or answers what is no JSON object.
        """
        request = Request(f"{self.url}/{path}", json.dumps(body).encode(), self._headers(), method="POST")
        why, told = "", 0.0
        for attempt in range(self.tries):
            if attempt:
                self.sleep(min(LONGEST_WAIT, max(told, self.wait * 2 ** (attempt - 1))))
            try:
                return self._once(request)
            except HTTPError as error:
                said = _said(error)
                if error.code in (401, 403):
                    raise NetworkError(
                        f"{self.url} lets nobody in: {error.code} {said}", help=self._key_help()
                    ) from None
                if error.code not in PASSING:
                    raise Refused(error.code, said) from None
                why, told = f"{error.code} {said}", _retry_after(error)
            except (OSError, HTTPException) as error:
                # URLError is an OSError; so are a timeout and a connection that is closed in the middle.
                why, told = str(getattr(error, "reason", "") or error or type(error).__name__), 0.0
            except ValueError as error:
                why, told = f"its answer cannot be read: {error}", 0.0
        raise NetworkError(
            f"{self.url} failed {self.tries} times, the last time with: {why}",
            help="see that the server runs and that the address is right; answers given so far are kept",
        )

    def _once(self, request: Request) -> dict[str, Any]:
        with self._opener().open(request, timeout=self.timeout) as reply:
            raw = reply.read(LONGEST_REPLY + 1)
        if len(raw) > LONGEST_REPLY:
            raise ValueError(f"it is longer than {LONGEST_REPLY >> 20} MB")
        found = json.loads(raw)
        if not isinstance(found, dict):
            raise ValueError("it is no JSON object")
        return found

    def _opener(self) -> OpenerDirector:
        # A proxy that leads out of the house does not lead back to this machine.
        return build_opener(NoRedirect, *([ProxyHandler({})] if self.is_local else []))

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


def _retry_after(error: HTTPError) -> float:
    """Seconds that the server asks to be left alone; 0 where it does not say, or says a date."""
    told = error.headers.get("Retry-After", "")
    return float(told) if re.fullmatch(r"\d{1,6}(\.\d+)?", told) else 0.0
