"""Talking to arms, and looking at the machine."""

from __future__ import annotations

import builtins
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from backends import chat, doctor, engines
from backends.engines import Conversation, Sampling
from compiler.failures import DataError
from compiler.records.recipe import Recipe
from tests.backends import recipes


class Parrot:
    """An engine that says what it was given: how many messages, which system message, with the adapter or not."""

    def __init__(self) -> None:
        self.attached: Path | None = None

    def attach(self, adapter: Path) -> None:
        self.attached = adapter

    def answers(self, batch: Any, sampling: Sampling, *, adapter: bool = False) -> list[str]:
        return [self._say(conversation, adapter) for conversation in batch]

    def _say(self, conversation: Conversation, adapter: bool) -> str:
        system = conversation[0].content if conversation[0].role == "system" else "-"
        which = "with" if adapter else "without"
        return f"[bold]{len(conversation)} {system!r} {which} \x1b[31m{conversation[-1].content}"


@pytest.fixture
def place(tmp_path: Path, shapes: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, Parrot]:
    build = recipes.write(tmp_path / "build" / "pirate", Recipe(base=str(shapes["llama"]), units=()))
    (build / "prompt.md").write_text("Talk like a pirate.\n")
    (tmp_path / "run" / "adapter").mkdir(parents=True)
    parrot = Parrot()
    monkeypatch.setattr(engines, "load", lambda base: parrot)
    return build, tmp_path / "run", parrot


def talk(build: Path, run: Path | None, arms: Any, text: str, **options: Any) -> str:
    out = io.StringIO()
    chat.run(
        build, run, arms, source=io.StringIO(text), console=Console(file=out, width=80, highlight=False), **options
    )
    return out.getvalue()


def test_a_pipe_gets_a_line_for_each_arm_and_each_arm_its_own_history(place: tuple[Path, Path, Parrot]) -> None:
    build, run, parrot = place
    lines = talk(build, run, ("base", "adapter+prompt"), "Ahoy\n\nAgain\n/new\nLast\n/quit\nNever\n").splitlines()
    assert parrot.attached == run / "adapter"
    assert lines == [
        "base: [bold]1 '-' without [31mAhoy",
        "adapter+prompt: [bold]2 'Talk like a pirate.' with [31mAhoy",
        "base: [bold]3 '-' without [31mAgain",
        "adapter+prompt: [bold]4 'Talk like a pirate.' with [31mAgain",
        "base: [bold]1 '-' without [31mLast",
        "adapter+prompt: [bold]2 'Talk like a pirate.' with [31mLast",
    ]


def test_a_line_that_is_not_utf_8_does_not_end_the_talk(place: tuple[Path, Path, Parrot]) -> None:
    out = io.StringIO()
    source = io.TextIOWrapper(io.BytesIO(b"Caf\xe9?\nAhoy\n"), encoding="utf-8")
    turns = chat.run(place[0], None, ("base",), source=source, console=Console(file=out, width=80, highlight=False))
    assert turns == 2
    first, second = out.getvalue().splitlines()
    assert first.endswith("Caf\N{REPLACEMENT CHARACTER}?")
    assert second.endswith("Ahoy")


def test_context_follows_the_prompt(place: tuple[Path, Path, Parrot]) -> None:
    build = place[0]
    said = talk(build, None, ("base", "prompt"), "Hi\n", context="The user is a clinician.")
    assert "'The user is a clinician.' without" in said
    assert "'Talk like a pirate.\\n\\nThe user is a clinician.' without" in said


def test_an_arm_that_is_not_there_is_an_error_with_help(place: tuple[Path, Path, Parrot]) -> None:
    with pytest.raises(DataError, match="no adapter") as caught:
        talk(place[0], None, ("adapter",), "Hi\n")
    assert "tenet train" in (caught.value.help or "")


def test_a_spec_that_was_not_built_is_an_error_with_help(place: tuple[Path, Path, Parrot], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"prompt\.md is not there") as caught:
        talk(tmp_path, None, ("prompt",), "Hi\n")
    assert "tenet build" in (caught.value.help or "")


def test_the_doctor_finds_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    monkeypatch.setitem(doctor.PACKAGES, "surely-not-installed", "nothing at all")
    found = {finding.name: finding for finding in doctor.report()}
    assert found["python"].status == "ok"
    assert found["surely-not-installed"].status == "missing"
    assert found["surely-not-installed"].help == "pip install surely-not-installed"
    assert "device" not in found


def test_the_doctor_tries_the_base_of_a_build(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = recipes.write(tmp_path / "build" / "pirate", Recipe(base=str(shapes["llama"]), units=(), judge="./nowhere"))
    found = {finding.name: finding for finding in doctor.report(build)}
    assert found["device"].status == "ok"
    assert found[f"base {shapes['llama']}"].text.startswith("loads;")
    assert found["judge ./nowhere"].status == "missing"


def test_what_the_command_line_reaches_loads_nothing_heavy() -> None:
    """Generating from a full cache, planning and the doctor's first findings must not wait for torch."""
    modules = "backends.generate, backends.measure, backends.train, backends.chat, backends.doctor, backends.bases"
    heavy = "('torch', 'transformers', 'trl', 'peft', 'datasets')"
    code = f"import sys, {modules}; print(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_doctor_works_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".")[0] in ("torch", "transformers"):
            raise ModuleNotFoundError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    monkeypatch.setattr(builtins, "__import__", without)
    assert any(finding.name == "memory" for finding in doctor.report())
