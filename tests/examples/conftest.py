"""The demo, run once for all tests of this folder: `tenet run examples/pirate/pirate.tenet`, as a user would."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.network import ROOT, watched


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder that holds a copy of the examples, and a `tenet` command that starts there, watched for what it asks of
    a network."""

    folder: Path

    def tenet(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "compiler.cli", *arguments],
            cwd=self.folder,
            env={**watched(self.folder), "COLUMNS": "80", **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    def files(self, *folders: str) -> dict[str, bytes]:
        """Every file below `folders` with its bytes; the logs of how long things took are left out."""
        found = (path for folder in folders for path in sorted((self.folder / folder).rglob("*")) if path.is_file())
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in found
            if path.name not in ("events.jsonl", ".rates.json")
        }


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Workplace]:
    def make(name: str) -> Workplace:
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(ROOT / "examples", folder / "examples")
        return Workplace(folder)

    return make


@dataclass(frozen=True, slots=True)
class Demo:
    place: Workplace
    result: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def demo(workplace: Callable[[str], Workplace]) -> Demo:
    place = workplace("demo")
    return Demo(place, place.tenet("run", "examples/pirate/pirate.tenet"))
