"""The specs of this folder, compiled as a build would, with facts that no machine changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import spec
from compiler.artifact import Artifact
from compiler.build import to_program
from compiler.cli import emitting
from compiler.facts import BaseFacts, Facts
from compiler.ir import Program
from compiler.lowering import emit

SPECS = Path(__file__).parent / "specs"
NAMES = ("pirate", "harbor")


def program_of(text: str, name: str = "spec") -> Program:
    loaded = spec.loads(text, f"{name}.tenet")
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
    program, diagnostics = to_program(loaded.document)
    assert not [d for d in diagnostics if d.severity == "error"], spec.render(diagnostics, loaded.sources)
    return program


BASE = BaseFacts(
    "nano",
    digest="0" * 64,
    parameters=5_000_000,
    count_tokens=lambda prompt: len(prompt.split()),
    bank="1" * 64,
    held_out="2" * 64,
)


def artifacts_of(text: str, name: str = "spec", base: BaseFacts = BASE) -> dict[str, Artifact]:
    facts = Facts(base=base, sources=((f"{name}.tenet", text),))
    return {artifact.path: artifact for artifact in emit(program_of(text, name), facts)}


def said(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    caught = capsys.readouterr()
    return caught.out, caught.err


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder, on a CPU, with a base that needs no weights."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TENET_DEVICE", "cpu")
    monkeypatch.setattr(emitting, "base_facts", lambda *_, **__: BaseFacts("nano", "0" * 64, None, 5_000_000))
    return tmp_path


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    return {name: (SPECS / f"{name}.tenet").read_text(encoding="utf-8") for name in NAMES}


@pytest.fixture(scope="session")
def programs(texts: dict[str, str]) -> dict[str, Program]:
    return {name: program_of(text, name) for name, text in texts.items()}


@pytest.fixture(scope="session")
def built(texts: dict[str, str]) -> dict[str, dict[str, Artifact]]:
    return {name: artifacts_of(text, name) for name, text in texts.items()}


@pytest.fixture
def write_build(tmp_path: Path) -> Callable[[dict[str, Artifact]], Path]:
    """Write artifacts into a build folder and return it."""

    def write(artifacts: dict[str, Artifact], name: str = "pirate") -> Path:
        build = tmp_path / "build" / name
        for artifact in artifacts.values():
            path = build / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifact.text, encoding="utf-8")
        return build

    return write
