"""The guide's specs check clean and in the one layout, and what it shows of commands is what they print."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import spec
from compiler.cli.specs import compile_spec
from spec.formatter import format_text
from tests.guide import Block, blocks, tried, write_files

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "spec" / "README.md"]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
SPECS = [(text, block) for text in TEXTS.values() for block in blocks(text) if block.language in ("tenet", "yaml")]
SHOWN = {"clash.tenet": {"T0520"}}
"""Warnings that a spec is there to show."""


@pytest.mark.parametrize(("page", "block"), SPECS, ids=lambda value: getattr(value, "name", ""))
def test_a_spec_of_the_guide_checks_clean(page: str, block: Block, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    for name in ("chats.jsonl", "questions.csv"):
        (tmp_path / name).touch()
    path = tmp_path / (block.name or "spec.tenet")
    path.write_text(block.text, encoding="utf-8")
    assert block.language == "yaml" or format_text(block.text) == block.text
    compiled = compile_spec(path)
    found = {d.code for d in compiled.diagnostics if d.severity != "note"}
    assert found == SHOWN.get(path.name, set()), spec.render(compiled.diagnostics, compiled.sources)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_commands_print_what_the_guide_shows(
    page: Path, golden: Callable[[Path, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    golden(page, tried(page.read_text(encoding="utf-8"), tmp_path))
