"""What goes wrong on the way to a server, over a real socket: each fault has its outcome, in a time that is known."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest

from backends.engines import Sampling
from compiler.failures import NetworkError
from tests.engines.serving import Fault, Served, cut, cut_chunks, hangs_up, resets, serving, status, trickles
from tests.engines.test_server import Clock, ask, echo, engine_of

LINE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PASSING: dict[str, Fault] = {
    "429": status(429, Content_Type="text/html"),
    "429 with a time": status(429, Retry_After="2"),
    "500": status(500),
    "503 without a word": status(503, b""),
    "hangs up": hangs_up,
    "reset": resets,
    "cut": cut,
    "a stream is cut": cut_chunks,
    "malformed JSON": status(200, b'{"choices": [{"message": {"content": "ha'),
    "not UTF-8": status(200, b'{"choices": "\xff\xfe"}'),
    "another content type": status(200, b"<html>busy</html>", Content_Type="text/html"),
    "a status that is none": lambda handler, _: bool(handler.wfile.write(b"HELLO\r\n\r\n")) or True,
}
SLOW: dict[str, Fault] = {
    "slow status": trickles(b"HTTP/1.1 2"),
    "slow headers": trickles(LINE + b"X-A: "),
    "slow body": trickles(LINE + b"Content-Length: 100000\r\n\r\n"),
    "slow body without a length": trickles(LINE + b"Connection: close\r\n\r\n"),
    "slow stream": trickles(LINE + b"Transfer-Encoding: chunked\r\n\r\n1000\r\n"),
    "slow error": trickles(b"HTTP/1.1 500 Oh\r\nContent-Length: 100000\r\n\r\n"),
    "nothing": trickles(b"", every=0.8),
}


def answers(server: Served, count: int = 1, **changes: Any) -> list[str | None]:
    return engine_of(server, **changes).answers([ask(str(n)) for n in range(count)], Sampling())


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_passes_is_asked_again_and_nobody_else_is_touched(fault: Fault) -> None:
    with serving(echo, faults=[fault, fault]) as server:
        assert answers(server, 4) == [f"said {n}" for n in range(4)]
        assert len(server.requests) == 6


@pytest.mark.parametrize("fault", SLOW.values(), ids=SLOW)
def test_a_server_that_trickles_is_cut_off_at_the_deadline(fault: Fault) -> None:
    with serving(echo, faults=[fault]) as server:
        begun = time.monotonic()
        assert answers(server, timeout=0.4) == ["said 0"]
        assert 0.3 < time.monotonic() - begun < 3
        assert len(server.requests) == 2


def test_a_server_that_never_stops_trickling_ends_in_a_failure() -> None:
    with serving(echo, faults=[SLOW["slow body"]] * 3) as server:
        begun = time.monotonic()
        with pytest.raises(NetworkError, match=r"failed 3 times.*timed out after 0.2 s"):
            answers(server, timeout=0.2, tries=3)
        assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    "body", [{"choices": []}, {"error": {"message": "overloaded"}}, {"choices": [{"message": None}]}, {"choices": [3]}]
)
def test_an_answer_without_a_choice_fails_at_once(body: Any) -> None:
    with serving(echo, faults=[status(200, json.dumps(body).encode())]) as server:
        with pytest.raises(NetworkError, match="no `choices`"):
            answers(server)
        assert len(server.requests) == 1


def test_tries_back_off_twice_as_long_and_drawn_from_all_of_it() -> None:
    for draw, expected in ((1.0, [1.0, 2.0, 4.0]), (0.25, [0.25, 0.5, 1.0])):
        waits: list[float] = []
        with serving(echo, faults=[status(500)] * 3) as server:
            answers(server, waits=waits, draw=lambda draw=draw: draw)
        assert waits == expected
    waits = []
    with serving(echo, faults=[status(500)] * 9) as server:
        answers(server, waits=waits, tries=10)
    assert waits[-3:] == [60.0, 60.0, 60.0]


def test_a_date_is_a_time_to_come_back() -> None:
    waits: list[float] = []
    with serving(echo, faults=[status(429, Retry_After=formatdate(time.time() + 30, usegmt=True))]) as server:
        answers(server, waits=waits, wait=0.0)
    assert waits == [pytest.approx(29.5, abs=1.5)]


def test_a_server_that_wants_to_be_left_alone_for_long_is() -> None:
    with serving(echo, faults=[status(429, Retry_After="86400")]) as server:
        with pytest.raises(NetworkError, match="left alone for 1,440 minutes") as caught:
            answers(server)
        assert "goes on from here" in (caught.value.help or "")
        assert len(server.requests) == 1


def test_where_nothing_is_left_nobody_asks_until_there_is() -> None:
    spent = {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "1m30s"}
    reply = json.dumps({"choices": [{"message": {"content": "last"}}]}).encode()
    waits: list[float] = []
    with serving(echo, faults=[status(200, reply, **spent)]) as server:
        engine = engine_of(server, waits)
        assert engine.answers([ask("a")], Sampling()) == ["last"]
        assert engine.answers([ask("b")], Sampling()) == ["said b"]
    assert waits == [90.0]


def test_requests_keep_the_distance_of_their_rate() -> None:
    clock = Clock()
    with serving(echo) as server:
        engine = engine_of(server, pace=clock.pace(rate=120))
        engine.at_once = 1
        engine.answers([ask(str(n)) for n in range(5)], Sampling())
    assert clock.waits == [0.5] * 4


def test_no_more_are_under_way_than_may_be() -> None:
    def slowly(messages: list[dict[str, str]], body: dict[str, Any]) -> str:
        time.sleep(0.02)
        return echo(messages, body)

    for most in (1, 3):
        with serving(slowly) as server:
            engine = engine_of(server)
            engine.at_once = most
            assert engine.answers([ask(str(n)) for n in range(12)], Sampling()) == [f"said {n}" for n in range(12)]
            assert server.most == most
