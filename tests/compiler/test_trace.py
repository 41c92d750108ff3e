"""Promise 1: every place in every file leads back to a clause, or to a statement, and its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler import verdicts
from compiler.artifact import Artifact, Mark
from compiler.cli import execute as run
from compiler.failures import PlaceError
from compiler.generators.controls import CONTROLS
from compiler.records.measured import Measurement, MeasureReport
from compiler.records.recipe import DataFile, Recipe, Unit
from compiler.records.record import ARMS, Message
from compiler.records.report import DiffReport
from compiler.records.rows import ChatRow, PreferencePair, Probe
from compiler.records.sets import ProbeSet
from compiler.tallies import decided_by
from compiler.trace import trace
from compiler.trace_beside import names
from tests.compiler.conftest import NAMES, artifacts_of
from tests.measuring.full_report import full

Capture = pytest.CaptureFixture[str]
Write = Callable[[dict[str, Artifact], str], Path]


def row_of(unit: Unit) -> PreferencePair | Probe:
    """One row of a unit, as an engine writes it."""
    ask = (Message(role="user", content=f"a question of {unit.id}"),)
    if unit.purpose == "probes":
        return Probe(
            id=f"{unit.id}-0000", clause_id=unit.clause_ids[0], messages=ask, checks=unit.checks,
            measures=unit.measures, unit=unit.id, spans=unit.spans, aspect=unit.aspect,
            pressure=unit.pressure.technique if unit.pressure else None,
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
    """Every line of every text and JSON file that says something, every key of the maps, every row."""
    found = []
    source_map = json.loads((folder / "trace.json").read_text(encoding="utf-8"))
    found += [(file, place) for file, marks in source_map["files"].items() for place in marks]
    for path in sorted(folder.rglob("*.*")):
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        # The long files repeat themselves: some lines of each say enough.
        every = max(1, len(lines) // 150)
        some = [n for n in range(1, len(lines) + 1, every) if not is_layout(lines[n - 1])]
        found += [(path.relative_to(folder).as_posix(), str(n)) for n in some]
    for file in ("pairs.jsonl", "probes.jsonl", "sft.jsonl"):
        rows = (folder / file).read_text(encoding="utf-8").splitlines()
        found += [(file, json.loads(row)["id"]) for row in rows]
    return found


def is_layout(line: str) -> bool:
    """Empty lines, brackets, the file's version, and the headings of the prompt."""
    return not line.strip(' {}[],"') or line.strip().startswith(('"version": ', '"is": '))


