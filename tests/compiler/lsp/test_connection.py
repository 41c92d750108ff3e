"""How a server ends: by the protocol, by Ctrl-C, and when its client hangs up or dies; in silence, and none is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WAIT = 60.0
Server = subprocess.Popen[bytes]


def message(method: str, number: int | None = None, **params: object) -> bytes:
    record = {"jsonrpc": "2.0", "method": method, "params": params or None}
    body = json.dumps(record | ({"id": number} if number else {})).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


GREETING = message("initialize", 1, capabilities={}, processId=None, rootUri=None)
OPENED = message(
    "textDocument/didOpen",
    textDocument={"uri": "untitled:a", "languageId": "tenet", "version": 1, "text": "tenet 1\n"},
)


@contextmanager
def started(*arguments: str) -> Iterator[Server]:
    # A process that was started in the background has Ctrl-C turned off, and hands that down.
    start = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{start}; from compiler.cli import main; main()", "lsp", *arguments]
    pipe = subprocess.PIPE
    server = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        yield server
    finally:
        server.kill()
        for stream in (server.stdin, server.stdout, server.stderr):
            assert stream is not None
            stream.close()
        server.wait()


def say(server: Server, *messages: bytes) -> None:
    assert server.stdin is not None
    for said in messages:
        server.stdin.write(said)
    server.stdin.flush()


def greet(server: Server) -> None:
    """Greet a server and wait for its answer, so that it is up."""
    say(server, GREETING)
    assert server.stdout is not None
    assert server.stdout.readline().startswith(b"Content-Length")


def ended(server: Server) -> tuple[int, str]:
    code = server.wait(WAIT)
    assert server.stderr is not None
    return code, server.stderr.read().decode()


def hang_up(server: Server) -> None:
    assert server.stdin is not None
    server.stdin.close()


def stop_listening(server: Server) -> None:
    assert server.stdout is not None
    server.stdout.close()
    say(server, OPENED)


def break_off(server: Server) -> None:
    say(server, b"Content-Length: 500\r\n\r\n{")
    hang_up(server)


@pytest.mark.parametrize("leave", [hang_up, stop_listening, break_off])
def test_a_client_that_is_gone_ends_the_server_in_silence(leave: Callable[[Server], None]) -> None:
    with started() as server:
        greet(server)
        leave(server)
        assert ended(server) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_though_the_client_still_listens(number: signal.Signals) -> None:
    with started() as server:
        greet(server)
        server.send_signal(number)
        code, said = ended(server)
        assert (code, said.split()) == (130, ["Interrupted."])


def test_it_leaves_with_the_code_of_the_protocol() -> None:
    for messages, code in (((message("shutdown", 2), message("exit")), 0), ((message("exit"),), 1)):
        with started() as server:
            greet(server)
            say(server, *messages)
            assert ended(server) == (code, "")


def test_a_refusal_is_an_answer_and_no_failure() -> None:
    place = {"textDocument": {"uri": "untitled:a"}, "position": {"line": 0, "character": 2}}
    with started() as server:
        greet(server)
        say(server, OPENED, message("textDocument/rename", 2, newName="b", **place))
        hang_up(server)
        assert ended(server) == (0, "")
        assert server.stdout is not None
        assert b"there is no name here" in server.stdout.read()


def test_a_message_that_cannot_be_read_is_named_and_the_next_one_answered() -> None:
    with started() as server:
        say(server, b"Content-Length: 3\r\n\r\nabc")
        greet(server)
        hang_up(server)
        code, said = ended(server)
        assert code == 0
        assert said.count("\n") == 1
        assert "cannot be read" in said


@pytest.mark.parametrize("last", [b"", message("shutdown", 2) + message("exit"), OPENED])
def test_over_tcp_it_ends_with_its_client(last: bytes) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with started("--tcp", str(port)) as server:
        client = connected(port)
        client.sendall(GREETING + last)
        client.close()
        assert ended(server) == (0, "")


def connected(port: int) -> socket.socket:
    until = time.monotonic() + WAIT
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started("--tcp", str(port)) as server:
            code, said = ended(server)
            assert code == 3
            assert f"127.0.0.1:{port}" in said
            assert "--tcp" in said
