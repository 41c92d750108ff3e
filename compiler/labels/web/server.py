"""HTTP for a page of this machine: a handful of fixed paths, nothing read from the disk by name.

In: a desk, the files of its page, and what the page may ask of it. Out: a server that answers in threads. Every reply
to a change is sent after the change is on the disk. This file must not know what a desk is about.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from compiler.labels.web.guard import HEADERS, Guard, Refused
from compiler.listening import LOOPBACK, Listening

FOLDER = Path(__file__).parent
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".js": "text/javascript; charset=utf-8",
}
Files = Mapping[str, Callable[[], bytes]]
"""Path of a page -> its bytes, asked for each time; `/` is HTML, others are told by their ending."""
ASKS = ("next", "label", "skip", "undo", "again", "agreement")
"""What the labelling page may ask of its desk, by POST to `/api/NAME`."""
NOTHING_HERE = Refused(404, "there is nothing here")
MOST_BODY = 64 * 1024
SECONDS_TO_SEND = 20
"""How long a connection may be silent before it is closed."""


class LabelServer(Listening):
    def __init__(
        self, desk: object, host: str, port: int, asks: tuple[str, ...] = ASKS, files: Files | None = None
    ) -> None:
        """desk: has a method for each name of `asks`, from and to JSON objects; it raises ValueError for what cannot be
        done. files: of its page; the labelling page unless given."""
        self.desk = desk
        self.asks = asks
        self.files = LABELLING if files is None else files
        self.ends = False
        super().__init__(host, port, Handler)
        self.guard = Guard.new(host, self.server_address[1])

    def server_close(self) -> None:
        self.ends = True
        super().server_close()

    @property
    def url(self) -> str:
        """The address to open, with the token."""
        return f"{self._place(self._reachable())}/?token={self.guard.token}"

    @property
    def url_once(self) -> str:
        """The address for a browser on this machine; it works once."""
        host = "127.0.0.1" if self.guard.host == "0.0.0.0" else self.guard.host
        return f"{self._place(host)}/?ticket={self.guard.ticket}"

    def _place(self, host: str) -> str:
        return f"http://[{host}]:{self.guard.port}" if ":" in host else f"http://{host}:{self.guard.port}"

    def _reachable(self) -> str:
        """Where others reach this machine: where it listens, or, if that is everywhere, its address on the network."""
        if self.guard.host != "0.0.0.0":
            return self.guard.host
        # Connecting a datagram socket sends nothing: it chooses the address that packets to others would come from.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # an address that is nobody's (RFC 5737)
                return str(probe.getsockname()[0])
            except OSError:
                return socket.gethostname()

    @property
    def is_local(self) -> bool:
        return self.guard.host in LOOPBACK

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that went away is no fault of ours, and at the end nobody waits for a reply; anything else is shown.
        if not (self.ends or isinstance(sys.exception(), ConnectionError | TimeoutError)):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    server: LabelServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "tenet", ""
    timeout = SECONDS_TO_SEND

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        guard = self.server.guard
        # The address that was printed brings the token; from then on the cookie does.
        opens = path.path == "/" and guard.is_here(self.headers.get("Host")) and guard.opens(parse_qs(path.query))
        refused = None if opens else guard.refusal(self.headers, changes=False)
        if refused is None and path.path not in self.server.files:
            refused = NOTHING_HERE
        if refused is not None:
            self._refuse(refused)
        else:
            kind = KINDS[Path(path.path).suffix or ".html"]
            self._send(200, self.server.files[path.path](), kind, {"Set-Cookie": guard.cookie} if opens else {})

    def do_POST(self) -> None:
        area, _, name = urlsplit(self.path).path.rpartition("/")
        refused = self.server.guard.refusal(self.headers, changes=True)
        if refused is None and (area != "/api" or name not in self.server.asks):
            refused = NOTHING_HERE
        sent = self._body() if refused is None else refused
        if isinstance(sent, Refused):
            self._refuse(sent)
            return
        ask: Callable[[dict[str, Any]], dict[str, Any]] = getattr(self.server.desk, name)
        try:
            self._send_json(200, ask(sent))
        except ValueError as error:
            self._send_json(422, {"error": str(error)})

    def _body(self) -> dict[str, Any] | Refused:
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdecimal()):
            return Refused(411, "say how long the body is")
        if len(length) > 9 or int(length) > MOST_BODY:
            return Refused(413, f"a body may have {MOST_BODY} bytes")
        raw = self.rfile.read(int(length))
        try:
            sent = json.loads(raw)
        except (ValueError, RecursionError):
            return Refused(400, "the body is no JSON")
        return sent if isinstance(sent, dict) else Refused(400, "the body is no object")

    # -------------------------------------------------------------- replies

    def _refuse(self, refused: Refused) -> None:
        # What was not read of the request would be taken for the next one.
        self.close_connection = True
        self._send_json(refused.status, {"error": refused.reason}, {"Connection": "close"})

    def _send_json(self, status: int, value: dict[str, Any], more: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), "application/json", more or {})

    def _send(self, status: int, body: bytes, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a line a request would bury the address, and would hold the token."""


@cache
def file(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


LABELLING: Files = {
    "/": partial(file, "page.html"),
    **{f"/{name}": partial(file, name) for name in ("page.css", "icon.svg", "page.js")},
}
