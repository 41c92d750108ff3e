"""A real HTTP server in a thread that speaks as much of the OpenAI protocol as an engine uses.

What it says is a rule of the test's; what goes wrong is a list of faults, each for one request.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Rule = Callable[[list[dict[str, str]], dict[str, Any]], str | None]
Fault = Callable[["Handler", dict[str, Any]], bool]
"""Answers a request in the server's place; returns False to let it be answered after all."""


@dataclass
class Served:
    """say: messages and the whole body -> content. chances: content -> tokens with their alternatives, None for a
    server that gives none. usage: body and content -> the tokens that it says it has counted. faults: taken from the
    front, one for each request. most: requests that it has had under way at once."""

    say: Rule
    url: str = ""
    usage: Callable[[dict[str, Any], str | None], dict[str, int]] | None = None
    chances: Callable[[str], list[dict[str, Any]]] | None = None
    faults: list[Fault] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: int = 0
    most: int = 0

    def name(self, model: str = "small") -> str:
        return f"openai:{model}@{self.url}"


class Handler(BaseHTTPRequestHandler):
    served: Served
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.served.lock:
            self.served.requests.append(body)
            self.served.headers.append(dict(self.headers))
            fault = self.served.faults.pop(0) if self.served.faults else None
        if fault is None or not fault(self, body):
            self.answer(body)

    def answer(self, body: dict[str, Any]) -> None:
        if self.path != "/v1/chat/completions":
            self.reply(404, {"error": {"message": f"no route {self.path}"}})
            return
        content = self.said(body)
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": content}}
        if self.served.chances is not None and body.get("logprobs"):
            choice["logprobs"] = {"content": self.served.chances(content or "")}
        reply = {"id": "1", "object": "chat.completion", "model": body["model"], "choices": [choice]}
        if self.served.usage is not None:
            reply["usage"] = self.served.usage(body, content)
        self.reply(200, reply)

    def said(self, body: dict[str, Any]) -> str | None:
        # Over before the reply goes out: who gets it may ask again at once.
        with self.served.lock:
            self.served.under_way += 1
            self.served.most = max(self.served.most, self.served.under_way)
        try:
            return self.served.say(body["messages"], body)
        finally:
            with self.served.lock:
                self.served.under_way -= 1

    def reply(self, status: int, body: Any, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        usual = {"Content-Type": "application/json", "Content-Length": str(len(raw))}
        for name, value in {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
            self.send_header(name, value)
        self.end_headers()
        # Whoever asked may have given up by now.
        with suppress(OSError):
            self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(say: Rule, **more: Any) -> Iterator[Served]:
    served = Served(say, **more)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"served": served}))
    served.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def status(code: int, said: Any = "busy", **headers: str) -> Fault:
    def fault(handler: Handler, _: dict[str, Any]) -> bool:
        handler.reply(code, said if isinstance(said, bytes) else {"error": {"message": said}}, **headers)
        return True

    return fault


def hangs_up(handler: Handler, _: dict[str, Any]) -> bool:
    handler.close_connection = True
    return True


def resets(handler: Handler, _: dict[str, Any]) -> bool:
    """Ends the connection by a reset in place of an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
    return True


def cut(handler: Handler, _: dict[str, Any]) -> bool:
    """Promises more than it sends, what it sends being whole JSON in itself."""
    raw = json.dumps({"choices": [{"message": {"content": "half"}}]}).encode()
    handler.reply(200, raw, Content_Length=str(len(raw) + 100))
    handler.close_connection = True
    return True


def cut_chunks(handler: Handler, _: dict[str, Any]) -> bool:
    """A stream that ends in the middle of a chunk."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'40\r\n{"choices": [{"mess')
    handler.close_connection = True
    return True


def trickles(head: bytes, every: float = 0.02) -> Fault:
    """Sends `head` at once and then a space after `every` seconds, until nobody listens."""

    def fault(handler: Handler, _: dict[str, Any]) -> bool:
        handler.close_connection = True
        with suppress(OSError):
            handler.wfile.write(head)
            while True:
                time.sleep(every)
                handler.wfile.write(b" ")
        return True

    return fault


def tokens(reply: str, yes: float) -> list[dict[str, Any]]:
    """A reply in words, each certain, but for a yes or no, which has the probability `yes` of yes."""
    out = []
    for number, word in enumerate(reply.split(" ")):
        token = word if number == 0 else f" {word}"
        bare = word.strip(".").lower()
        if bare in ("yes", "no") and word.endswith("."):
            token = token[:-1]
        sure = {token: 0.0}
        chances = {" Yes": math.log(yes), " No": math.log(1 - yes)} if bare in ("yes", "no") else sure
        out.append({"token": token, "logprob": 0.0, "top_logprobs": _alternatives(chances)})
        if word.endswith(".") and token[-1] != ".":
            out.append({"token": ".", "logprob": 0.0, "top_logprobs": _alternatives({".": 0.0})})
    return out


def _alternatives(chances: dict[str, float]) -> list[dict[str, Any]]:
    return [{"token": token, "logprob": chance, "bytes": None} for token, chance in chances.items()]
