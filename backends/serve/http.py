"""The OpenAI protocol over HTTP, as far as chat completions need it.

In: requests to `/v1/models` and `/v1/chat/completions`. Out: JSON. A server of this machine answers those alone who
name it as this machine (a page elsewhere cannot be led here by its name); one that others reach asks for a key. A body
that is no JSON by its type is refused, which keeps out what a page elsewhere may send without asking. This file must
not know how answers come about.
"""

from __future__ import annotations

import hmac
import json
import time
import uuid
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from backends.serve.asking import Refusal, read
from backends.serve.turns import Answer, Turns
from compiler.listening import LOOPBACK, Listening

MOST_BODY = 4 << 20
SECONDS = 60
"""How long a connection may be silent before it is closed."""


class Server(Listening):
    request_queue_size = 128

    def __init__(self, turns: Turns, host: str, port: int, key: str | None = None) -> None:
        """key: what a request must bear; needed where others than this machine can ask."""
        if host not in LOOPBACK and not key:
            raise ValueError("a server that others reach needs a key")
        self.turns = turns
        self.key = key
        self.is_local = host in LOOPBACK
        self.host = host
        super().__init__(host, port, Handler)

    @property
    def url(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = SECONDS

    def do_GET(self) -> None:
        self._replied(lambda: self._models() if self._path() == "/v1/models" else self._nothing())

    def do_POST(self) -> None:
        self._replied(lambda: self._completed() if self._path() == "/v1/chat/completions" else self._nothing())

    def _replied(self, reply: Any) -> None:
        try:
            self._admit()
            status, body = 200, reply()
        except Refusal as refusal:
            status = refusal.status
            kind = "server_error" if status >= 500 else "invalid_request_error"
            body = {"error": {"message": str(refusal), "type": kind, "code": refusal.code}}
            self.close_connection = True  # what is left of a body that was not read is no next request
        told = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        if status == 429:
            self.send_header("Retry-After", "1")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(told)

    def _path(self) -> str:
        return urlsplit(self.path).path

    def _admit(self) -> None:
        """
        Raises:
            Refusal: this may not ask.
        """
        if self.server.is_local:
            named = urlsplit(f"//{self.headers.get('Host', '')}").hostname
            if named not in LOOPBACK:
                raise Refusal(403, "this server answers this machine alone", "forbidden")
        if self.server.key is not None:
            borne = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(borne.encode(), self.server.key.encode()):
                raise Refusal(401, "the key is missing or another", "invalid_api_key")

    def _nothing(self) -> dict[str, Any]:
        raise Refusal(404, f"there is nothing at {self._path()}: /v1/models, /v1/chat/completions", "not_found")

    def _models(self) -> dict[str, Any]:
        listed = [{"id": name, "object": "model", "owned_by": "tenet"} for name in self.server.turns.models]
        return {"object": "list", "data": listed}

    def _completed(self) -> dict[str, Any]:
        asked = read(self._body())
        answer: Answer = self.server.turns.ask(asked)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": answer.text},
            "finish_reason": "stop" if answer.finished else "length",
        }
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": asked.model,
            "choices": [choice],
            "usage": {
                "prompt_tokens": answer.asked_tokens,
                "completion_tokens": answer.said_tokens,
                "total_tokens": answer.asked_tokens + answer.said_tokens,
            },
        }

    def _body(self) -> object:
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal(415, "send application/json")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BODY:
            raise Refusal(413, f"a body has a length, of at most {MOST_BODY} bytes")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise Refusal(400, f"the body is no JSON: {error}") from None

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what is asked is nobody else's business."""
