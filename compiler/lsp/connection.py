"""How a client comes and goes: messages over stdio or TCP, one client for a server.

In: a server that waits. Out: an exit code, once the client says `exit`, hangs up or dies, which all end the server in
silence; 0 unless it said `exit` without `shutdown` before. This file must not know what a message means.

pygls could read as well, but waits for the next line in a thread that nothing ends: neither Ctrl-C nor a client that
no longer listens would stop it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import threading
from typing import Protocol

from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from compiler.failures import DataError
from compiler.lsp.server import log, make_server

CHUNK = 1 << 16


class Writer(Protocol):
    def write(self, data: bytes, /) -> None: ...
    def close(self) -> None: ...


def serve(port: int | None = None, host: str = "127.0.0.1") -> None:
    """Serve one client over stdio, or over TCP, until it is gone.

    Raises:
        DataError: nobody can be waited for at this port.
        SystemExit: the client said `exit`; its code is the protocol's.
    """
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_news)
    server = make_server()
    # What is loaded by now stays; looking through it again and again for garbage takes a tenth of each check.
    gc.collect()
    gc.freeze()
    asyncio.run(_over_stdio(server) if port is None else _over_tcp(server, host, port))


def _is_news(record: logging.LogRecord) -> bool:
    """Whether the log says more than the client is told: an error that was the answer to a request does not."""
    return not (record.exc_info and isinstance(record.exc_info[1], JsonRpcException))


async def _over_stdio(server: LanguageServer) -> None:
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()

    def read() -> None:
        try:
            # Not `sys.stdin`: its lock, held by a thread that waits, is an error when the interpreter ends.
            while data := os.read(0, CHUNK):
                loop.call_soon_threadsafe(reader.feed_data, data)
            loop.call_soon_threadsafe(reader.feed_eof)
        except (OSError, RuntimeError):  # the loop has ended
            pass

    threading.Thread(target=read, daemon=True).start()
    await _talk(server, reader, _Output(reader))


class _Output:
    """Standard output. Where nobody reads it any more, nothing more is read from the client either."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def write(self, data: bytes, /) -> None:
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in the buffer goes there
            self._reader.feed_eof()

    def close(self) -> None:
        pass


async def _over_tcp(server: LanguageServer, host: str, port: int) -> None:
    client: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    client = asyncio.get_running_loop().create_future()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if client.done():
            writer.close()
        else:
            client.set_result((reader, writer))

    try:
        waiting = await asyncio.start_server(connected, host, port)
    except OSError as error:
        raise DataError(
            f"no client can be waited for at {host}:{port}: {os.strerror(error.errno or 0)}",
            help="choose another port with --tcp, or end what uses this one",
        ) from error
    reader, writer = await client
    waiting.close()
    await _talk(server, reader, writer)


async def _talk(server: LanguageServer, reader: asyncio.StreamReader, writer: Writer) -> None:
    """Hand each message to the server until there are no more."""
    protocol = server.protocol
    protocol.set_writer(writer)
    try:
        while (length := await _length(reader)) is not None:
            body = await reader.readexactly(length)
            try:
                message = json.loads(body, object_hook=protocol.structure_message)
            except (ValueError, JsonRpcException) as error:
                log.error("a message of the client cannot be read: %s", error)
            else:
                protocol.handle_message(message)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client died


async def _length(reader: asyncio.StreamReader) -> int | None:
    """Read a message's header and return the length of its body; None where no message comes."""
    length = 0
    while line := await reader.readline():
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
        elif length and not line.strip():
            return length
    return None
