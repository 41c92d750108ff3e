"""A spec compiles to the same program in every notation, and the commands take all of them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

import spec
from compiler.build import to_program
from compiler.cli.group import tenet
from compiler.lowering import prompt
from spec.constructs import Refuse
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


HOUSE = """tenet 1
term minor { means: "somebody under 18" }
persona Jo_Ann { maker: "x" }
section s at developer {
  tags: [safe]
  trait caring { means: "Is kind to a minor." }
  refuse dosing { about: "doses"  style: caring  see: [caring, s] }
}
prefer brief { this: "short answers" }
priority: safe > brief
balance b { of: [caring, brief]  weights: [1, 2] }
probe p { for: caring  ask: "Hm?" }
alike al { for: dosing  asks: ["a", "b"] }
grant g at developer { to: user  over: [caring]  how: explicit }
"""
DESK = """tenet 1
import "house.tenet" as house
trait cold { means: "Is calm."  see: [house.caring] }
priority: cold > trait.house.caring
"""


@pytest.mark.parametrize("to", ["tenet", "yaml", "json"])
def test_what_was_imported_with_a_name_goes_into_one_file(tmp_path: Path, to: Notation) -> None:
    (tmp_path / "house.tenet").write_text(HOUSE)
    path = tmp_path / "desk.tenet"
    path.write_text(DESK)
    out = tmp_path / f"one.tenet.{to}" if to != "tenet" else tmp_path / "one.tenet"
    code, said = run("convert", path, "--whole", "--to", to, "-o", out)
    assert code == 0, said
    assert "have other names in one file: house.Jo_Ann is Jo_Ann, " in said
    assert ", and 7 more" in said
    before, after = (spec.load(file).document for file in (path, out))
    assert before is not None
    assert after is not None
    assert {c.id for c in after.clauses} == {
        "persona.Jo_Ann", "trait.caring", "trait.cold", "refuse.dosing", "prefer.brief"
    }  # fmt: skip
    one, other = (prompt.lower(to_program(document)[0]).text for document in (before, after))
    assert one == other
    assert "Jo Ann" in one
    assert "house" not in one


def test_a_name_that_is_taken_gets_the_import_s_in_front(tmp_path: Path) -> None:
    (tmp_path / "house.tenet").write_text(HOUSE)
    path = tmp_path / "desk.tenet"
    path.write_text(DESK.replace("cold", "caring"))
    assert run("convert", path, "--whole", "-o", tmp_path / "one.yaml")[0] == 0
    after = spec.load(tmp_path / "one.yaml").document
    assert after is not None
    refusal = next(clause for clause in after.clauses if isinstance(clause.body, Refuse))
    assert isinstance(refusal.body, Refuse)
    assert (refusal.body.style, refusal.see) == ("house_caring", ("trait.house_caring", "section.s"))
    assert {p.names for p in after.priorities} == {("safe", "brief"), ("caring", "trait.house_caring")}
