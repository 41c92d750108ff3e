"""The README's specs load, its commands exist, its links lead somewhere, and the demo's table in it is a real one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import spec
from compiler.cli.group import tenet

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("*/README.md")), *ROOT.glob("examples/*/*.md")]


@pytest.mark.parametrize("text", re.findall(r"```tenet\n(.*?)```", README, re.DOTALL))
def test_specs_load(text: str) -> None:
    loaded = spec.loads(text, "readme.tenet")
    assert loaded.document is not None
    assert not loaded.diagnostics, spec.render(loaded.diagnostics, loaded.sources)


def test_commands_exist_and_all_are_named() -> None:
    named = set(re.findall(r"`tenet ([a-z-]+)", README)) | {"measure", "diff"}
    assert named == set(tenet.list_commands(None))  # type: ignore[arg-type]  # the group ignores its context


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


def test_the_table_is_the_examples_output() -> None:
    table = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert table
    output = (ROOT / "examples" / "pirate" / "output.txt").read_text(encoding="utf-8")
    # A terminal pads its columns at the end of a line; a page need not.
    assert table[1].strip() in "\n".join(line.rstrip() for line in output.splitlines())


def test_every_promise_names_tests_that_exist() -> None:
    table = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) .*", table, re.MULTILINE)
    assert rows == [str(n) for n in range(1, 10)]
    path = ""
    for row in re.findall(r"^\| \d .*", table, re.MULTILINE):
        for cell in row.strip("|").split("|")[1:]:
            named = re.findall(r"`(?:([\w/]+\.py)::)?(test_\w+)(\*?)`", cell)
            assert named, row
            for file, test, starts in named:
                # Named alone, a test stands in the file that the row named last.
                path = file or path
                text = (ROOT / "tests" / path).read_text(encoding="utf-8")
                assert f"def {test}" + ("" if starts else "(") in text, f"{path}::{test}"
