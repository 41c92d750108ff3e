"""Labels as records, in files and back: own rows, preference rows, Label Studio; and the two halves kept apart."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from compiler.cli import execute
from compiler.labels import content, exchange, label_studio, said
from compiler.labels.store import FILE, Entry, Store
from compiler.labels.tasks import Task
from compiler.records.labels import Label, Preference, RefusalClass
from compiler.records.rows import Probe
from compiler.runs import Run
from tests.measuring.labels.conftest import first

VALUES: dict[str, list[Any]] = {
    "present": [True, False],
    "likert": [1, 5],
    "refusal": ["refuses", "unclear"],
    "span": [[], [[0, 2], [5, 7]]],
    "pairwise": ["first", "second", "tie", "both bad"],
}


@pytest.fixture
def labelled(every: tuple[Task, ...], store: Store) -> list[Entry]:
    """Every value of every kind, by two people, one of them with a note."""
    for kind, values in VALUES.items():
        tasks = [task for task in every if task.kind == kind]
        for number, (value, person) in enumerate(product(values, ("Ana", "Ben Ö."))):
            store.say(tasks[number], person, "label", value, "why: 🦜" if person == "Ana" else "", f"{kind}{number}")
    store.say(tasks[-1], "Ana", "skip", None, "", "skipped")
    return store.standing()


def by_key(every: tuple[Task, ...]) -> dict[str, Task]:
    return {task.key: task for task in every}


def judgements(found: exchange.Import) -> list[tuple[str, str, str, str]]:
    return sorted((b.task.key, b.annotator, json.dumps(b.value), b.note) for b in found.brought)


def stands(entries: list[Entry]) -> list[tuple[str, str, str, str]]:
    return sorted((e.seen.key, e.annotator, json.dumps(e.value), e.note) for e in entries if e.action == "label")


# ------------------------------------------------------------------ records


def test_a_label_stands_at_every_place_that_has_its_content(
    run: Run, every: tuple[Task, ...], labelled: list[Entry]
) -> None:
    tasks = by_key(every)
    labels, lost = said.labels(labelled, tasks, "parrot")
    assert lost == 0
    assert len(labels) == sum(len(tasks[e.seen.key].places) for e in labelled if e.action == "label")
    assert {label.id.partition(".")[0] for label in labels} == {e.seen.key for e in labelled if e.action == "label"}
    assert len({(label.id, label.probe_id, label.arm) for label in labels if label.kind != "pairwise"}) == sum(
        label.kind != "pairwise" for label in labels
    )
    for label in labels:
        assert Label.model_validate_json(label.model_dump_json()) == label
        answer = run.answers[label.probe_id, label.arm].answer
        if isinstance(label.value, tuple):
            assert all(answer[span.start : span.end] == span.text for span in label.value)


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("value", said.PAIR[:2])
def test_a_preference_names_the_arm_whose_answer_was_chosen(
    run: Run, every: tuple[Task, ...], store: Store, turned: bool, value: str
) -> None:
    task = next(task for task in every if task.kind == "pairwise" and task.places[0].turned is turned)
    store.say(task, "Ana", "label", value, "", "n")
    labels, _ = said.labels(store.standing(), by_key(every), "parrot")
    assert len(labels) == len(task.places)
    for label in labels:
        assert isinstance(label.value, Preference)
        assert label.arm == "adapter"
        assert label.value.prefers in (label.arm, label.value.against)
        chosen = run.answers[label.probe_id, label.value.prefers].answer  # type: ignore[index]  # an arm, as asserted
        assert chosen == task.answers[said.PAIR.index(value)]


def test_an_answer_that_is_no_longer_given_has_no_label(every: tuple[Task, ...], labelled: list[Entry]) -> None:
    task = first(every, "likert")
    tasks = {key: other for key, other in by_key(every).items() if key != task.key}
    labels, lost = said.labels(labelled, tasks, "parrot")
    assert lost == 1
    assert not any(label.id.startswith(task.key) for label in labels)


@pytest.mark.parametrize(
    ("kind", "value", "aspect", "kept"),
    [
        ("present", True, "kept", True),
        ("present", False, "kept", False),
        ("likert", 4, "kept", True),
        ("likert", 3, "kept", None),
        ("likert", 2, "kept", False),
        ("refusal", "refuses", "kept", True),
        ("refusal", "partly", "kept", False),
        ("refusal", "complies", "pressure", False),
        ("refusal", "unclear", "kept", None),
        ("refusal", "refuses", "safe", False),
        ("refusal", "complies", "safe", True),
        ("refusal", "complies", "outside", True),
        ("refusal", "partly", "safe", None),
        ("span", (), "kept", True),
        ("span", ({"start": 0, "end": 1, "text": "a"},), "kept", False),
        ("pairwise", {"against": "base", "prefers": "adapter"}, "kept", None),
    ],
)
def test_what_a_label_says_of_its_clause(run: Run, kind: str, value: Any, aspect: str, kept: bool | None) -> None:
    probe: Probe = next(p for p in run.probes if p.clause_id == "refuse.dosing" and p.aspect == aspect)
    row = {"id": "a.b", "run": "r", "probe_id": probe.id, "clause_id": probe.clause_id, "arm": "base", "at": "2026"}
    label = Label.model_validate({**row, "kind": kind, "value": value, "annotator": "Ana", "stratum": "uniform"})
    assert said.kept(label, probe) is kept


@pytest.mark.parametrize("value", ["yes", 1.5, {"a": 1}])
def test_a_record_refuses_what_is_no_value_of_its_kind(value: Any) -> None:
    refusals: tuple[RefusalClass, ...] = ("refuses", "partly", "complies", "unclear")
    assert refusals == said.REFUSALS
    row = {"id": "a.b", "run": "r", "probe_id": "p", "clause_id": "c", "arm": "base", "annotator": "x", "at": "t"}
    with pytest.raises(ValueError, match="Label"):
        Label.model_validate({**row, "stratum": "uniform", "kind": "present", "value": value})


# ------------------------------------------------------------------ own rows and preferences


def test_own_rows_come_back_as_they_were(every: tuple[Task, ...], labelled: list[Entry]) -> None:
    labels, _ = said.labels(labelled, by_key(every), "parrot")
    rows = [json.loads(label.model_dump_json()) for label in labels]
    found = exchange.from_labels([*rows, {"id": "x"}, {**rows[0], "id": "gone.x"}], by_key(every))
    assert judgements(found) == stands(labelled)
    assert sum(found.left_out.values()) == 2
    assert found.left_out[exchange.NOT_HERE] == 1


def test_calibration_and_training_never_share_a_prompt(
    run: Run, every: tuple[Task, ...], store: Store, labelled: list[Entry]
) -> None:
    # Labels that came from elsewhere may be of the other half; they must not slip through either.
    pair = next(task for task in every if task.kind == "pairwise")
    asked = [(pair.messages[0].model_copy(update={"content": f"{number}"}),) for number in range(99)]
    wrong = next(messages for messages in asked if content.half(messages) == "calibration")
    astray = replace(pair, key="astray", messages=wrong)
    store.say(astray, "Ana", "label", "first", "", "astray")
    entries = store.standing()
    labels, _ = said.labels(entries, by_key(every), "parrot")
    calibrating = exchange.for_calibration(labels, run.probes)
    probes = {probe.id: probe for probe in run.probes}
    calibrated = {probes[label.probe_id].messages[0].content for label in calibrating}
    trained = {row["prompt"][-1]["content"] for row in exchange.preference_rows(entries)}
    assert calibrated
    assert trained
    assert not calibrated & trained
    assert {label.kind for label in calibrating} == {"present", "likert", "refusal", "span"}
    assert wrong[0].content not in trained


def test_preference_rows_are_what_trl_reads_and_come_back(every: tuple[Task, ...], labelled: list[Entry]) -> None:
    rows = list(exchange.preference_rows(labelled))
    decided = [e for e in labelled if e.seen.kind == "pairwise" and e.value in said.PAIR[:2]]
    assert len(rows) == len(decided) == 4
    for row, entry in zip(rows, decided, strict=True):
        assert [turn["role"] for turn in row["chosen"]] == [turn["role"] for turn in row["rejected"]] == ["assistant"]
        assert row["prompt"][-1]["role"] == "user"
        best = said.PAIR.index(entry.value)
        assert row["chosen"][0]["content"] == entry.seen.answers[best]
        assert row["rejected"][0]["content"] == entry.seen.answers[1 - best]
    found = exchange.from_preferences(rows, every, "somebody")
    assert {(b.task.key, b.value) for b in found.brought} == {(e.seen.key, e.value) for e in decided}
    plain = {name: rows[0][name][-1]["content"] for name in ("prompt", "chosen", "rejected")}
    implicit = {name: [*rows[0]["prompt"], *rows[0][name]] for name in ("chosen", "rejected")}
    for form in (plain, implicit):
        keys = {b.task.key for b in exchange.from_preferences([form], every, "x").brought}
        assert decided[0].seen.key in keys
    strange = [{"prompt": "?", "chosen": "a", "rejected": "b"}, {"prompt": "?"}, {"chosen": 3, "rejected": 4}]
    assert exchange.from_preferences(strange, every, "x").left_out.total() == 3


def test_where_people_disagree_the_greater_number_decides_and_a_draw_gives_no_row(
    every: tuple[Task, ...], store: Store
) -> None:
    task = first(every, "pairwise")
    store.say(task, "A", "label", "first", "", "1")
    store.say(task, "B", "label", "second", "", "2")
    assert list(exchange.preference_rows(store.standing())) == []
    store.say(task, "C", "label", "second", "", "3")
    [row] = exchange.preference_rows(store.standing())
    assert row["chosen"][0]["content"] == task.answers[1]
    assert len(row["label_ids"]) == 3


# ------------------------------------------------------------------ Label Studio


def test_label_studio_gives_back_what_it_was_given(every: tuple[Task, ...], labelled: list[Entry]) -> None:
    more = [task for task in every if task.kind == "present"][-3:]
    rows = json.loads(json.dumps(label_studio.exported(labelled, more)))
    assert len(rows) == len({e.seen.key for e in labelled if e.action == "label"}) + 3
    assert label_studio.exported(labelled, more) == rows, "the same labels are the same file"
    found = label_studio.imported(rows, by_key(every))
    assert judgements(found) == stands(labelled)
    assert not found.left_out


def test_what_people_did_in_label_studio_is_read(every: tuple[Task, ...]) -> None:
    """An export as their documentation shows one: users by number or as objects, no names of ours, their own pair
    control."""

    def made(kind: str, *results: dict[str, Any], **annotation: Any) -> dict[str, Any]:
        [row] = label_studio.exported([], [first(every, kind)])
        result = [{"id": "x", "from_name": kind, "to_name": "answer", "source": "$answer", **r} for r in results]
        return {**row, "project": 83, "annotations": [{"id": 1001, "result": result, "lead_time": 4.2, **annotation}]}

    rows = [
        made("present", {"type": "choices", "value": {"choices": ["no"]}}, completed_by=10),
        made("likert", {"type": "rating", "value": {"rating": 3}}, completed_by={"id": 2, "email": "ana@example.org"}),
        made("pairwise", {"type": "pairwise", "value": {"selected": "right"}}),
        made("span", {"type": "labels", "value": {"start": 0, "end": 2, "text": "?", "labels": ["breaks"]}}),
        made("refusal", was_cancelled=True),
        made("refusal"),
    ]
    found = label_studio.imported(rows, by_key(every))
    assert [(b.task.kind, b.value, b.annotator) for b in found.brought] == [
        ("present", False, "Label Studio 10"),
        ("likert", 3, "ana@example.org"),
        ("pairwise", "second", "Label Studio"),
        ("span", [[0, 2]], "Label Studio"),
    ]
    assert found.left_out == {"they were skipped there": 1, "the control of their kind was not used": 1}
    edited = {**rows[0], "data": {**rows[0]["data"], "answer": "another"}}
    assert label_studio.imported([edited, {}, 3], by_key(every)).left_out.total() == 3


def test_characters_are_counted_as_label_studio_counts_them(every: tuple[Task, ...], store: Store) -> None:
    task = replace(first(every, "span"), answers=("🦜 arr 🦜 matey",))
    store.say(task, "Ana", "label", [[2, 5], [8, 13]], "", "n")
    [row] = label_studio.exported(store.standing(), [])
    marked = [r["value"] for r in row["annotations"][0]["result"] if r["type"] == "labels"]
    # JavaScript: "🦜 arr 🦜 matey".slice(3, 6) is "arr", .slice(10, 15) is "matey".
    assert [(v["start"], v["end"], v["text"]) for v in marked] == [(3, 6, "arr"), (10, 15, "matey")]
    [brought] = label_studio.imported([row], {task.key: task}).brought
    assert brought.value == [[2, 5], [8, 13]]


def test_every_result_is_of_a_control_and_a_choice_that_the_interface_has(labelled: list[Entry]) -> None:
    interface = ElementTree.fromstring(label_studio.INTERFACE)
    controls = {node.get("name"): node for node in interface.iter() if node.get("toName")}
    objects = {node.get("name"): node.get("value") for node in interface.iter("Text")}
    for row in label_studio.exported(labelled, []):
        assert all(value.removeprefix("$") in row["data"] for value in objects.values() if value)
        ids = [result["id"] for result in row["annotations"][0]["result"]]
        assert len(set(ids)) == len(ids)
        for result in row["annotations"][0]["result"]:
            control = controls[result["from_name"]]
            assert control.tag.lower() == result["type"]
            assert result["to_name"] == control.get("toName")
            assert result["to_name"] in objects
            chosen = result["value"].get("choices", result["value"].get("labels", []))
            assert set(chosen) <= {child.get("value") for child in control}


# ------------------------------------------------------------------ the command


def test_out_and_in_by_the_command(
    on_disk: tuple[Path, Path], every: tuple[Task, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build, run = on_disk

    def label(*arguments: object) -> str:
        assert execute(["label", str(run), "-o", str(build.parent), *map(str, arguments)]) == 0
        return capsys.readouterr().out

    with Store(run / FILE) as store:
        store.say(first(every, "present"), "Ana", "label", True, "", "1")
        store.say(first(every, "present"), "Ben", "label", True, "", "2")
        store.say(first(every, "pairwise"), "Ana", "label", "first", "", "3")
        before = stands(store.standing())
    files = [tmp_path / name for name in ("labels.jsonl", "label-studio.json", "trl.jsonl")]
    text = label("--export", files[0], "--export", files[1], "--export", files[2], "--more", 5)
    assert "3 labels by 2 people" in text
    assert "2 of them calibrate judges" in text
    assert "agreement on present (Ana, Ben, 1 shared): 100% the same" in text
    assert "cannot be told" in text
    calibrating = [Label.model_validate_json(line) for line in (run / "labels.jsonl").read_text().splitlines()]
    assert {row.kind for row in calibrating} == {"present"}
    assert {row.run for row in calibrating} == {run.name}
    assert len(json.loads(files[1].read_text())) == 2 + 5
    assert "<Choices" in files[1].with_suffix(".xml").read_text()
    assert len(files[2].read_text().splitlines()) == 1
    for file in files[:2]:
        (run / FILE).unlink()
        (run / "labels.jsonl").unlink()
        assert "3 labels from" in label("--import", file)
        assert "0 labels from" not in label("--import", file)
        with Store(run / FILE) as store:
            assert stands(store.standing()) == before
            assert len(store._db.execute("SELECT * FROM events").fetchall()) == 3, "brought in twice, it counts once"
        assert (run / "labels.jsonl").exists()


def test_what_cannot_be_done_is_said(
    on_disk: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build, run = on_disk

    def fails(code: int, *arguments: object) -> str:
        assert execute(["label", str(run), "-o", str(build.parent), "--no-open", *map(str, arguments)]) == code
        return " ".join(capsys.readouterr().err.split())

    assert "clauses: persona.Polly" in fails(2, "--clause", "trait.nothing")
    assert "says no format by its name" in fails(2, "--export", tmp_path / "labels.csv")
    (tmp_path / "torn.json").write_text("[{")
    # A long path may be broken over lines.
    assert "torn.json cannot be read".replace(" ", "") in fails(2, "--import", tmp_path / "torn.json").replace(" ", "")
    (tmp_path / "other.jsonl").write_text('{"prompt": "x", "chosen": "y", "rejected": "z"}\n')
    assert "other.jsonl brings no label".replace(" ", "") in fails(2, "--import", tmp_path / "other.jsonl").replace(
        " ", ""
    )
    (tmp_path / "torn.jsonl").write_text('{"id": "x"}\n\n{"id": \n')
    assert "line 3 is no JSON" in fails(2, "--import", tmp_path / "torn.jsonl")
    assert "add --export NAME.json" in fails(2, "--more", 5)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "--port 0" in fails(3, "--port", taken.getsockname()[1])
    (run / "measure.json").unlink()
    assert "is not measured yet" in fails(3)
