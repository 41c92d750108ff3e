"""Every example checks clean, is formatted, and says in a README what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

import spec
from spec.formatter import format_text
from tests.examples.conftest import ROOT

SPECS = sorted((ROOT / "examples").glob("*/*.tenet"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_it_checks_clean_and_is_formatted(path: Path) -> None:
    loaded = spec.load(path)
    assert loaded.document is not None
    assert not loaded.diagnostics, spec.render(loaded.diagnostics, loaded.sources)
    text = path.read_text(encoding="utf-8")
    assert format_text(text, path.name) == text


@pytest.mark.parametrize("folder", sorted({path.parent for path in SPECS}), ids=lambda path: path.name)
def test_it_has_a_readme_that_names_its_specs(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert all(path.name in text for path in folder.glob("*.tenet"))
