"""The artifacts of two specs, byte for byte: read the difference when they change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.artifact import Artifact
from compiler.ir import Program
from compiler.ir_print import printed
from compiler.lowering import filters
from compiler.records.filters import Filters
from compiler.records.recipe import Recipe
from tests.compiler.conftest import NAMES, artifacts_of

GOLDEN = Path(__file__).parent / "golden"
WHOLE = ("prompt.md", "filters.json", "trace.json")


@pytest.mark.parametrize("name", NAMES)
def test_artifacts_are_the_golden_ones(
    name: str, built: dict[str, dict[str, Artifact]], golden: Callable[[Path, str], None]
) -> None:
    for path in [*WHOLE, *(path for path in built[name] if path.startswith("jobs/"))]:
        golden(GOLDEN / name / path, built[name][path].text)


@pytest.mark.parametrize("name", NAMES)
def test_written_filters_are_read_as_they_were_made(
    name: str, programs: dict[str, Program], built: dict[str, dict[str, Artifact]]
) -> None:
    assert Filters.model_validate_json(built[name]["filters.json"].text) == filters.make(programs[name])


@pytest.mark.parametrize("name", NAMES)
def test_units_are_the_golden_ones(
    name: str, built: dict[str, dict[str, Artifact]], golden: Callable[[Path, str], None]
) -> None:
    recipe = Recipe.model_validate_json(built[name]["recipe.json"].text)
    lines = [
        f"{u.count:>4} {u.aspect:<8} {u.id}  [{' '.join(u.clause_ids)}]  {' '.join(c.type for c in u.checks)}"
        for u in recipe.units
    ]
    golden(GOLDEN / name / "units.txt", "\n".join(lines) + "\n")


def test_the_small_recipe_is_the_golden_one(
    built: dict[str, dict[str, Artifact]], golden: Callable[[Path, str], None]
) -> None:
    golden(GOLDEN / "pirate" / "recipe.json", built["pirate"]["recipe.json"].text)


@pytest.mark.parametrize("name", NAMES)
def test_the_printed_program_is_the_golden_one(
    name: str, programs: dict[str, Program], golden: Callable[[Path, str], None]
) -> None:
    golden(GOLDEN / name / "ir.txt", printed(programs[name]) + "\n")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_spec_gives_the_same_bytes(
    name: str, texts: dict[str, str], built: dict[str, dict[str, Artifact]]
) -> None:
    again = artifacts_of(texts[name], name)
    assert {path: a.text for path, a in again.items()} == {path: a.text for path, a in built[name].items()}
    assert {path: a.marks for path, a in again.items()} == {path: a.marks for path, a in built[name].items()}
