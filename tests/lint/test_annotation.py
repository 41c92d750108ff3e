"""Rows for Argilla and Label Studio, and what people said of them there."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from compiler import struck
from compiler.exports import annotation
from compiler.exports.annotation import Said, decided, read
from tests.lint.test_lint import sound

PAIRS = sound(3)
KEYS = [struck.key_of_pair(pair) for pair in PAIRS]
HERE = frozenset(KEYS)


def test_argilla_s_records_hold_the_row_and_come_back_with_what_people_said() -> None:
    records = annotation.argilla(PAIRS, [KEYS[1]])
    names = {one["name"] for one in annotation.SETTINGS["fields"]}
    assert all(set(record["fields"]) == names for record in records)
    assert [bool(record["suggestions"]) for record in records] == [False, True, False]
    assert records[0]["fields"]["chosen"] == PAIRS[0].chosen[0].content
    assert read(records, HERE).left_out == {"nobody has said anything of them": 3}
    records[0]["responses"] = {
        "row": [{"value": "strike out", "user_id": "ada"}, {"value": "keep", "user_id": "bo"}],
        "why": [{"value": "Dull.", "user_id": "ada"}],
    }
    assert read(records, HERE).said == [Said(KEYS[0], "strike out", "Dull.", "ada"), Said(KEYS[0], "keep", "", "bo")]
    assert annotation.disputed(read(records, HERE).said) == [KEYS[0]]


def result(name: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"from_name": name, "to_name": "chosen", "type": kind, "value": value}


def test_label_studio_s_tasks_name_controls_of_the_interface_and_come_back() -> None:
    tasks = annotation.label_studio(PAIRS, [KEYS[2]])
    interface = ElementTree.fromstring(annotation.INTERFACE)
    shown = {str(node.get("value")).removeprefix("$") for node in interface.iter("Text")}
    assert all(shown <= set(task["data"]) for task in tasks)
    (prediction,) = tasks[2]["predictions"]
    assert prediction["result"][0]["from_name"] in {node.get("name") for node in interface.iter("Choices")}
    tasks[1]["annotations"] = [
        {"completed_by": {"email": "ada@example.org"}, "result": [
            result("row", "choices", choices=["strike out"]), result("why", "textarea", text=["Too", "long."])]},
        {"was_cancelled": True, "completed_by": 4, "result": [result("row", "choices", choices=["keep"])]},
    ]  # fmt: skip
    assert read(tasks, HERE).said == [Said(KEYS[1], "strike out", "Too long.", "ada@example.org")]


@pytest.mark.parametrize(
    "record",
    [
        None,
        {},
        {"metadata": None},
        {"metadata": {annotation.KEY: "0" * 32}},
        {"metadata": {annotation.KEY: KEYS[0]}, "responses": {"row": "x"}},
        {"metadata": {annotation.KEY: KEYS[0]}, "responses": {"row": [{"value": "burn it"}]}},
        {"data": {annotation.KEY: KEYS[0]}, "annotations": [{"result": [{"from_name": "row"}]}]},
        {"data": {annotation.KEY: KEYS[0]}, "annotations": [{"result": [result("row", "choices", choices=[])]}]},
    ],
)
def test_what_says_nothing_is_counted_and_strikes_nothing(record: Any) -> None:
    found = read([record], HERE)
    assert found.said == []
    assert found.left_out.total() == 1


def test_more_people_decide_and_a_tie_keeps() -> None:
    out, keep = (lambda key: Said(key, "strike out", "", "a")), (lambda key: Said(key, "keep", "", "b"))
    why = Said("x", "strike out", "Dull.", "c")
    strikes, keeps = decided([out("x"), why, keep("x"), out("y"), keep("y"), keep("z")])
    assert strikes == {"x": why}
    assert keeps == ["y", "z"]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    from compiler.cli.review import bring_in
    from compiler.failures import GivenError
    from compiler.lint.findings import Rows

    rows, listed, export = Rows(pairs=PAIRS), tmp_path / "a.struck.jsonl", tmp_path / "argilla.json"
    struck.strike(listed, [PAIRS[1]])
    records = annotation.argilla(PAIRS)
    export.write_text(json.dumps(records))
    with pytest.raises(GivenError):
        bring_in(listed, rows, export)
    for record, value in zip(records, ("strike out", "keep", "keep"), strict=True):
        record["responses"] = {"row": [{"value": value, "user_id": "ada"}]}
    export.write_text(json.dumps(records))
    bring_in(listed, rows, export)
    assert [(row.row, row.by) for row in struck.read(listed)] == [("r0", "ada")]
    assert "1 struck out and 1 put back" in capsys.readouterr().out
