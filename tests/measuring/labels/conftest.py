"""A run on disk whose answers are labelled, its tasks, and a server for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from compiler.labels.desk import Desk
from compiler.labels.store import FILE, Store
from compiler.labels.tasks import Task, tasks
from compiler.labels.web.server import LabelServer
from compiler.runs import Run
from tests.measuring.runs import written


@pytest.fixture(scope="session")
def every(run: Run) -> tuple[Task, ...]:
    return tasks(run)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / FILE) as opened:
        yield opened


@pytest.fixture
def on_disk(run: Run, tmp_path: Path) -> tuple[Path, Path]:
    """The build and the run."""
    return written(run, tmp_path)


def first(every: tuple[Task, ...], kind: str, clause_id: str | None = None) -> Task:
    return next(task for task in every if task.kind == kind and clause_id in (None, task.clause_id))


@dataclass
class Client:
    """Speaks to a server as its page does."""

    server: LabelServer

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.guard.port}"

    @property
    def cookie(self) -> str:
        return f"{self.server.guard.cookie_name}={self.server.guard.token}"

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.server.url).query)["token"][0]

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request; a header given as None is left out, underscores stand for hyphens."""
        connection = HTTPConnection("127.0.0.1", self.server.guard.port, timeout=10)
        usual: dict[str, str | None] = {"Host": self.host, "Cookie": self.cookie}
        if method == "POST":
            usual |= {"Origin": f"http://{self.host}", "Content-Type": "application/json"}
            usual |= {"Content-Length": str(len(body or b""))}
        sent = usual | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        reply = connection.getresponse()
        found = reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
        connection.close()
        return found

    def ask(self, what: str, **sent: Any) -> tuple[int, Any]:
        body = json.dumps({"annotator": "Ana", **sent}).encode()
        status, _, reply = self.send("POST", f"/api/{what}", body)
        return status, json.loads(reply)


@contextmanager
def serving(desk: Desk) -> Iterator[LabelServer]:
    server = LabelServer(desk, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def client(every: tuple[Task, ...], store: Store) -> Iterator[Client]:
    with serving(Desk(every, store, "parrot")) as server:
        yield Client(server)
