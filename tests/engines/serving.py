"""A real HTTP server in a thread that speaks as much of the OpenAI protocol as an engine uses.

What it says is a rule of the test's; what goes wrong is a list of faults, each for one request.
"""

from __future__ import annotations

import json
import math
import threading
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
    server that gives none. faults: taken from the front, one for each request."""

    say: Rule
    url: str = ""
    chances: Callable[[str], list[dict[str, Any]]] | None = None
    faults: list[Fault] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def name(self, model: str = "small") -> str:
        return f"openai:{model}@{self.url}"


class Handler(BaseHTTPRequestHandler):
    served: Served

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.served.lock:
            self.served.requests.append(body)
            self.served.headers.append(dict(self.headers))
            fault = self.served.faults.pop(0) if self.served.faults else None
        if fault is not None and fault(self, body):
            return
        if self.path != "/v1/chat/completions":
            self.reply(404, {"error": {"message": f"no route {self.path}"}})
            return
        content = self.served.say(body["messages"], body)
        choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": content}}
        if self.served.chances is not None and body.get("logprobs"):
            choice["logprobs"] = {"content": self.served.chances(content or "")}
        self.reply(200, {"id": "1", "object": "chat.completion", "model": body["model"], "choices": [choice]})

    def reply(self, status: int, body: Any, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
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