def test_every_place_leads_to_a_line_of_the_spec(build: Path) -> None:
    texts = json.loads((build / "sources.json").read_text(encoding="utf-8"))["files"]
    everything = places(build)
    assert len(everything) > 500
    assert {file for file, _ in everything} >= {"lock.json", "ir.json", "recipe.json", "filters.json", "prompt.md"}
    for file, place in everything:
        trail = trace(build, file, place)
        assert trail.causes, f"{file}:{place} leads nowhere"
        assert trail.shows, f"{file}:{place} shows nothing"
        for cause in trail.causes:
            if cause.place is None:
                assert cause.id in ("facts", *CONTROLS, "model", "train"), (
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
    with pytest.raises(PlaceError) as error:
        trace(build, "diff.json", "refuse.dosin", run)
    assert error.value.help is not None
    assert error.value.help.startswith("did you mean refuse.dosing")


@pytest.mark.parametrize(("file", "place"), [("prompt.md", "999"), ("filters.json", "nope"), ("pairs.jsonl", "99999")])
def test_a_place_that_is_not_there_is_said_so(file: str, place: str, build: Path) -> None:
    with pytest.raises(PlaceError) as error:
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


@pytest.fixture
def measured(build: Path, tmp_path: Path) -> Path:
    """A run of the build, measured: every arm keeps what it is asked in all answers but one in five."""
    run = tmp_path / "runs" / f"{build.name}-0123456789ab"
    run.mkdir(parents=True)
    probes = [Probe.model_validate_json(line) for line in (build / "probes.jsonl").read_text("utf-8").splitlines()]
    rows = [
        Measurement(
            probe_id=probe.id, arm=arm, answer=f"answer {number}",
            held={i: (number + len(arm)) % 5 != 0 for i in (probe.clause_id, *probe.measures)},
        )
        for arm in ARMS
        for number, probe in enumerate(probes)
    ]  # fmt: skip
    (run / "measurements.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows), "utf-8")
    clauses = {probe.clause_id for probe in probes}
    report = MeasureReport(
        base="nano", base_sha256="b5" * 32, probes_sha256="9e" * 32, judge="nano", judge_is_subject=True,
        teaching_base=True, arms=ARMS, answers={arm: len(probes) for arm in ARMS}, device="cpu", dtype="float32",
        sampling="greedy", versions={"torch": "2.13.0"},
        decided_by={i: {f: tuple(p.id for p in ps) for f, ps in decided_by(i, probes).items()} for i in clauses},
    )  # fmt: skip
    (run / "measure.json").write_text(report.model_dump_json(indent=1), "utf-8")
    (run / "diff.json").write_text(verdicts.diff(build, run).model_dump_json(indent=1), "utf-8")
    (run / "run.json").write_text('{\n "method": "dpo",\n "base": "nano",\n "rows": {"pairs.jsonl": "0"}\n}\n', "utf-8")
    (run / "events.jsonl").write_text('{"stage": "dpo", "step": 1, "loss": 0.7}\n', "utf-8")
    return run


def test_every_line_of_a_run_leads_to_the_spec(build: Path, measured: Path) -> None:
    for path in sorted(measured.iterdir()):
        lines = path.read_text("utf-8").splitlines()
        assert lines
        # diff.json has thousands of lines, and the ways back repeat.
        for number in range(1, len(lines) + 1, max(1, len(lines) // 150)):
            if not is_layout(lines[number - 1]):
                trail = trace(build, path.name, str(number), measured)
                assert trail.causes, f"{path.name}:{number} leads nowhere: {lines[number - 1]}"


def test_a_line_of_the_measuring_leads_to_the_clause_that_its_probe_decides(build: Path, measured: Path) -> None:
    lines = (measured / "measure.json").read_text("utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if '"decided_by"' in line)
    number = next(n for n, line in enumerate(lines) if n > start and "refuse.dosing/" in line)
    trail = trace(build, "measure.json", str(number + 1), measured)
    assert trail.causes[0].id in ("refuse.dosing", "forbid.canned")
    assert trail.chain[1].startswith("at decided_by > ")
    seed = trace(build, "lock.json", "seed")
    assert [cause.id for cause in seed.causes] == ["train"]
    assert [cause.id for cause in trace(build, "lock.json", "refuse.dosing").causes] == ["refuse.dosing"]


def test_every_number_of_the_table_leads_to_its_answers(build: Path, measured: Path) -> None:
    report = DiffReport.model_validate_json((measured / "diff.json").read_text("utf-8"))
    figures = [(row.id, row.id, row.rates) for row in report.clauses]
    figures += [(row.id, f"{row.id}/{trial.of}", trial.rates) for row in report.clauses for trial in row.trials]
    assert report.facts is not None
    figures.append(("facts", "facts", report.facts.rates))
    assert len(figures) > len(report.clauses) + 1
    for owner, place, rates in figures:
        for rate in rates:
            trail = trace(build, "diff.json", f"{place}/{rate.arm}", measured)
            assert [cause.id for cause in trail.causes] == [owner]
            assert trail.chain[0].startswith(f"{rate.arm}: {rate.count:g} of {rate.n} ")
            if rate.n > rate.count and report.clauses[0].comparison == ">=":
                assert " broke it in " in trail.chain[-1]
    for effect in report.side_effects:
        assert trace(build, "diff.json", effect.id, measured).shows.startswith(effect.title)
    with pytest.raises(PlaceError) as error:
        trace(build, "diff.json", "refuse.dosing/insistance", measured)
    assert "over_refusal" in (error.value.help or "")


def test_a_row_of_the_users_own_data_leads_to_its_line(build: Path) -> None:
    recipe = Recipe.model_validate_json((build / "recipe.json").read_text("utf-8"))
    data = (DataFile(path="chats.jsonl", sha256="0" * 64, span="x.tenet:1:1"),)
    (build / "recipe.json").write_text(recipe.model_copy(update={"data": data}).model_dump_json(), "utf-8")
    trail = trace(build, "sft.jsonl", "1")
    assert trail.chain[1] == "row 1 of chats.jsonl, kept by filters.json"
    assert [cause.id for cause in trail.causes] == ["train"]


def test_the_command_shows_a_trail_in_a_few_lines(build: Path, measured: Path, capsys: Capture) -> None:
    assert run(["trace", "--out", str(build.parent), f"{measured}/diff.json:refuse.dosing/adapter"]) == 0
    said = capsys.readouterr().out
    assert "refuse.dosing" in said
    assert f"{build.name}.tenet:" in said
    assert run(["trace", f"{build}/lock.json:program"]) == 0
    assert len(capsys.readouterr().out.splitlines()) < 40


def test_what_no_verdict_rests_on_leads_back_too(build: Path, measured: Path, capsys: Capture) -> None:
    path = measured / "diff.json"
    report = full(DiffReport.model_validate_json(path.read_text("utf-8")))
    of_set = ProbeSet(name="x", file="x.csv", sha256="5" * 64, rows=2, asked=2)
    report = report.model_copy(update={"sets": (of_set,)})
    path.write_text(report.model_dump_json(indent=1), "utf-8")
    assert report.metrics
    assert report.survival
    for metric in report.metrics:
        trail = trace(build, "diff.json", f"{metric.id}/{next(iter(metric.scores))}", measured)
        assert trail.shows == metric.title
        assert all(cause.place for cause in trail.causes)
        assert {cause.id for cause in trail.causes} >= set(metric.clause_ids)
    for name in names(report):
        assert trace(build, "diff.json", name, measured).causes, name
    assert trace(build, "diff.json", "x", measured).causes[0].place == "x.csv:1"
    assert (
        trace(build, "diff.json", f"{report.survival[0].clause_id}/over_turns", measured).chain[0].startswith("base:")
    )
    assert run(["trace", "--out", str(build.parent), f"{measured}/diff.json:{report.mutants[0].clause_id}/nope"]) == 2
    assert report.mutants[0].mutation in capsys.readouterr().err


def test_a_row_of_a_probe_set_leads_to_its_line(build: Path, measured: Path) -> None:
    folder = measured / "sets" / "x"
    folder.mkdir(parents=True)
    probe = {"id": "line 4", "line": 4, "messages": [{"role": "user", "content": "Why?"}], "expects": "refused"}
    (folder / "probes.jsonl").write_text(json.dumps(probe) + "\n", "utf-8")
    answer = {"probe_id": "line 4", "arm": "base", "answer": "No."}
    (folder / "measurements.jsonl").write_text(json.dumps(answer) + "\n", "utf-8")
    trail = trace(build, "sets/x/measurements.jsonl", "1", measured)
    assert trail.shows == "No."
    assert [(cause.place, cause.line) for cause in trail.causes] == [("x:4", "Why?")]


def test_what_a_run_keeps_of_its_build_is_traced_and_is_no_build(build: Path, measured: Path, capsys: Capture) -> None:
    (measured / "asked").mkdir()
    for name in ("ir.json", "probes.jsonl", "prompt.md"):
        (measured / "asked" / name).write_text((build / name).read_text("utf-8"), "utf-8")
    assert run(["trace", "--out", str(build.parent), f"{measured}/asked/prompt.md:1"]) == 0
    assert run(["trace", "--out", str(build.parent), f"{measured}/asked/probes.jsonl:1"]) == 0
    assert run(["measure", f"{measured}/asked"]) == 2
    (build / "prompt.md").write_text("another", "utf-8")
    with pytest.raises(PlaceError, match="has been built anew"):
        trace(build, "asked/prompt.md", "1", measured)


def test_a_figure_counts_the_probes_that_were_asked(build: Path, measured: Path) -> None:
    """A sequential measuring stops before all probes of a clause are asked."""
    path = measured / "measurements.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    probes = {row["id"]: row for row in map(json.loads, (build / "probes.jsonl").read_text("utf-8").splitlines())}
    own = next(row["probe_id"] for row in rows if probes[row["probe_id"]]["clause_id"] == "refuse.dosing"
               and probes[row["probe_id"]]["aspect"] == "kept")  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows if row["probe_id"] == own), "utf-8")
    chain = trace(build, "diff.json", "refuse.dosing", measured).chain
    assert "decided by the answers in measurements.jsonl to 1 probes" in chain
