"""What `tenet lsp` says before it talks to an editor."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from compiler.cli import execute
from compiler.cli import lsp as module
from compiler.cli.group import tenet


def test_without_pygls_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert execute(["lsp"]) == 3
    assert 'pip install ".[lsp]"' in capsys.readouterr().err


def test_one_way_to_talk_at_a_time() -> None:
    result = CliRunner().invoke(tenet, ["lsp", "--stdio", "--tcp", "2087"])
    assert result.exit_code == 2
    assert "exclude each other" in result.output
