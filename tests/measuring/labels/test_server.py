"""The server over real HTTP: who may ask, what is refused, what is stored, and many at once."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from compiler.labels import content
from compiler.labels.desk import Desk
from compiler.labels.store import FILE, Store
from compiler.labels.tasks import Task
from compiler.labels.web.guard import Guard
from compiler.labels.web.server import MOST_BODY, LabelServer
from tests.measuring.labels.conftest import Client

ROOT = Path(__file__).parents[3]


# ------------------------------------------------------------------ who may ask


def test_the_printed_address_opens_the_page_and_hands_over_a_cookie(client: Client) -> None:
    status, headers, body = client.send("GET", f"/?token={client.token}", Cookie=None)
    assert status == 200
    assert b"<h2>Who are you?</h2>" in body
    assert headers["set-cookie"] == f"{client.cookie}; HttpOnly; SameSite=Strict; Path=/"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    for path in ("/", "/page.css", "/page.js", "/icon.svg"):
        assert client.send("GET", path)[0] == 200
    assert client.token not in body.decode()


def test_a_browser_is_started_with_an_address_that_works_once(client: Client) -> None:
    path = client.server.url_once.partition(client.host)[2]
    assert client.token not in path
    status, headers, _ = client.send("GET", path, Cookie=None)
    assert (status, headers["set-cookie"].partition(";")[0]) == (200, client.cookie)
    assert client.send("GET", path, Cookie=None)[0] == 401
    assert client.send("GET", "/?ticket=", Cookie=None)[0] == 401
    assert client.send("GET", "/?ticket=None", Cookie=None)[0] == 401


def test_listening_everywhere_prints_an_address_that_others_can_reach(every: tuple[Task, ...], store: Store) -> None:
    server = LabelServer(Desk(every, store, "run"), "0.0.0.0", 0)
    assert not server.is_local
    assert "//0.0.0.0" not in server.url
    assert server.guard.is_here(urlsplit(server.url).netloc)
    assert server.url_once.startswith("http://127.0.0.1:")
    server.server_close()


def test_a_program_labels_with_the_token_alone(client: Client, store: Store) -> None:
    """A page elsewhere cannot send the header: its browser would have to ask first, and nobody answers."""
    task = client.ask("next")[1]["task"]
    body = json.dumps({"annotator": "Ana", "key": task["key"], "nonce": "n"}).encode()
    bare: dict[str, str | None] = {"Cookie": None, "Origin": None}
    status, _, said = client.send("POST", "/api/skip", body, **bare)
    assert (status, b"Authorization: Bearer TOKEN" in said) == (403, True)
    for wrong in ("Bearer x", f"Basic {client.token}", "Bearer", client.token):
        assert client.send("POST", "/api/skip", body, **bare, Authorization=wrong)[0] == 401
    assert client.send("POST", "/api/skip", body, Authorization="Bearer x")[0] == 401, "the cookie makes up for nothing"
    assert client.send("OPTIONS", "/api/skip")[0] == 501
    assert store.standing() == []
    assert client.send("POST", "/api/skip", body, **bare, Authorization=f"Bearer {client.token}")[0] == 200
    assert len(store.standing()) == 1


def test_a_nonce_that_has_named_something_else_is_refused(client: Client, store: Store) -> None:
    """What is answered with 200 is on the disk, also where two programs count their requests from 1."""
    task = client.ask("next")[1]["task"]
    assert client.ask("skip", key=task["key"], nonce="1")[0] == 200
    assert client.ask("skip", key=task["key"], nonce="1")[0] == 200, "the same request again"
    status, said = client.ask("skip", annotator="Ben", key=task["key"], nonce="1")
    assert status == 422
    assert "each request needs its own" in said["error"]
    assert client.ask("undo", annotator="Ana", nonce="2")[1]["undone"]
    assert client.ask("skip", annotator="Ben", key=task["key"], nonce="3")[0] == 200
    assert client.ask("undo", annotator="Ben", nonce="2")[0] == 422
    assert [entry.annotator for entry in store.standing()] == ["Ben"]


@pytest.mark.parametrize("path", ["/", "/?token=wrong", "/page.js", "/?token="])
def test_without_the_token_nothing_is_shown(client: Client, path: str) -> None:
    status, _, body = client.send("GET", path, Cookie=None)
    assert status == 401
    assert b"token" in body
    assert client.send("GET", path, Cookie=client.cookie[:-1])[0] == 401
    assert client.send("POST", "/api/next", b"{}", Cookie=None)[0] == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example:{port}", "Origin": "http://evil.example:{port}"}, 421),  # DNS rebinding
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Host": None}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": None}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Origin": "http://localhost:{port}"}, 403),  # another name is another origin
        ({"Content_Type": "text/plain"}, 415),  # what a form can send
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Length": None}, 411),
        ({"Content_Length": "-1"}, 411),
        ({"Content_Length": "1e3"}, 411),
        ({"Content_Length": None, "Transfer_Encoding": "chunked"}, 411),
        ({"Content_Length": str(MOST_BODY + 1)}, 413),
        ({"Content_Length": "9" * 30}, 413),
    ],
)
def test_a_page_elsewhere_cannot_label(client: Client, store: Store, headers: dict[str, Any], status: int) -> None:
    port = client.server.guard.port
    sent = {name: value and value.replace("{port}", str(port)) for name, value in headers.items()}
    task = client.ask("next")[1]["task"]
    body = json.dumps({"annotator": "Eve", "key": task["key"], "value": "tie", "nonce": "n"}).encode()
    assert client.send("POST", "/api/skip", body, **sent)[0] == status
    assert store.standing() == []


@pytest.mark.parametrize(
    "path", ["/../server.py", "/page.css/../guard.py", "/%2e%2e/guard.py", "//etc/passwd", "/server.py", "/api/next"]
)
def test_only_the_pages_own_files_are_served(client: Client, path: str) -> None:
    assert client.send("GET", path)[0] == 404


@pytest.mark.parametrize("path", ["/api/__init__", "/api/store", "/api/_task", "/api/", "/next", "/api/x/next"])
def test_only_what_a_page_asks_is_answered(client: Client, path: str) -> None:
    assert client.send("POST", path, b"{}")[0] == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 60000, b'"text"'])
def test_a_body_that_is_no_object_is_refused(client: Client, body: bytes) -> None:
    assert client.send("POST", "/api/next", body)[0] == 400


def test_on_a_network_addresses_are_names_enough_and_names_are_not() -> None:
    guard = Guard("t", "0.0.0.0", 8484)
    assert all(guard.is_here(f"{host}:8484") for host in ("192.168.1.7", "localhost", "127.0.0.1", "[::1]"))
    assert not any(guard.is_here(host) for host in ("evil.example:8484", "192.168.1.7", "192.168.1.7:80", "", None))
    assert not Guard("t", "127.0.0.1", 8484).is_here("192.168.1.7:8484")
    assert Guard("t", "desk.local", 8484).is_here("desk.local:8484")


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {Guard.new("127.0.0.1", 1).token for _ in range(50)}
    assert len(tokens) == 50
    assert all(len(token) >= 32 for token in tokens)


# ------------------------------------------------------------------ what is stored


def test_a_label_is_stored_and_the_next_task_comes_with_the_reply(
    client: Client, store: Store, every: tuple[Task, ...]
) -> None:
    seen = []
    for kind, value in (
        ("present", True),
        ("likert", 4),
        ("refusal", "partly"),
        ("span", [[0, 3]]),
        ("pairwise", "tie"),
    ):
        task = client.ask("next", kind=kind)[1]["task"]
        seen.append(task["key"])
        status, reply = client.ask("label", kind=kind, key=task["key"], value=value, note=" why ", nonce=kind)
        assert status == 200, reply
        assert reply["task"]["key"] != task["key"]
        assert reply["progress"]["labelled"] == 1
    entries = store.standing()
    assert [entry.seen.key for entry in entries] == seen
    assert [entry.value for entry in entries] == [True, 4, "partly", [[0, 3]], "tie"]
    assert {entry.note for entry in entries} == {"why"}


def test_left_and_right_are_what_this_person_saw(client: Client, store: Store, every: tuple[Task, ...]) -> None:
    by_key = {task.key: task for task in every}
    sides = set()
    for number in range(12):
        task = client.ask("next", kind="pairwise")[1]["task"]
        client.ask("label", key=task["key"], value="left", nonce=f"n{number}")
        chosen = by_key[task["key"]].answers[0 if store.standing()[-1].value == "first" else 1]
        assert chosen == task["answers"][0]
        sides.add(content.swapped(task["key"], "Ana"))
        assert client.ask("undo", nonce=f"u{number}")[1]["task"]["before"]["value"] == "left"
        client.ask("label", key=task["key"], value="left", nonce=f"again{number}")
    assert sides == {True, False}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("present", "yes"),
        ("present", 1),
        ("likert", 0),
        ("likert", 6),
        ("likert", True),
        ("likert", 2.5),
        ("refusal", "tie"),
        ("pairwise", "first"),
        ("pairwise", None),
        ("span", [[0, 100000]]),
        ("span", [[3, 3]]),
        ("span", [[-1, 3]]),
        ("span", [3]),
        ("span", "all"),
        ("present", {"a": [1]}),
    ],
)
def test_what_is_no_label_is_refused_with_a_reason(client: Client, store: Store, kind: str, value: Any) -> None:
    task = client.ask("next", kind=kind)[1]["task"]
    status, reply = client.ask("label", key=task["key"], value=value, nonce="n")
    assert status == 422
    assert reply["error"]
    assert store.standing() == []


@pytest.mark.parametrize(
    "sent",
    [
        {"annotator": ""},
        {"annotator": "   "},
        {"annotator": "x" * 41},
        {"annotator": "a\u202eb"},
        {"annotator": "\ud800"},
        {"annotator": 3},
        {"key": "no such task"},
        {"key": None},
        {"nonce": ""},
        {"nonce": "x" * 1000},
        {"note": "x" * 3000},
        {"note": ["a"]},
    ],
)
def test_names_keys_and_notes_have_bounds(client: Client, store: Store, sent: dict[str, Any]) -> None:
    task = client.ask("next")[1]["task"]
    assert client.ask("skip", **{"key": task["key"], "nonce": "n", **sent})[0] == 422
    assert store.standing() == []


def test_skips_come_back_when_asked_for(client: Client) -> None:
    task = client.ask("next")[1]["task"]
    reply = client.ask("skip", key=task["key"], nonce="s")[1]
    assert reply["progress"]["skipped"] == 1
    assert client.ask("next")[1]["task"]["key"] != task["key"]
    assert client.ask("again")[1]["task"]["key"] == task["key"]


def test_people_have_queues_of_their_own_and_agreement_is_told(client: Client) -> None:
    differed = 0
    for number in range(12):
        one = client.ask("next", kind="present")[1]["task"]
        other = client.ask("next", kind="present", annotator="Ben")[1]["task"]
        differed += one["key"] != other["key"]
        client.ask("label", key=one["key"], value=number % 2 == 0, nonce=f"a{number}")
        client.ask("label", key=one["key"], value=number % 3 == 0, nonce=f"b{number}", annotator="Ben")
    assert differed > 3
    assert differed > 3
    [row] = client.ask("agreement")[1]["agreement"]
    assert (row["kind"], row["people"], row["shared"], row["same"]) == ("present", ["Ana", "Ben"], 12, "50%")
    # Table 2 2 / 4 4 after (yes, yes), ...: chance alone would agree on half of them.
    assert row["corrected"][0].startswith("Cohen's kappa 0.00 [")
    assert [figure.partition(" 0")[0].partition(" -")[0] for figure in row["corrected"]] == [
        *("Cohen's kappa", "Gwet's AC1", "Krippendorff's alpha"),
    ]


# ------------------------------------------------------------------ many at once, silence, and kill -9


def test_many_people_at_once_lose_nothing(client: Client, store: Store) -> None:
    failed: list[Any] = []

    def work(person: str) -> None:
        task = client.ask("next", kind="likert", annotator=person)[1]["task"]
        for number in range(15):
            status, reply = client.ask(
                "label",
                kind="likert",
                annotator=person,
                key=task["key"],
                value=1 + number % 5,
                nonce=f"{person}{number}",
            )
            if status != 200:
                failed.append(reply)
                return
            task = reply["task"]

    threads = [threading.Thread(target=work, args=(f"P{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(store.standing()) == 8 * 15


def test_who_sends_nothing_holds_up_nobody(client: Client) -> None:
    silent = [socket.create_connection(("127.0.0.1", client.server.guard.port)) for _ in range(20)]
    started = time.monotonic()
    assert client.ask("next")[0] == 200
    assert time.monotonic() - started < 5
    for connection in silent:
        connection.close()


def test_ipv6_is_a_loopback_too(every: tuple[Task, ...], store: Store) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        server = LabelServer(Desk(every, store, "run"), "::1", 0)
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    assert server.url.startswith("http://[::1]:")
    assert server.is_local
    assert server.guard.is_here(f"[::1]:{server.guard.port}")
    server.server_close()


def served(on_disk: tuple[Path, Path]) -> tuple[subprocess.Popen[str], str]:
    """Start the real command, and return it with the address that it prints."""
    build, run = on_disk
    # Whoever runs the tests in the background hands down a Ctrl-C that is ignored.
    start = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    start = f"{start}; from compiler.cli import main; main()"
    command = [sys.executable, "-c", start, "label", str(run), "-o", str(build.parent), "--no-open"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    return process, next(found.group() for line in process.stdout if (found := re.search(r"http://\S+", line)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_cleanly_and_says_where_the_labels_are(on_disk: tuple[Path, Path], number: signal.Signals) -> None:
    process, _ = served(on_disk)
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert str(on_disk[1] / FILE) in said
    assert [path.name for path in on_disk[1].glob("labels*")] == [FILE], "no log is left beside the file"


def test_kill_9_in_the_middle_of_a_batch_loses_no_label_that_was_acknowledged(on_disk: tuple[Path, Path]) -> None:
    """The real command, six people at once, killed while they label."""
    _, run = on_disk
    process, address = served(on_disk)
    url = urlsplit(address)
    token = parse_qs(url.query)["token"][0]
    acknowledged: list[tuple[str, str, int]] = []
    enough = threading.Event()

    def work(person: str) -> None:
        connection = HTTPConnection("127.0.0.1", url.port or 0, timeout=10)
        headers = {
            "Origin": f"http://127.0.0.1:{url.port}",
            "Content-Type": "application/json",
            "Cookie": f"tenet_label_{url.port}={token}",
        }

        def ask(what: str, **sent: Any) -> Any:
            body = json.dumps({"annotator": person, "kind": "likert", **sent})
            connection.request("POST", f"/api/{what}", body, headers)
            return json.loads(connection.getresponse().read())

        try:
            task = ask("next")["task"]
            for number in range(10000):
                value = 1 + number % 5
                following = ask("label", key=task["key"], value=value, nonce=f"{person}{number}")["task"]
                acknowledged.append((person, task["key"], value))
                if len(acknowledged) > 60:
                    enough.set()
                task = following
        except (OSError, HTTPException, TypeError):
            return  # the server is dead

    threads = [threading.Thread(target=work, args=(f"P{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    process.send_signal(signal.SIGKILL)
    for thread in threads:
        thread.join()
    process.communicate()
    with Store(run / FILE) as store:
        found = {(entry.annotator, entry.seen.key, entry.value) for entry in store.standing()}
    assert len(acknowledged) > 60
    assert set(acknowledged) <= found
    assert len(found) - len(acknowledged) <= 6, "at most one for each person, whose reply was on its way"
