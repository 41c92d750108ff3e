"""How a command ends before its end: interrupts, failures and faults, each one message with the way on."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from compiler.cli import execute as run
from compiler.cli import stages
from compiler.failures import DataError, ModelLoadError
from tests.compiler.conftest import SPECS, said

pytestmark = pytest.mark.usefixtures("away")
PIRATE = SPECS / "pirate.tenet"


def test_an_interruption_says_what_is_kept_and_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "generate", interrupted)
    assert run(["run", str(PIRATE)]) == 130
    err = said(capsys)[1]
    assert "kept in build/.cache" in err
    assert f"tenet run {PIRATE}" in err
    # The lock is written last, so an interrupted build is not taken for a whole one.
    assert not Path("build/pirate/lock.json").exists()


def test_a_terminated_command_says_what_is_kept_and_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a job scheduler stops it."""
    before = signal.getsignal(signal.SIGTERM)

    def terminated(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    # Should the signal not be taken, the test fails in place of ending the test run.
    monkeypatch.setattr(stages, "generate", terminated)
    signal.signal(signal.SIGTERM, lambda *_: pytest.fail("the signal was not taken"))
    try:
        assert run(["run", str(PIRATE)]) == 130
    finally:
        signal.signal(signal.SIGTERM, before)
    err = said(capsys)[1]
    assert "kept in build/.cache" in err
    assert f"tenet run {PIRATE}" in err


@pytest.mark.parametrize("command", ["run", "build", "train", "measure"])
def test_the_command_that_goes_on_is_the_one_that_was_typed(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "generate", interrupted)
    typed = [command, "-o", "my builds", "--cache", "else where", str(PIRATE)]
    assert run(typed) == 130
    err = said(capsys)[1]
    assert "kept in else where" in err
    assert shlex.split(err.splitlines()[-1].removeprefix("Go on with:")) == ["tenet", *typed]


def test_what_the_machine_refuses_is_one_message_and_exit_code_three(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("taken").write_text("a file", encoding="utf-8")
    assert run(["build", "--no-rows", "-o", "taken", str(PIRATE)]) == 2
    assert "Directory 'taken' is a file" in said(capsys)[1]
    assert run(["build", "--no-rows", "-o", "taken/further", str(PIRATE)]) == 3
    err = said(capsys)[1]
    assert "error: taken" in err
    assert "Not a directory" in err
    assert "Traceback" not in err


def test_a_fault_of_the_program_is_no_finding_and_its_details_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def faulty(*_: object) -> None:
        raise KeyError("[gone]")

    monkeypatch.setattr(stages, "generate", faulty)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert run(["build", str(PIRATE)]) == 3
    err = said(capsys)[1]
    assert "error: KeyError: '[gone]'" in err
    assert "a fault of Tenet" in err
    assert "Traceback" not in err
    details = Path(err.split("details: ")[1].strip())
    assert "in faulty" in details.read_text(encoding="utf-8")
    # Where nothing can be kept, the details are shown.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert run(["build", str(PIRATE)]) == 3
    assert "in faulty" in said(capsys)[1]


@pytest.mark.parametrize("error", [ModelLoadError("no weights", help="make some"), DataError("torn", help="build it")])
def test_a_failure_is_one_message_and_exit_code_three(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(stages, "generate", failing)
    assert run(["build", str(PIRATE)]) == 3
    err = said(capsys)[1]
    assert f"error: {error}" in err
    assert "help:" in err
    assert "Traceback" not in err


def test_an_interrupt_that_a_library_makes_an_error_of_is_still_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import os
    import signal

    from compiler.failures import ModelLoadError

    def interrupted(*_: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            pytest.fail("the signal did not come")
        except KeyboardInterrupt as error:
            raise ModelLoadError("nano: the tokenizer cannot be read: Could not import module 'LlamaConfig'") from error

    monkeypatch.setattr("compiler.cli.check.compile_spec", interrupted)
    # Whoever started these tests may ignore the signal, as a shell does for what it runs in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert run(["check", str(PIRATE)]) == 130
        assert "Interrupted." in said(capsys)[1]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_messages_are_coloured_where_the_user_and_the_terminal_like_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from io import StringIO

    from compiler.cli.specs import colored

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colored(Terminal())
    assert not colored(StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not colored(Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colored(Terminal())


def test_an_interrupt_while_the_command_is_imported_shows_no_traceback() -> None:
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "from compiler.cli import main; main(['--version'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_importing_the_command_leaves_interrupts_as_they_were() -> None:
    code = "import signal\nbefore = signal.getsignal(signal.SIGINT)\n"
    code += "import compiler.cli\ncompiler.cli.execute(['--version'])\n"
    subprocess.run([sys.executable, "-c", f"{code}assert signal.getsignal(signal.SIGINT) is before"], check=True)
