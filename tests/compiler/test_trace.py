"""Promise 1: every place in every file leads back to a clause, or to a statement, and its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.artifact import Artifact, Mark
from compiler.failures import DataError
from compiler.records import ChatRow, Message, PreferencePair, Probe, Recipe, Unit
from compiler.trace import trace
from tests.compiler.conftest import NAMES, artifacts_of

Write = Callable[[dict[str, Artifact], str], Path]


def row_of(unit: Unit) -> PreferencePair | Probe:
    """One row of a unit, as an engine writes it."""
    ask = (Message(role="user", content=f"a question of {unit.id}"),)
    if unit.purpose == "probes":
        return Probe(
            id=f"{unit.id}-0000", clause_id=unit.clause_ids[0], messages=ask, checks=unit.checks,
            measures=unit.measures, unit=unit.id, spans=unit.spans,
        )  # fmt: skip
    answer = (Message(role="assistant", content="an answer"),)
    return PreferencePair(
        id=f"{unit.id}-0000", prompt=ask, chosen=answer, rejected=answer, clause_ids=unit.clause_ids,
        generator=unit.generator, unit=unit.id, seed=unit.seed, spans=unit.spans,
    )  # fmt: skip


@pytest.fixture(params=NAMES)
def build(request: pytest.FixtureRequest, built: dict[str, dict[str, Artifact]], write_build: Write) -> Path:
    return with_rows(built[request.param], write_build(built[request.param], request.param))


def with_rows(artifacts: dict[str, Artifact], folder: Path) -> Path:
    """Put the rows into a build folder that an engine would write: one of each unit, and one of the user's own."""
    rows = [row_of(unit) for unit in Recipe.model_validate_json(artifacts["recipe.json"].text).units]
    for name, kind in (("pairs.jsonl", PreferencePair), ("probes.jsonl", Probe)):
        text = "\n".join(row.model_dump_json() for row in rows if isinstance(row, kind)) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
    chat = ChatRow(
        id="data.0-000001", messages=(Message(role="user", content="Hi"), Message(role="assistant", content="Ho")),
        clause_ids=(), generator="data", unit="data.0", seed=0, spans=("x.tenet:1:1",),
    )  # fmt: skip
    (folder / "sft.jsonl").write_text(chat.model_dump_json() + "\n", encoding="utf-8")
    return folder


def places(folder: Path) -> list[tuple[str, str]]:
    """Every line of every text file that has content, every key of the maps, every row."""
    found = []
    source_map = json.loads((folder / "trace.json").read_text(encoding="utf-8"))
    for file, marks in source_map["files"].items():
        found += [(file, place) for place in marks]
        lines = (folder / file).read_text(encoding="utf-8").splitlines()
        if not file.endswith(".json"):
            found += [(file, str(n)) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    for file in ("pairs.jsonl", "probes.jsonl", "sft.jsonl"):
        rows = (folder / file).read_text(encoding="utf-8").splitlines()
        found += [(file, str(number)) for number in range(1, len(rows) + 1)]
        found += [(file, json.loads(row)["id"]) for row in rows]
    return found


def test_every_place_leads_to_a_line_of_the_spec(build: Path) -> None:
    texts = json.loads((build / "sources.json").read_text(encoding="utf-8"))["files"]
    everything = places(build)
    assert len(everything) > 200
    for file, place in everything:
        trail = trace(build, file, place)
        assert trail.causes, f"{file}:{place} leads nowhere"
        assert trail.shows, f"{file}:{place} shows nothing"
        for cause in trail.causes:
            if cause.place is None:
                assert cause.id in ("facts", "model", "train"), (
                    f"{file}:{place} is caused by {cause.id} without a place"
                )
                continue
            path, line, column = cause.place.rsplit(":", 2)
            source = texts[path].splitlines()[int(line) - 1]
            assert cause.line == source.strip()
            if "." in cause.id and not cause.id.startswith("data"):
                kind, name = cause.id.split(".")
                # A probe's place is its own statement; everything else stands at its clause's first line.
                assert source[int(column) - 1 :].startswith((f"{kind} {name}", "probe "))


def test_a_line_of_the_prompt_leads_to_the_clause_whose_words_it_has(build: Path) -> None:
    lines = (build / "prompt.md").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("- Refuse to say how much"))
    trail = trace(build, "prompt.md", str(number))
    assert [c.id for c in trail.causes] == ["refuse.dosing"]
    assert "how much of a medicine" in trail.shows


def test_a_number_and_an_answer_lead_back(build: Path, tmp_path: Path) -> None:
    run = tmp_path / "runs" / f"{build.name}-0123456789ab"
    run.mkdir(parents=True)
    measured = {"probe_id": "refuse.dosing/probes-0000", "arm": "adapter", "answer": "I cannot.", "held": {}}
    (run / "measurements.jsonl").write_text(json.dumps(measured) + "\n", encoding="utf-8")
    answer = trace(build, "measurements.jsonl", "1", run)
    assert [c.id for c in answer.causes] == ["refuse.dosing"]
    assert answer.chain[0] == "answer of adapter to refuse.dosing/probes-0000"
    number = trace(build, "diff.json", "refuse.dosing", run)
    assert number.causes[0].line is not None
    assert number.causes[0].line.startswith("refuse dosing at root {")
    with pytest.raises(DataError) as error:
        trace(build, "diff.json", "refuse.dosin", run)
    assert error.value.help is not None
    assert error.value.help.startswith("did you mean refuse.dosing")


@pytest.mark.parametrize(("file", "place"), [("prompt.md", "999"), ("filters.json", "nope"), ("pairs.jsonl", "99999")])
def test_a_place_that_is_not_there_is_said_so(file: str, place: str, build: Path) -> None:
    with pytest.raises(DataError) as error:
        trace(build, file, place)
    assert error.value.help


def test_a_lowering_that_loses_a_clause_is_noticed(
    texts: dict[str, str], write_build: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first test of this file can fail: here the prompt's lowering names no clause for its lines."""
    from compiler.lowering import prompt

    monkeypatch.setattr(prompt, "Mark", lambda place, _: Mark(place, ()))
    artifacts = artifacts_of(texts["pirate"], "pirate")
    with pytest.raises(AssertionError, match=r"prompt\.md:1 leads nowhere"):
        test_every_place_leads_to_a_line_of_the_spec(with_rows(artifacts, write_build(artifacts, "pirate")))


def test_a_row_whose_clause_was_lost_is_noticed(build: Path) -> None:
    rows = (build / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    row = {**json.loads(rows[0]), "clause_ids": [], "spans": []}
    (build / "pairs.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert trace(build, "pairs.jsonl", "1").causes == ()
