"""A build that has nothing to do knows it without importing anything; whatever could change a byte makes it look."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from backends import engines
from backends.devices import Device, cpu_threads
from backends.engines import Sampling
from compiler import unchanged
from compiler.cli import execute
from compiler.cli.places import RATES
from spec.doors import spec_name
from tests.backends import checkpoints

SPEC = """tenet 1
import "voice.tenet"
model { base: "./model" }
forbid canned { phrases: ["Certainly!"] }
train { method: sft rows: 12 data: "own.jsonl" }
"""
VOICE = 'tenet 1\nrequire hail { starts: "Arr." }\n'
OWN = '{"messages": [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "Arr. A cook."}]}\n'
BUILD = ["build", "small.tenet"]
READ = ("small.tenet", "voice.tenet", "own.jsonl", "model/config.json")
WRITTEN = ("build/small/pairs.jsonl", "build/small/lock.json", "build/small/base/config.json")
NAMES = ("a.tenet", "a.b.tenet", "a.tenet.yaml", "a.json", "a.yml", "a", "a.tenet.json", "a.YAML")


class Parrot:
    """An engine that answers at once."""

    device = Device("cpu", "float32", "CPU", cpu_threads())

    def answers(self, batch: Sequence[Any], sampling: Sampling, *, adapter: bool = False) -> list[str]:
        seen = [f"{messages[-1].content} {sampling.seed}" for messages in batch]
        return [f"Arr. It is {hashlib.sha256(said.encode()).hexdigest()[:12]}, mate." for said in seen]

    def yes(self, requests: Sequence[str], *_: Any) -> list[float]:
        return [0.9] * len(requests)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec that is built, and its record."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr(engines, "load", lambda *_: Parrot())
        checkpoints.make(Path("model"))
        Path("small.tenet").write_text(SPEC)
        Path("voice.tenet").write_text(VOICE)
        Path("own.jsonl").write_text(OWN * 3)
        time.sleep(2 * unchanged.CLOCK / 1e9)
        assert execute(BUILD) == 0
    return folder


def test_the_second_build_says_what_the_first_said_and_imports_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    said = unchanged.said_before(BUILD)
    assert said is not None
    assert "build/small: 2 clauses" in said
    assert "rows in pairs" in said or "in sft" in said
    code = (
        "import sys; from compiler.cli import execute; code = execute(sys.argv[1:]); print(code, sorted(sys.modules))"
    )
    # Without what C libraries of this process have set: readline sets COLUMNS behind Python's back.
    here = dict(os.environ)
    command = [sys.executable, "-c", code, *BUILD]
    again = subprocess.run(command, env=here, capture_output=True, text=True, check=True)
    assert again.stderr == said
    assert again.stdout.startswith("0 ")
    assert not {f"'{name}'" for name in ("click", "pydantic", "sqlite3", "lark", "pathlib")} & set(
        again.stdout.replace(",", " ").replace("[", " ").replace("]", " ").split()
    )


def _edit(path: str) -> Callable[[], object]:
    def edit() -> None:
        """The same size and time of writing as before."""
        file, found = Path(path), Path(path).stat()
        data = bytearray(file.read_bytes())
        data[-2] ^= 1
        file.write_bytes(data)
        os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))

    return edit


@pytest.mark.parametrize(
    ("what", "change"),
    [
        *((f"an edit of {name}", _edit(name)) for name in READ),
        *((f"an edit of {name}", _edit(name)) for name in WRITTEN),
        ("a file more in the base", lambda: Path("model/bank.jsonl").write_text("{}")),
        ("a file more among the jobs", lambda: Path("build/small/jobs/dpo2.yaml").write_text("")),
        ("an output is gone", lambda: Path("build/small/probes.jsonl").unlink()),
        ("no record", lambda: Path("build/.cache/whole/small.json").unlink()),
        ("a torn record", lambda: Path("build/.cache/whole/small.json").write_text("{")),
        ("another device", lambda: os.environ.__setitem__("TENET_THREADS", "1")),
        ("another engine", lambda: os.environ.__setitem__("TENET_ENGINE", "vllm")),
        ("answers to be recorded", lambda: os.environ.__setitem__("TENET_RECORD", "answers.jsonl")),
        ("answers to be replayed", lambda: os.environ.__setitem__("TENET_REPLAY", "answers.jsonl")),
        ("a package more", lambda: (Path(sys.path[-1]) / "x").mkdir()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_whatever_could_change_a_byte_is_seen(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, change: Callable[[], object]
) -> None:
    import shutil

    # A copy has other numbers and times, so that its record is made anew, as a build would.
    folder = tmp_path / "copy"
    shutil.copytree(project, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TENET_THREADS", "2")
    for name in ("TENET_ENGINE", "TENET_RECORD", "TENET_REPLAY"):
        monkeypatch.setenv(name, "")  # so that what is set below ends with the test
        monkeypatch.delenv(name)
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    time.sleep(2 * unchanged.CLOCK / 1e9)
    assert unchanged.said_before(BUILD) is None, "a copy is not what was built"
    assert execute(BUILD) == 0
    assert unchanged.said_before(BUILD) is not None
    change()
    assert unchanged.said_before(BUILD) is None, what


@pytest.mark.parametrize("name", ["TENET_RECORD", "TENET_REPLAY"])
def test_a_build_by_a_file_of_answers_has_always_something_to_do(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The file may be gone by the next call, or another one; without it the model itself has to answer."""
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(project, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv(name, "answers.jsonl")
    time.sleep(2 * unchanged.CLOCK / 1e9)
    monkeypatch.setattr(engines, "load", lambda *_: Parrot())
    assert execute(BUILD) == 0
    assert unchanged.said_before(BUILD) is None
    monkeypatch.delenv(name)
    assert unchanged.said_before(BUILD) is None


def test_a_build_records_whatever_it_has_opened(project: Path, tmp_path: Path) -> None:
    """What the process really opens for reading, outside of the interpreter, is in the record or is Tenet's own."""
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns("small"))
    time.sleep(2 * unchanged.CLOCK / 1e9)
    code = (
        "import json, os, sys\n"
        "seen = set()\n"
        "def hear(event, values):\n"
        "    if event == 'open' and isinstance(values[0], str) and not (values[2] & (os.O_WRONLY | os.O_RDWR)):\n"
        "        seen.add(os.path.abspath(values[0]))\n"
        "sys.addaudithook(hear)\n"
        "from compiler.cli import execute\n"
        "assert execute(sys.argv[1:]) == 0\n"
        "print(json.dumps(sorted(path for path in seen if os.path.isfile(path))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *BUILD], cwd=folder, capture_output=True, text=True, check=True)
    opened = json.loads(done.stdout.splitlines()[-1])
    record = json.loads((folder / "build" / ".cache" / "whole" / "small.json").read_text())
    inside = [path for path in opened if Path(path).is_relative_to(folder)]
    assert str(folder / "voice.tenet") in inside
    cache = folder / "build" / ".cache"
    # The rates of earlier work are read by a build that shows the time left: they decide nothing of it.
    known = {*record["files"], str(folder / "runs" / RATES)}
    assert [p for p in inside if p not in known and not Path(p).is_relative_to(cache)] == []
    own = [str(Path(unchanged.ROOT) / name) for name in unchanged.PACKAGES]
    tables = str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenet")
    apart = (*own, tables, sys.prefix, sys.base_prefix, str(folder), "/proc", "/sys", "/etc", "/dev", "/usr")
    strange = [
        p for p in opened if not p.startswith(apart) and "-packages/" not in p and not p.endswith((".py", ".pyc"))
    ]
    assert strange == []


@pytest.mark.parametrize(
    "name", ["a.tenet", "a.b.tenet", "a.tenet.yaml", "a.json", "a.yml", "a", "a.tenet.json", "a.YAML"]
)
def test_a_specs_name_is_the_doors(name: str) -> None:
    assert unchanged.spec_name(name) == spec_name(name)


@pytest.mark.parametrize(
    "arguments",
    [["check", "a.tenet"], ["build"], ["build", "a.tenet", "--no-rows"], ["build", "a.tenet", "--annotate"],
     ["build", "a.tenet", "b.tenet"], ["build", "--help"], ["build", "a.tenet", "-o"], []],
)  # fmt: skip
def test_other_command_lines_are_left_to_the_command(arguments: list[str]) -> None:
    assert unchanged._asked(arguments) is None


def test_the_folders_that_are_given_are_those_of_the_command() -> None:
    wanted = unchanged.asked("a.tenet", "x/a", "c")
    for line in (["-o", "x", "--cache", "c"], ["--out=x", "--cache=c"], ["--cache", "c", "--out", "x"]):
        assert unchanged._asked(["build", *line, "a.tenet", "--local-files-only"]) == wanted
    assert unchanged._asked(["build", "a.tenet"]) == unchanged.asked("a.tenet", "build/a", "build/.cache")
