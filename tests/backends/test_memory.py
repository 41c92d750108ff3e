"""What earlier builds have made: the same bytes as without it, and nothing followed again that an edit leaves alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from backends import generate
from backends.generate import memory, writers
from backends.generate.sides import Draft, Models
from benchmarks.rebuild import PARROT, spec_of
from compiler.cli import execute
from compiler.records.recipe import Unit

FILES = ("pairs.jsonl", "probes.jsonl", "generate.json", "mixture.json")
CLAUSES = 4


@pytest.fixture
def wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Builds of a spec by an engine that answers at once; the units whose rows were written, batch by batch."""
    from backends import engines

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engines, "load", engines.load)  # put back at the end
    exec(PARROT.replace("\nmain()", ""), {})
    units: list[str] = []
    load = writers.load

    class Noting:
        def __init__(self, name: Any) -> None:
            self.name = name

        def write(self, unit: Unit, drafts: list[Draft], models: Models) -> None:
            units.append(unit.id)
            load(self.name).write(unit, drafts, models)

    monkeypatch.setattr(writers, "load", Noting)
    return units


def build(text: str, *arguments: str) -> dict[str, bytes]:
    Path("c.tenet").write_text(text, encoding="utf-8")
    assert execute(["build", "c.tenet", *arguments]) == 0
    return {name: Path("build/c", name).read_bytes() for name in FILES}


EDITS = {
    "a phrase": ('"number 2 of"', '"number 2 of", "and so on"'),
    "a pattern that rows hold": ('"number 2 of"]', '"number 2 of"]\n  patterns: [/is [0-7]/]'),
    "a clause less": (spec_of(CLAUSES)[spec_of(CLAUSES).index("forbid phrase_2") :].split("\n\n")[0], ""),
    "a probe of the author's": ("train {", 'probe own { for: phrase_1  ask: "What is the capital?" }\n\ntrain {'),
    "more rows": (f"rows: {6 * CLAUSES}", f"rows: {9 * CLAUSES}"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_rebuild_after_an_edit_is_the_build_that_was_never_made_before(wrote: list[str], edit: str) -> None:
    before, after = EDITS[edit]
    assert before in spec_of(CLAUSES)
    edited = spec_of(CLAUSES).replace(before, after)
    build(spec_of(CLAUSES))
    again = build(edited)
    back = build(spec_of(CLAUSES))
    shutil.rmtree("build")
    assert build(edited) == again
    shutil.rmtree("build")
    assert build(spec_of(CLAUSES)) == back


def test_only_the_edited_clause_is_written_again(wrote: list[str]) -> None:
    build(spec_of(CLAUSES))
    assert len(set(wrote)) == 4 * CLAUSES
    wrote.clear()
    build(spec_of(CLAUSES).replace(*EDITS["a phrase"]))
    assert wrote
    assert {unit.split("/")[0] for unit in wrote} == {"forbid.phrase_2"}
    wrote.clear()
    build(spec_of(CLAUSES))
    assert not wrote


def test_other_code_or_a_wish_for_it_writes_everything_anew(wrote: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(spec_of(CLAUSES))
    wrote.clear()
    generate.run(Path("build/c"), afresh=True)
    assert len(set(wrote)) == 4 * CLAUSES
    wrote.clear()
    monkeypatch.setattr(memory, "code_digest", lambda: "other code")
    generate.run(Path("build/c"))
    assert len(set(wrote)) == 4 * CLAUSES
    assert {name: Path("build/c", name).read_bytes() for name in FILES} == first


def test_the_answers_of_remembered_rows_outlive_gc(wrote: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The second build reads no answer; yet a batch that has to be written again finds those that it shares."""
    build(spec_of(CLAUSES))
    build(spec_of(CLAUSES) + "# a comment\n")
    capsys.readouterr()
    assert execute(["gc"]) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_code_is_told_by_what_it_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "ROOT", str(tmp_path))
    found = []
    for text in ("a = 1", "a = 2", "a = 1"):
        (tmp_path / "spec").mkdir(exist_ok=True)
        (tmp_path / "spec" / "a.py").write_text(text)
        memory.code_digest.cache_clear()
        found.append(memory.code_digest())
    memory.code_digest.cache_clear()
    assert found[0] == found[2] != found[1]


def test_a_copy_of_nano_is_asked_in_other_words_and_so_has_other_drafts(wrote: list[str]) -> None:
    from backends import bases

    spec = spec_of(2)
    build(spec)
    shutil.copytree(bases.resolve("nano").path, "copy")
    wrote.clear()
    build(spec.replace('base: "nano"', 'base: "./copy"'))
    assert len(set(wrote)) == 8
