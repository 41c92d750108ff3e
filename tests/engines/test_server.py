"""A model behind a server: what is sent, what goes wrong, and where the key goes. The server is a real one."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from backends import bases
from backends.cached import CachedEngine
from backends.engines import Sampling, load
from backends.engines.openai import OpenAIEngine
from backends.pace import Pace
from backends.server import LONGEST_REPLY, Server, served
from compiler.failures import DataError, ModelLoadError, NetworkError
from compiler.records.record import Message
from compiler.replies import SIDES
from compiler.spending import Ledger
from tests.engines.serving import Handler, Served, hangs_up, serving, status, tokens


def ask(text: str) -> tuple[Message, ...]:
    return (Message(role="user", content=text),)


def echo(messages: list[dict[str, str]], _: dict[str, Any]) -> str:
    return f" said {messages[-1]['content']} "


class Clock:
    """A clock that sleeping alone moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if seconds:
            self.waits.append(round(seconds, 3))

    def pace(self, rate: float | None = None) -> Pace:
        return Pace(rate, clock=lambda: self.now, sleep=self.sleep)


def engine_of(
    server: Served, waits: list[float] | None = None, ledger: Ledger | None = None, **changes: Any
) -> OpenAIEngine:
    """An engine that waits in no time; waits: what it has waited for. Its jitter is the most there is."""
    clock = Clock()
    if waits is not None:
        clock.waits = waits
    made = {"pace": clock.pace(), "draw": lambda: 1.0, **changes}
    return OpenAIEngine(bases.resolve_role(server.name()), Server("small", server.url, **made), ledger)


def test_a_batch_is_answered_in_its_order_and_asked_as_it_is() -> None:
    with serving(echo) as server:
        system = Message(role="system", content="Be brief.")
        batch = [(system, *ask(str(number))) for number in range(20)]
        found = load(bases.resolve_role(server.name())).answers(batch, Sampling(max_new_tokens=9))
        assert found == [f"said {number}" for number in range(20)]
        sent = next(body for body in server.requests if body["messages"][-1]["content"] == "7")
    assert sent == {
        "model": "small",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "7"}],
        "temperature": 0.0,
        "max_tokens": 9,
    }


def test_equal_rows_of_a_sampled_batch_are_drawn_apart() -> None:
    with serving(lambda messages, body: str(body["seed"])) as server:
        engine = engine_of(server)
        first = engine.answers([ask("a")] * 3, Sampling(temperature=1.0, seed=5))
        assert len(set(first)) == 3
        assert engine.answers([ask("a")] * 3, Sampling(temperature=1.0, seed=5)) == first
        assert not set(engine.answers([ask("a")] * 3, Sampling(temperature=1.0, seed=6))) & set(first)


@pytest.mark.parametrize("fault", [status(429), status(503), hangs_up, status(200, b"<html>"), status(200, b"[1]")])
def test_what_may_pass_is_tried_again(fault: Any) -> None:
    waits: list[float] = []
    with serving(echo, faults=[fault, fault]) as server:
        assert engine_of(server, waits).answers([ask("a")], Sampling()) == ["said a"]
        assert len(server.requests) == 3
    assert waits == [1.0, 2.0]


def test_a_server_that_says_when_is_asked_then() -> None:
    waits: list[float] = []
    faults = [status(429, Retry_After="7"), status(429, retry_after_ms="3500"), status(503)]
    with serving(echo, faults=faults) as server:
        engine_of(server, waits).answers([ask("a")], Sampling())
    assert waits == [1.0, 6.0, 2.0, 1.5, 4.0], "what is left of the server's time after the engine's own"


def test_what_does_not_pass_is_a_network_error_that_says_what_was_said() -> None:
    with serving(echo, faults=[status(500, "out of cheese")] * 5) as server:
        with pytest.raises(NetworkError, match=r"failed 5 times.*500 out of cheese"):
            engine_of(server).answers([ask("a")], Sampling())
        assert len(server.requests) == 5
    with serving(echo, faults=[status(404, "no model small")]) as server:
        with pytest.raises(NetworkError, match="404 no model small"):
            engine_of(server).answers([ask("a")], Sampling())
        assert len(server.requests) == 1, "what a server refuses is not asked again"
    with pytest.raises(NetworkError, match="refused") as caught:
        engine_of(server).answers([ask("a")], Sampling())
    assert "see that the server runs" in (caught.value.help or "")


