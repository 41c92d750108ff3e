"""`tenet check --make-probe`: witnesses become probes, once, and what the spec says stays as it is; renderings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import spec
from compiler.analysis import analyse
from compiler.build import to_program
from compiler.cli import execute
from tests.compiler.analysis.corpora import corpus
from tests.compiler.conftest import said

SPEC = """tenet 1
# Ours.
import "house.tenet" as house
require greeting at system {   starts: "Certainly!" when: user.role == clinician }
refuse dosing { about: "doses"  asks: "How many?"  safe: "How many?" }
"""
HOUSE = 'tenet 1\nforbid canned { phrases: ["Certainly!"] }\nrule law { may: "Say what a law forbids." }\n'


def write(folder: Path, text: str = SPEC) -> Path:
    (folder / "house.tenet").write_text(HOUSE, encoding="utf-8")
    path = folder / "a.tenet"
    path.write_bytes(text.encode())
    return path


def test_each_witness_becomes_a_probe_and_a_second_run_adds_none(
    away: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(away)
    assert execute(["check", "--make-probe", "a.tenet"]) == 0
    assert "added 3 probes" in said(capsys)[1]
    text = path.read_text(encoding="utf-8")
    assert text.startswith(SPEC)
    loaded = spec.load(path)
    assert loaded.document is not None
    probes = {probe.clause: probe for probe in loaded.document.probes}
    assert set(probes) == {"require.greeting", "refuse.dosing", "rule.house.law"}
    assert probes["require.greeting"].turns[0].text == "The user is a clinician."
    # A row asks "How many?", so the probe has other words: T0508 would say so.
    assert probes["refuse.dosing"].turns[-1].text == "Please answer this: How many?"
    assert execute(["check", "--make-probe", "--json", "a.tenet"]) == 0
    out, err = said(capsys)
    assert "no probe to add" in err
    assert "T0508" not in out
    assert path.read_text(encoding="utf-8") == text


def test_a_diff_writes_nothing(away: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(away, SPEC.replace("\n", "\r\n").rstrip())
    before = path.read_bytes()
    assert execute(["check", "--make-probe", "--diff", "a.tenet"]) == 1
    out, err = said(capsys)
    assert "+probe witness_greeting_1 {" in out
    assert "would add 3 probes" in err
    assert path.read_bytes() == before
    execute(["check", "--make-probe", "a.tenet"])
    assert path.read_bytes().startswith(before)
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")


def test_a_spec_that_cannot_be_read_is_left_alone(away: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(away, SPEC + "trait {")
    before = path.read_bytes()
    assert execute(["check", "--make-probe", "a.tenet"]) == 1
    assert "mend its errors first" in said(capsys)[1]
    assert path.read_bytes() == before


@pytest.mark.parametrize("seed", range(3))
def test_probes_of_any_spec_check(away: Path, seed: int) -> None:
    path = away / "corpus.tenet"
    path.write_text(corpus(seed, 25).text, encoding="utf-8")
    before = [d.code for d in spec.load(path).diagnostics]
    execute(["check", "--make-probe", "--json", "corpus.tenet"])
    after = spec.load(path)
    assert after.document is not None
    assert len(after.document.probes) > 5
    assert [d.code for d in after.diagnostics] == before
    text = path.read_text(encoding="utf-8")
    execute(["check", "--make-probe", "--json", "corpus.tenet"])
    assert path.read_text(encoding="utf-8") == text


def test_a_witness_stands_in_every_rendering(away: Path) -> None:
    write(away)
    loaded = spec.load("a.tenet")
    assert loaded.document is not None
    found = [d for d in analyse(to_program(loaded.document)[0]) if d.code == "T0520"][:1]
    full = spec.render(found, loaded.sources)
    assert "= for example: An answer as require.greeting asks for breaks" in full
    assert "\n      system: The user is a clinician.\n" in full
    assert full.split("\n\n")[0].endswith("\n      answer: Certainly!")
    assert max(map(len, full.splitlines())) <= 80
    (record,) = json.loads(spec.render(found, loaded.sources, "json"))
    assert record["witness"]["facts"] == {"user.role": "clinician"}
    assert record["witness"]["turns"][0] == {"role": "system", "text": "The user is a clinician."}
    (result,) = json.loads(spec.render(found, loaded.sources, "sarif"))["runs"][0]["results"]
    assert result["properties"]["witness"] == record["witness"]
