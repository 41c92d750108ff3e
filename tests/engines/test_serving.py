"""Many adapters behind one socket: each request gets what its adapter says alone, whoever asks beside it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from backends import bases
from backends.engines import Sampling, load
from backends.serve.http import Server
from backends.serve.turns import Turns
from compiler.cli import execute
from compiler.cli.serve import named
from compiler.failures import GivenError, ModelLoadError
from compiler.records.recipe import Recipe
from compiler.records.record import Message
from tests.backends import checkpoints, recipes

ASKED = ("Why?", "Where is the sea?", "What is it?", "Who says so, and when?")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.make(tmp_path_factory.mktemp("served") / "llama")


@pytest.fixture(scope="module")
def models(base: Path) -> dict[str, Path | None]:
    adapters = {n: checkpoints.adapter(base, base.parent / n, seed=s) for s, n in enumerate(("caring", "casual"), 1)}
    return {"base": None, **adapters}


@pytest.fixture
def server(base: Path, models: dict[str, Path | None]) -> Iterator[Server]:
    engine: Any = load(bases.resolve(str(base)))
    turns = Turns(engine, models)
    turns.start()
    with Server(turns, "127.0.0.1", 0) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()
    turns.stop()


def post(server: Server, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    told = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        connection.request("POST", "/v1/chat/completions", told, {"Content-Type": "application/json", **headers})
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def chat(model: str, text: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 8, **more}


def test_requests_for_different_adapters_are_answered_in_one_batch(
    server: Server, base: Path, models: dict[str, Path | None]
) -> None:
    sizes: list[list[Path | None]] = []
    engine = server.turns._engine
    compute, first, others = engine.mixed_continuations, threading.Event(), threading.Event()

    def watched(prompts: Any, arms: Any, sampling: Sampling) -> Any:
        sizes.append(list(arms))
        first.set()
        others.wait(30)  # until all the others wait
        return compute(prompts, arms, sampling)

    engine.mixed_continuations = watched  # type: ignore[method-assign]  # what the engine is asked is watched
    wanted = [(name, text) for text in ASKED for name in models]
    with ThreadPoolExecutor(len(wanted)) as pool:
        replies = [pool.submit(post, server, chat(*wanted[0]))]
        assert first.wait(30)
        replies += [pool.submit(post, server, chat(*one)) for one in wanted[1:]]
        while len(server.turns._waiting) < len(wanted) - 1:
            time.sleep(0.005)
        others.set()
        found = [reply.result() for reply in replies]
    assert [len(size) for size in sizes] == [1, len(wanted) - 1]
    assert set(sizes[1]) == set(models.values()), "of all adapters, and of the base"
    alone: Any = load(bases.resolve(str(base)))
    said = set()
    for (name, text), (status, body) in zip(wanted, found, strict=True):
        assert status == 200
        adapter = models[name]
        if adapter is not None:
            alone.attach(adapter)
        (expected,) = alone.answers(
            [(Message(role="user", content=text),)], Sampling(max_new_tokens=8), adapter=adapter is not None
        )
        assert body["choices"][0]["message"]["content"] == expected
        assert body["model"] == name
        said.add((text, expected))
    assert len(said) == len(wanted), "every model says something else"


def test_tenet_s_own_client_reads_it(server: Server) -> None:
    served = load(bases.resolve_role(f"openai:caring@{server.url}"))
    question = (Message(role="user", content="Where is the sea?"),)
    _, body = post(server, chat("caring", "Where is the sea?"))
    assert served.answers([question], Sampling(max_new_tokens=8)) == [body["choices"][0]["message"]["content"]]


def test_each_has_as_many_tokens_as_it_asks_for_and_a_seed_draws_the_same(server: Server) -> None:
    _, short = post(server, chat("caring", "Why?", max_tokens=2))
    assert short["usage"]["completion_tokens"] == 2
    assert short["choices"][0]["finish_reason"] == "length"
    drawn = [post(server, chat("casual", "Why?", temperature=1.0, seed=7))[1]["choices"][0] for _ in range(2)]
    assert drawn[0] == drawn[1]
    other = [post(server, chat("casual", "Why?", temperature=1.0, seed=n))[1]["choices"][0] for n in range(5)]
    assert any(one != drawn[0] for one in other)
    parts = [{"type": "text", "text": "Wh"}, {"type": "text", "text": "y?"}]
    whole = {**chat("caring", ""), "messages": [{"role": "user", "content": parts}]}
    assert post(server, whole)[1]["choices"] == post(server, chat("caring", "Why?"))[1]["choices"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (chat("poetic", "Why?"), 404, "there are: base, caring, casual"),
        (b"{", 400, "no JSON"),
        (b"[" * 100_000, 400, "no JSON"),
        ([], 400, "no JSON object"),
        ({"model": "caring", "messages": []}, 400, "holds none"),
        ({"model": "caring", "messages": [{"role": "tool", "content": "x"}]}, 400, "message 1 has no role"),
        ({"model": "caring", "messages": [{"role": "user", "content": [{"type": "image"}]}]}, 400, "else than text"),
        ({"model": "caring", "messages": [{"role": "system", "content": "x"}]}, 400, "nothing to answer"),
        (chat("caring", "Why?", stream=True), 400, "`stream` cannot be True here"),
        (chat("caring", "Why?", n=2), 400, "`n` cannot be 2"),
        (chat("caring", "Why?", guided="x"), 400, "`guided` is not known"),
        (chat("caring", "Why?", max_tokens=0.5), 400, "whole number from 1"),
        (chat("caring", "Why?", temperature=-1), 400, "from 0 to 2"),
        (chat("caring", "Why?", seed="x"), 400, "`seed`"),
        (chat("caring", "why " * 3000), 400, "tokens are asked"),
    ],
)
def test_what_cannot_be_answered_is_refused(server: Server, body: Any, status: int, said: str) -> None:
    found, told = post(server, body)
    assert found == status
    assert said in told["error"]["message"]
    assert post(server, chat("base", "Why?"))[0] == 200, "and the next is answered"


def test_a_page_elsewhere_cannot_ask(server: Server) -> None:
    assert post(server, chat("base", "Why?"), Host="evil.example")[0] == 403
    assert post(server, chat("base", "Why?"), **{"Content-Type": "text/plain"})[0] == 415
    assert post(server, chat("base", "Why?"), Host=f"localhost:{server.server_port}")[0] == 200


def test_a_server_that_others_reach_asks_for_a_key(server: Server) -> None:
    with pytest.raises(ValueError, match="needs a key"):
        Server(server.turns, "0.0.0.0", 0)
    with Server(server.turns, "0.0.0.0", 0, key="k") as open_one:
        thread = threading.Thread(target=open_one.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        for key, status in (("", 401), ("Bearer x", 401), ("Bearer k", 200)):
            assert post(open_one, chat("base", "Why?"), Authorization=key)[0] == status
        open_one.shutdown()
        thread.join()


def test_the_models_are_listed_and_other_paths_are_not_there(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    for path, status in (("/v1/models", 200), ("/", 404)):
        connection.request("GET", path)
        reply = connection.getresponse()
        assert reply.status == status
        body = json.loads(reply.read())
        if status == 200:
            assert [model["id"] for model in body["data"]] == ["base", "caring", "casual"]
    connection.close()


def test_a_fault_is_told_to_who_asked_and_ends_nothing(server: Server) -> None:
    engine = server.turns._engine
    compute = engine.mixed_continuations

    def broken(*given: Any) -> Any:
        engine.mixed_continuations = compute  # type: ignore[method-assign]  # the next one succeeds
        raise ModelLoadError("the adapter cannot be read")

    engine.mixed_continuations = broken  # type: ignore[method-assign]  # it fails once
    status, body = post(server, chat("caring", "Why?"))
    assert (status, body["error"]["message"]) == (500, "the adapter cannot be read")
    assert post(server, chat("caring", "Why?"))[0] == 200


def test_models_are_named_by_their_specs(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(name: str, digest: str, of: Path = base) -> Path:
        build = recipes.write(tmp_path / "build" / name, Recipe(base=str(of), units=(), method="dpo"))
        (build / "ir.json").touch()
        folder = tmp_path / "runs" / f"{name}-{digest}"
        checkpoints.adapter(of, folder / "adapter")
        told = {"base_digest": bases.resolve(str(of)).digest, "base": str(of)}
        (folder / "run.json").write_text(json.dumps(told))
        return folder

    one, two, twin = run("caring", "1"), run("casual", "2"), run("casual", "3")
    found, models = named([one, two], tmp_path / "build", True)
    assert found.name == str(base)
    assert models == {str(base): None, "caring": one / "adapter", "casual": two / "adapter"}
    _, models = named([one, two, twin], tmp_path / "build", True)
    assert list(models) == [str(base), "caring", "casual-2", "casual-3"]
    other = run("far", "4", checkpoints.make(tmp_path / "qwen", "qwen3"))
    with pytest.raises(GivenError, match="another base"):
        named([one, other], tmp_path / "build", True)
    assert execute(["serve", str(one), "--out", str(tmp_path / "build"), "--host", "0.0.0.0"]) == 2
    assert "TENET_SERVE_KEY" in capsys.readouterr().err