def test_a_server_that_is_slow_is_given_up() -> None:
    def sleepy(messages: Any, _: Any) -> str:
        time.sleep(0.6)
        return "late"

    with serving(sleepy) as server, pytest.raises(NetworkError, match=r"failed 2 times.*timed out"):
        engine_of(server, timeout=0.1, tries=2).answers([ask("a")], Sampling())


def test_the_first_failure_ends_a_batch() -> None:
    with serving(echo, faults=[status(404)] * 64) as server:
        with pytest.raises(NetworkError):
            engine_of(server).answers([ask(str(n)) for n in range(64)], Sampling())
        assert len(server.requests) < 40, "what waited was not sent"


@pytest.mark.parametrize("body", [{}, {"choices": []}, {"choices": [{"message": {"content": 3}}]}, {"choices": "no"}])
def test_an_answer_in_another_shape_is_said_to_be_one(body: Any) -> None:
    faults = [status(200, json.dumps(body).encode())]
    with serving(echo, faults=faults) as server, pytest.raises(NetworkError, match="its answer"):
        engine_of(server).answers([ask("a")], Sampling())


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    huge = b" " * (LONGEST_REPLY + 10) + b"{}"
    with serving(echo, faults=[status(200, huge)]) as server, pytest.raises(NetworkError, match="longer than 8 MB"):
        engine_of(server, tries=1).answers([ask("a")], Sampling())


def test_what_is_too_long_or_withheld_has_no_answer() -> None:
    long = status(400, "This model's maximum context length is 8 tokens.")
    with serving(lambda *_: None, faults=[long]) as server:
        assert engine_of(server).answers([ask("a"), ask("b")], Sampling()) == [None, None]


def test_a_server_that_differs_in_two_known_ways_is_understood() -> None:
    def fussy(handler: Handler, body: dict[str, Any]) -> bool:
        if "max_tokens" in body:
            return status(400, "Use 'max_completion_tokens' instead.")(handler, body)
        return "logprobs" in body and status(400, "logprobs is not supported")(handler, body)

    with serving(lambda *_: "Short. No.", faults=[fussy] * 9) as server:
        engine = engine_of(server)
        assert engine.yes(["a"]) == [0.0]
        assert engine.yes(["b"]) == [0.0]
        assert len(server.requests) == 4, "the second time it is asked as it wants to be"
        assert server.requests[-1]["max_completion_tokens"]


# ------------------------------------------------------------------ yes or no


def test_probabilities_are_read_where_the_reply_says_its_verdict() -> None:
    reply = "It says No, twice. It is good. Yes."
    with serving(lambda *_: reply, chances=lambda text: tokens(text, 0.8)) as server:
        assert engine_of(server).yes(["a"]) == pytest.approx([0.8])
        assert server.requests[0]["logprobs"] is True


def test_without_probabilities_the_words_decide_and_nothing_else_does() -> None:
    said = {"a": "It is warm. Yes.", "b": "**No**", "c": "It is so, no doubt about that", "d": "", "e": "Second"}
    with serving(lambda messages, _: said[messages[-1]["content"]]) as server:
        assert engine_of(server).yes(list("abcd")) == [1.0, 0.0, None, None]
        assert engine_of(server).yes(["e"], SIDES) == [0.0]


@pytest.mark.parametrize(
    "chances", [lambda _: [{"token": "Yes"}], lambda _: [], lambda _: [{"token": "Yes", "top_logprobs": "x"}]]
)
def test_log_probabilities_in_another_shape_leave_the_words(chances: Any) -> None:
    with serving(lambda *_: "Yes.", chances=chances) as server:
        assert engine_of(server).yes(["a"]) == [1.0]


def test_tokens_that_split_a_letter_do_not_move_the_verdict() -> None:
    split = [{"token": "\ufffd", "top_logprobs": []}] * 4 + tokens("Yes.", 0.7)
    with serving(lambda *_: "🦜 Yes.", chances=lambda _: split) as server:
        assert engine_of(server).yes(["a"]) == pytest.approx([0.7])


# ------------------------------------------------------------------ the cache and roles


