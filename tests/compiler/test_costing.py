"""`tenet plan --device`: what a training would take, also on a base that is not here, and what was measured once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compiler.cli import calibration, costing
from compiler.cli import execute as run
from tests.compiler.conftest import said

pytestmark = pytest.mark.usefixtures("away")

SPEC = """tenet 1
model {{ base: "{base}" }}
trait pirate {{ means: "Talk like a pirate." }}
train {{ method: {method}  steps: {steps} }}
"""
MEASURED = {
    "stage": "dpo", "start": 5.0, "load": 1.0, "asked": 0.1, "step": 2.0, "end": 3.0, "processor": 4.0,
    "peak": 1_500_000_000, "size": 24.0,
}  # fmt: skip


def spec(base: str = "nano", method: str = "dpo", steps: int = 50) -> str:
    Path("small.tenet").write_text(SPEC.format(base=base, method=method, steps=steps), encoding="utf-8")
    return "small.tenet"


def planned(capsys: pytest.CaptureFixture[str], *told: str) -> dict[str, Any]:
    assert run(["plan", "--json", *told]) == 0
    found: dict[str, Any] = json.loads(said(capsys)[0])
    return found


def test_a_base_that_is_not_here_is_planned_from_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    found = planned(capsys, spec("meta-llama/Llama-3.1-8B-Instruct", "sft+dpo"), "--device", "h200")["training"]
    assert [stage["stage"] for stage in found["stages"]] == ["sft", "dpo"]
    assert found["shape"]["layers"] == 32
    for stage in found["stages"]:
        assert stage["steps"] == 50
        assert stage["seconds"] > 0
        assert 16e9 < stage["passage"]["memory"]["base"] < 17e9
    assert any("published" in note for note in found["notes"])
    assert any("No row of dpo" in note for note in found["notes"])


def test_what_does_not_fit_says_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    path = spec("meta-llama/Llama-3.1-70B-Instruct")
    assert run(["plan", path, "--device", "h200"]) == 0
    text = " ".join(said(capsys)[0].split())
    assert "does not fit" in text
    assert "with --quantize 4bit" in text
    assert run(["plan", path, "--device", "h100", "--quantize", "4bit"]) == 0
    text = " ".join(said(capsys)[0].split())
    assert "does not fit" not in text
    assert "layers computed again" in text
    assert "not counted" in text


def test_a_base_of_no_known_shape_is_an_error_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", spec("somebody/thing"), "--device", "a100"]) == 3
    assert "nothing tells the shape of somebody/thing" in said(capsys)[1]


@pytest.mark.parametrize("method", [
    "sft", "kto", "orpo", "simpo", "grpo", "rloo", "sdft", "online_dpo", "reward+rloo", "sft+grpo",
])  # fmt: skip
def test_every_method_is_planned_and_a_policy_s_answers_take_room(
    capsys: pytest.CaptureFixture[str], method: str
) -> None:
    found = planned(capsys, spec("Qwen/Qwen2.5-7B-Instruct", method), "--device", "h100")["training"]
    assert [stage["stage"] for stage in found["stages"]] == method.split("+")
    policy = {"grpo", "rloo", "sdft", "online_dpo"} & set(method.split("+"))
    for stage in found["stages"]:
        assert stage["seconds"] > 0
        if stage["stage"] in policy:
            assert stage["learned"] == stage["steps"] * stage["batch"] * 96, "an answer is as long as it may be"
            assert stage["passage"]["memory"]["activations"] > 1e9


def test_reflections_have_a_length_too() -> None:
    from compiler.costs.rows import lengths

    row = {"messages": [{"role": "user", "content": "a b"}, {"role": "assistant", "content": "c d e"}]}
    assert lengths([row], "introspection", lambda text: len(text.split())).learned == 3 + 4


def test_a_line_separator_in_a_row_ends_no_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"text": "a\u2028b\u0085c"}, {"text": "d"}]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    assert costing.read_rows(path) == rows


def test_nano_is_planned_from_its_own_files(capsys: pytest.CaptureFixture[str]) -> None:
    found = planned(capsys, spec(), "--device", "a100")["training"]
    assert found["shape"]["source"] == "its config.json"
    assert found["shape"]["hidden"] < 1024


def test_a_few_steps_are_measured_once_and_hold_for_other_steps_and_rows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(calibration, "_measure", lambda build: asked.append(build) or [MEASURED])
    path = spec()
    assert run(["build", "--no-rows", path]) == 0
    said(capsys)
    row = {side: [{"role": "user", "content": "a" * 8}] for side in ("prompt", "chosen", "rejected")}
    rows = Path("build/small/pairs.jsonl")
    rows.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (found,) = planned(capsys, path, "--device", "here")["here"]
    assert found["seconds"] == pytest.approx(5 + 1 + 3 + 50 * 2.0 + 0.1)
    assert found["peak"] == 1_500_000_000

    # Twice as many steps, and rows twice as long.
    path = spec(steps=100)
    row["chosen"][0]["content"] = "a" * 32
    rows.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (found,) = planned(capsys, path, "--device", "here")["here"]
    assert found["scaled"] == pytest.approx(2.0)
    assert found["seconds"] == pytest.approx(5 + 1 + 3 + 2 * (100 * 2.0 + 0.1))
    assert len(asked) == 1
    assert run(["plan", spec(method="sft"), "--device", "here"]) == 3
    assert "is not of the spec as it stands: jobs/sft.yaml" in said(capsys)[1]
    Path("small.tenet").write_text(Path(spec()).read_text().replace("{ method", "{ beta: 0.3  method"))
    assert run(["plan", "small.tenet", "--device", "here"]) == 3
    assert "is not of the spec as it stands" in said(capsys)[1]
    assert len(asked) == 1, "no key gets the figure of other jobs"
    path = spec(steps=100)
    assert run(["plan", path, "--device", "here"]) == 0
    assert "100 steps of 4 s" in said(capsys)[0]


def test_without_rows_nothing_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", spec(), "--device", "here"]) == 3
    assert "has no rows to measure a step with" in said(capsys)[1]


def test_a_torn_row_file_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text('{"prompt": [', encoding="utf-8")
    assert costing.read_rows(tmp_path / "pairs.jsonl") == []
