"""A request that ends at its deadline, also where a server sends a byte now and then for ever.

In: a request, and how long it may take. Out: the reply, or a `TimeoutError`. The timeout of a socket counts from byte
to byte; here a timer shuts the connection down, whatever waits on it. This file must not know what is sent.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any, Self, cast
from urllib.request import BaseHandler, HTTPHandler, HTTPSHandler, Request, build_opener


class Deadline:
    """seconds: from the beginning of the `with` block, in which the reply is read, to its end."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._socket: socket.socket | None = None
        self._passed = False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: Any) -> None:
        self._timer.cancel()
        if self._passed and isinstance(error, OSError | HTTPException):
            raise TimeoutError(f"timed out after {self.seconds:g} s") from None

    def open(self, request: Request, handlers: Sequence[BaseHandler]) -> HTTPResponse:
        """
        Raises:
            HTTPError: the reply's status is no success.
            OSError, HTTPException: there is no reply.
        """
        opener = build_opener(_Plain(self), _Encrypted(self), *handlers)
        return cast(HTTPResponse, opener.open(request, timeout=self.seconds))

    def read(self, reply: HTTPResponse, most: int) -> bytes:
        """
        Raises:
            IncompleteRead: the body is shorter than the server has said it is.
        """
        raw = reply.read(most)
        if len(raw) < most and (reply.length or self._passed):
            raise IncompleteRead(raw, reply.length)
        return raw

    def watch(self, connected: socket.socket) -> None:
        self._socket = connected
        if self._passed:
            self._end()

    def _end(self) -> None:
        self._passed = True
        if self._socket is not None:
            # Closing would leave whoever waits on it waiting.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class _Plain(HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self.deadline = deadline

    def http_open(self, request: Request) -> HTTPResponse:
        deadline = self.deadline

        class Connection(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                deadline.watch(self.sock)

        return self.do_open(Connection, request)


class _Encrypted(HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self.deadline = deadline

    def https_open(self, request: Request) -> HTTPResponse:
        deadline = self.deadline

        class Connection(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                deadline.watch(self.sock)

        return self.do_open(Connection, request)