def test_what_a_server_said_is_asked_once(tmp_path: Path) -> None:
    with serving(echo) as server:
        base = bases.resolve_role(server.name())
        for _ in range(2):
            assert CachedEngine(base, tmp_path).answers([ask("a")], Sampling()) == ["said a"]
        assert len(server.requests) == 1
        other = bases.resolve_role(server.name("large"))
        CachedEngine(other, tmp_path).answers([ask("a")], Sampling())
        assert len(server.requests) == 2, "another model is another judge"
        assert CachedEngine(base, tmp_path).has_system()


def test_a_served_model_is_no_base_and_no_model_of_this_machine() -> None:
    with pytest.raises(ModelLoadError, match="behind a server") as caught:
        bases.resolve("openai:gpt@https://models.example.org/v1")
    assert "tenet monitor" in (caught.value.help or "")
    with pytest.raises(NetworkError, match="another machine"):
        bases.resolve_role("openai:gpt@https://models.example.org/v1", local_files_only=True)
    assert bases.resolve_role("openai:gpt@http://localhost:1/v1", local_files_only=True).engine == "openai"


# ------------------------------------------------------------------ names and keys


@pytest.mark.parametrize(
    ("name", "model", "url"),
    [
        ("openai:gpt-5-mini", "gpt-5-mini", "https://api.openai.com/v1"),
        ("openai:org/m@main@http://h:8000", "org/m@main", "http://h:8000/v1"),
        ("openai:m@https://h/x/v1/", "m", "https://h/x/v1"),
        ("openai:m@https://h/v1/chat/completions", "m", "https://h/v1"),
    ],
)
def test_names_of_served_models(name: str, model: str, url: str) -> None:
    assert (served(name).model, served(name).url) == (model, url)


@pytest.mark.parametrize(
    "name", ["openai:", "openai:a b", "openai:m@", "openai:m@https://u:secret@h/v1", "openai:m@https://h/v1?key=secret"]
)
def test_names_that_lead_nowhere_or_hold_a_secret(name: str) -> None:
    with pytest.raises(ModelLoadError) as caught:
        served(name)
    assert "secret" not in str(caught.value) or name == "openai:"


def test_a_key_goes_to_the_host_that_it_is_meant_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.setenv("TENET_API_KEY", "sk-own")
    monkeypatch.setenv("TENET_API_HOST", "models.example.org,127.0.0.1:9")

    def key(name: str) -> str | None:
        return served(name)._headers().get("Authorization")

    assert key("openai:m") == "Bearer sk-openai"
    assert key("openai:m@https://models.example.org/v1") == "Bearer sk-own"
    assert key("openai:m@http://127.0.0.1:9/v1") == "Bearer sk-own"
    for elsewhere in ("https://evil.example", "http://models.example.org/v1", "http://127.0.0.1:8/v1",
                      "https://api.openai.com.evil.example/v1", "http://api.openai.com/v1"):  # fmt: skip
        assert key(f"openai:m@{elsewhere}") is None, elsewhere


def test_no_key_is_written_and_a_closed_door_says_how_to_open_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serving(echo, faults=[status(401, "who are you?")]) as server:
        engine = CachedEngine(bases.resolve_role(server.name()), tmp_path)
        with pytest.raises(NetworkError, match="401 who are you") as caught:
            engine.answers([ask("a")], Sampling())
        assert "TENET_API_HOST=127.0.0.1" in (caught.value.help or "")
        monkeypatch.setenv("TENET_API_KEY", "sk-own")
        monkeypatch.setenv("TENET_API_HOST", "127.0.0.1")
        engine.answers([ask("a")], Sampling())
        assert server.headers[-1]["Authorization"] == "Bearer sk-own"
    assert all(b"sk-own" not in path.read_bytes() for path in tmp_path.iterdir())
    assert "sk-own" not in repr(engine.engine.server)


def test_no_redirect_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(echo) as other:
        faults = [status(302, "", Location=f"{other.url}/chat/completions")]
        with serving(echo, faults=faults) as server, pytest.raises(NetworkError, match="302"):
            engine_of(server).answers([ask("a")], Sampling())
        assert other.requests == []


def test_what_needs_weights_is_refused() -> None:
    with serving(echo) as server, pytest.raises(DataError, match="adapter"):
        engine_of(server).answers([ask("a")], Sampling(), adapter=True)
