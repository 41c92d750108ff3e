"""The JSON Schema: it takes every right spec, refuses planted errors, and the published file is current."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import spec
from spec.constructs import CONSTRUCTS
from spec.document import Clause
from spec.doors import read
from spec.fields import field_specs
from spec.json_schema import schema, to_text
from spec.plain_data import data_of
from spec.source import Source
from spec.writer import write
from tests.spec.records import Records
from tests.spec.test_fixed_points import ROOT, SPECS
from tests.spec.test_readme import EXAMPLES

PUBLISHED = Path(spec.__file__).with_name("schema.json")
VALIDATOR = Draft202012Validator(schema())


def data(text: str) -> Any:
    return data_of(read(Source("spec.tenet", text))[0])


def test_the_published_file_is_current(golden: Callable[[Path, str], None]) -> None:
    Draft202012Validator.check_schema(schema())
    golden(PUBLISHED, to_text())


@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_takes_the_specs_of_the_repository(path: Path) -> None:
    assert [e.message for e in VALIDATOR.iter_errors(data(path.read_text()))] == []


@pytest.mark.parametrize("text", EXAMPLES)
def test_it_takes_the_examples_of_the_readme(text: str) -> None:
    assert [e.message for e in VALIDATOR.iter_errors(data(text))] == []


@pytest.mark.parametrize("seed", range(40))
def test_it_takes_drawn_specs(seed: int) -> None:
    assert [
        e.message for e in VALIDATOR.iter_errors(data(write(Records(random.Random(seed), few=True).document())))
    ] == []


def test_it_knows_every_construct_and_field_with_its_meaning() -> None:
    found = schema()["$defs"]
    for kind, record in CONSTRUCTS.items():
        for name, field in field_specs(record).items():
            assert found[kind]["properties"][name]["description"] == field.says.meaning
        assert set(found[kind]["properties"]) >= {"at", *field_specs(Clause)}


PLANTED = [
    {"trait": {"k": {"means": "a"}}},
    {"tenet": 2},
    {"tenet": 1, "trate": {}},
    {"tenet": 1, "trait": {"k": {"mean": "a"}}},
    {"tenet": 1, "trait": {"k": {"means": 42}}},
    {"tenet": 1, "trait": {"k": {"means": " "}}},
    {"tenet": 1, "trait": {"very kind": {"means": "a"}}},
    {"tenet": 1, "trait": {"k": {"means": "a", "at": "rot"}}},
    {"tenet": 1, "trait": {"k": {"means": "a", "target": ">= high"}}},
    {"tenet": 1, "trait": {"k": {"means": "a", "intensity": 3}}},
    {"tenet": 1, "trait": {"k": {"means": "a", "tags": ["a b"]}}},
    {"tenet": 1, "trait": {"k": {"means": "a", "example": {"turns": [{"user": "a", "tool": "b"}], "good": "c"}}}},
    {"tenet": 1, "forbid": {"k": {"patterns": ["no slashes"]}}},
    {"tenet": 1, "rule": {"k": {"must": "a", "never": "b"}}},
    {"tenet": 1, "outcomes": {"k": {"order": "right > left"}}},
    {"tenet": 1, "train": {"method": "magic"}},
    {"tenet": 1, "train": {"seed": 1.5}},
    {"tenet": 1, "probe": {"k": {"ask": "a"}}},
    {"tenet": 1, "import": {"as": "house"}},
    {"tenet": 1, "priority": "safety"},
    {"tenet": 1, "section": {"s": {"trait": {"k": {"menas": "a"}}}}},
    {"tenet": 1, "statements": [{"tenet": 1}]},
]


@pytest.mark.parametrize("planted", PLANTED, ids=str)
def test_it_refuses_what_is_wrong(planted: Any) -> None:
    assert not VALIDATOR.is_valid(planted)
