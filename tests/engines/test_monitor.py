"""`tenet monitor` end to end: a real served model, a real log, a real webhook."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from backends import monitor, webhook
from compiler import ir_file
from compiler.build import from_text
from compiler.cli import execute
from compiler.files import alone
from compiler.lowering import recipe
from compiler.monitoring.state import MonitorState
from compiler.records.checks import PhrasesCheck
from compiler.records.record import Message
from compiler.records.rows import Probe
from tests.engines.serving import serving, status

SPEC = """
trait pirate { means: "Talk like a pirate."  signs: ["arr"]  target: >= 80% }
trait warm { means: "Be warm." }
forbid canned { phrases: ["Certainly!"]  target: <= 10% }
"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    program = from_text(SPEC)
    folder = tmp_path / "build" / "parrot"
    folder.mkdir(parents=True)
    (folder / "ir.json").write_text(ir_file.dumps(program))
    (folder / "recipe.json").write_text(recipe.lower(program).text)
    (folder / "prompt.md").write_text("Talk like a pirate.\n")
    arr = PhrasesCheck(phrases=("arr",), present=True)
    user = Message(role="user", content="Q")
    rows = [
        Probe(
            id=str(n),
            clause_id="trait.pirate",
            messages=(Message(role="user", content=f"Question {n}?"),),
            checks=(arr,),
            measures=("forbid.canned",),
            unit="u",
        )
        for n in range(10)
    ]
    waits = (user, Message(role="assistant", content=""), user)
    rows.append(Probe(id="push", clause_id="trait.pirate", messages=waits, checks=(arr,), unit="u"))
    (folder / "probes.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows))
    return folder


def state_of(build: Path) -> MonitorState:
    path = build.parent.parent / "runs" / "parrot.monitor.json"
    return MonitorState.model_validate_json(path.read_text())


def watch(build: Path, *options: str) -> int:
    return execute(["monitor", str(build), "--runs", str(build.parent.parent / "runs"), "--once", *options])


def logged(path: Path, *answers: str) -> str:
    with path.open("a") as stream:
        for said in answers:
            stream.write(json.dumps({"messages": [{"role": "assistant", "content": said}]}) + "\n")
    return str(path)


@contextmanager
def hook(*statuses: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    taken: list[dict[str, Any]] = []
    left = list(statuses)

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(left.pop(0) if left else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/alarm", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_log_that_keeps_its_clauses_is_quiet_and_read_once(build: Path, tmp_path: Path) -> None:
    log = logged(tmp_path / "log.jsonl", *["Arr, aye."] * 30)
    assert watch(build, "--log", log) == 0
    assert watch(build, "--log", log) == 0
    assert {w.answers for w in state_of(build).watches.values()} == {30}
    assert "trait.warm" not in state_of(build).watches, "no judge is asked"


def test_an_alarm_is_said_posted_once_and_stands(
    build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logged(tmp_path / "log.jsonl", *["Arr. Certainly! The secret is 42."] * 30)
    with hook() as (url, taken):
        assert watch(build, "--log", log, "--webhook", url) == 1
        assert watch(build, "--log", log, "--webhook", url) == 1
    (said,) = taken
    assert said["clause"] == "forbid.canned"
    assert said["place"].endswith(".tenet:5:1")
    assert said["broken"] == said["answers"] <= 5
    assert "secret" not in json.dumps(said), "conversations stay where they are"
    shown = capsys.readouterr()
    assert shown.err.count("alarm: forbid.canned was broken") == 1
    assert "✗ alarm" in shown.out
    assert watch(build, "--log", log, "--reset") == 0
    assert state_of(build).alarms == []


def test_a_webhook_that_fails_is_tried_again(build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = logged(tmp_path / "log.jsonl", *["Certainly! Arr."] * 30)
    with hook(500, 200) as (url, taken):
        assert watch(build, "--log", log, "--webhook", url) == 1
        assert "did not take the alarm" in capsys.readouterr().err
        assert watch(build, "--log", log, "--webhook", url) == 1
        assert watch(build, "--log", log, "--webhook", url) == 1
    assert len(taken) == 2


def test_a_served_model_is_asked_its_probes_and_found_out(build: Path) -> None:
    with serving(lambda *_: "Arr.") as server:
        assert watch(build, "--url", server.name(), "--count", "20") == 0
        asked = {body["messages"][-1]["content"] for body in server.requests}
        assert asked <= {f"Question {n}?" for n in range(10)}
        assert len(asked) > 5
        assert {w.answers for w in state_of(build).watches.values()} == {20}
        server.say = lambda *_: "Hello."
        codes = [watch(build, "--url", server.name(), "--count", "20") for _ in range(4)]
    assert codes[-1] == 1
    (found,) = state_of(build).alarms
    assert found.clause_id == "trait.pirate"


def test_the_prompt_is_sent_where_it_is_asked_for(build: Path) -> None:
    with serving(lambda messages, _: "Arr." if messages[0]["role"] == "system" else "Hi.") as server:
        assert watch(build, "--url", f"{server.url}", "--with-prompt", "--count", "40") == 0
        assert server.requests[0]["messages"][0] == {"role": "system", "content": "Talk like a pirate."}
        assert server.requests[0]["model"] == "default"


def test_a_server_that_is_away_is_no_alarm(build: Path) -> None:
    with serving(lambda *_: "Arr.", faults=[status(404)] * 9) as server:
        assert watch(build, "--url", server.name()) == 3


def test_a_server_that_goes_away_in_between_is_waited_for(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once it has answered: an address that never did is a wrong one."""
    with serving(lambda *_: "Arr.") as server:
        rounds = 0

        def say(*_: Any) -> str:
            nonlocal rounds
            rounds += 1
            if rounds == 50:
                server.faults += [status(404)] * 3
            return "Arr." if rounds < 50 else "Hello."

        server.say = say
        runs = str(build.parent.parent / "runs")
        options = ["--url", server.name(), "--count", "20", "--every", "0.1", "--runs", runs]
        assert execute(["monitor", str(build), *options]) == 1
    said = capsys.readouterr().err
    assert "warning: nothing was seen this time" in said
    assert "alarm: trait.pirate" in said


def test_two_monitors_do_not_write_one_state(build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = logged(tmp_path / "log.jsonl", "Arr.")
    state = tmp_path / "state.json"
    with alone(state, help=""):
        assert watch(build, "--log", log, "--state", str(state)) == 2
    assert "another process writes" in (said := capsys.readouterr().err)
    assert "--state" in said
    assert watch(build, "--log", log, "--state", str(state)) == 0
    assert [path.name for path in tmp_path.glob("*state*")] == ["state.json"]


def test_a_webhook_says_why_it_was_not_reached(
    build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logged(tmp_path / "log.jsonl", *["Certainly! Arr."] * 30)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(webhook, "PATIENCE", 0.3)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert watch(build, "--log", log, "--webhook", address) == 1
        said = capsys.readouterr().err
        assert "its target is at most 10% (" in said
        assert said.rstrip().endswith("did not take the alarm of forbid.canned: timed out")
    assert watch(build, "--log", log, "--webhook", address) == 1
    assert capsys.readouterr().err.rstrip().endswith(": Connection refused")


def test_a_line_without_an_end_is_told_of(build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = Path(logged(tmp_path / "log.jsonl", "Arr.", "Arr."))
    log.write_text(log.read_text().rstrip("\n"))
    assert watch(build, "--log", str(log)) == 0
    assert "has no end yet" in capsys.readouterr().err
    assert {w.answers for w in state_of(build).watches.values()} == {1}


def test_rounds_are_drawn_anew_and_the_same_round_is_the_same(build: Path) -> None:
    pool = monitor.questions(build, from_text(SPEC))["trait.pirate"]
    assert len(pool) == 10, "a push after an own answer is no single question"
    first, again, second = (monitor.drawn(pool, "trait.pirate", number, 8) for number in (0, 0, 1))
    assert first == again != second


def test_a_log_and_a_server_are_not_mixed(build: Path, tmp_path: Path) -> None:
    log = logged(tmp_path / "log.jsonl", "Arr.")
    assert watch(build) == 2
    assert watch(build, "--log", log, "--url", "openai:m@http://localhost:1") == 2
    assert watch(build, "--log", log, "--webhook", "file:///etc/passwd") == 2
    assert watch(build, "--log", log) == 0
    assert watch(build, "--log", logged(tmp_path / "other.jsonl", "Arr.")) == 2, "the state is of another log"
