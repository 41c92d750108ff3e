"""A spec compiles to the same program in every notation, and the commands take all of them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

import spec
from compiler.build import to_program
from compiler.cli import tenet
from spec.converting import text_of
from spec.doors import Notation, read
from spec.source import Source
from spec.writer import write
from tests.spec.records import Records

TEXT = (
    "tenet 1  # a header\n"
    'trait calm { means: "Is calm."  target: >= 80% }\n'
    'refuse doses { about: "doses"  style: calm }  # a refusal\n'
)
NAMES: dict[Notation, str] = {"tenet": "drawn.tenet", "yaml": "drawn.tenet.yaml", "json": "drawn.tenet.json"}


@pytest.mark.parametrize("seed", range(150))
def test_a_drawn_spec_compiles_to_the_same_program(seed: int) -> None:
    text = write(Records(random.Random(seed), few=True).document())
    tree = read(Source("drawn.tenet", text))[0]
    programs = []
    for notation, name in NAMES.items():
        document = spec.loads(text if notation == "tenet" else text_of(tree, notation), name).document
        assert document is not None
        programs.append(to_program(document))
    for program, found in programs[1:]:
        assert program == programs[0][0]
        assert [d.code for d in found] == [d.code for d in programs[0][1]]


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(tenet, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_convert_writes_beside_the_spec_and_tells_what_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "calm.tenet"
    path.write_text(TEXT)
    code, said = run("convert", path, "--to", "yaml")
    assert code == 0
    assert "2 comments left out" in said
    yaml = tmp_path / "calm.tenet.yaml"
    assert run("check", yaml)[0] == 0
    assert run("diff", path, yaml)[0] == 0
    assert run("convert", yaml, "--to", "json")[0] == 0
    assert json.loads((tmp_path / "calm.tenet.json").read_text())["trait"]["calm"]["target"] == ">= 80%"
    assert run("convert", path, "--to", "yaml")[0] == 2  # it is there already
    assert run("convert", path, "-o", tmp_path / "x.json", "--to", "yaml")[0] == 2
    assert run("convert", path, "--to", "yaml", "-o", "-")[1].startswith("tenet: 1\n\ntrait:\n")


def test_convert_writes_nothing_that_would_not_be_the_same(tmp_path: Path) -> None:
    (tmp_path / "house.tenet").write_text('tenet 1\ntrait kind { means: "Is kind." }\n')
    path = tmp_path / "spec.tenet"
    path.write_text('tenet 1\nimport "house.tenet"\n')
    (tmp_path / "out").mkdir()
    code, said = run("convert", path, "-o", tmp_path / "out" / "spec.yaml")
    assert code == 1
    assert "T0030" in said
    assert list((tmp_path / "out").iterdir()) == []
    assert run("convert", path, "--whole", "-o", tmp_path / "out" / "spec.yaml")[0] == 0
    assert "import" not in (tmp_path / "out" / "spec.yaml").read_text()


def test_the_schema_is_printed() -> None:
    code, said = run("schema")
    assert code == 0
    assert json.loads(said)["required"] == ["tenet"]
