"""Promise 9: nothing is uploaded, and nothing is downloaded that the spec does not name.

`examples/test_demo.py` watches a whole `tenet run` in the same way.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.network import attempts, watched

SPEC = """tenet 1
model {{ base: "{base}" }}
trait pirate {{
  means: "Talk like a pirate."
  signs: ["arr", "matey"]
  example {{ user: "Where is the harbor?"  good: "Arr, dead ahead, matey."  bad: "It is ahead." }}
}}
forbid canned {{ phrases: ["Certainly!"] }}
train {{ rows: 4  steps: 1  batch: 2 }}
"""


@dataclass(frozen=True, slots=True)
class Offline:
    folder: Path

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**watched(self.folder), "HF_HOME": str(self.folder / "hub"), "TENET_DEVICE": "cpu"}
        return subprocess.run(
            [sys.executable, *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def tenet(self, *arguments: str) -> int:
        return self.python("-m", "compiler.cli", *arguments).returncode

    @property
    def attempts(self) -> str:
        return attempts(self.folder)


@pytest.fixture
def offline(tmp_path: Path) -> Offline:
    return Offline(tmp_path)


@pytest.mark.slow
def test_no_command_on_nano_asks_anything_of_a_network(offline: Offline) -> None:
    (offline.folder / "a.tenet").write_text(SPEC.format(base="nano"), encoding="utf-8")
    for command in ("check", "plan", "build", "plan"):
        assert offline.tenet(command, "a.tenet") == 0, command
        assert offline.attempts == "", command
    assert (offline.folder / "build" / "a" / "pairs.jsonl").stat().st_size


def test_the_watch_notices_what_asks(offline: Offline) -> None:
    done = offline.python("-c", "import socket; socket.create_connection(('tenet.invalid', 80), 5)")
    assert done.returncode != 0
    assert offline.attempts == "socket.getaddrinfo tenet.invalid\n"
    assert offline.python("-c", "import socket; socket.socket().connect(('192.0.2.1', 80))").returncode != 0
    assert "socket.connect 192.0.2.1" in offline.attempts


def test_a_base_that_is_elsewhere_is_asked_for_by_build_alone(offline: Offline) -> None:
    (offline.folder / "a.tenet").write_text(SPEC.format(base="nobody/nothing"), encoding="utf-8")
    assert offline.tenet("check", "a.tenet") == 0
    assert offline.tenet("build", "--local-files-only", "a.tenet") == 3
    assert offline.attempts == ""
    assert offline.tenet("build", "a.tenet") == 3
    assert "huggingface.co" in offline.attempts
