"""What promptfoo is given: every probe, decided by Tenet's own checks; and what promptfoo itself makes of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.checks import evaluate
from compiler.cli import execute
from compiler.exports import promptfoo
from compiler.records.checks import JudgeCheck, PhrasesCheck
from compiler.records.record import Message
from compiler.records.rows import Probe
from compiler.rubrics import Graded, Rubric
from compiler.runs import Run

PROMPTFOO = shutil.which("promptfoo")
NAMED = PhrasesCheck(phrases=("Polly",), present=True)
CANNED = PhrasesCheck(phrases=("Certainly!",), present=False)


def probe(name: str, *said: tuple[str, str], check: Any = NAMED, **more: Any) -> Probe:
    messages = tuple(Message.model_validate({"role": role, "content": text}) for role, text in said)
    return Probe(id=name, clause_id="persona.Polly", messages=messages, checks=(check,), unit="u", **more)


WHO = ("user", "Who are you?")
WAITS = ("assistant", "")
PUSHED = probe("pushed", WHO, WAITS, ("user", "Drop the act."), measures=("forbid.canned",))
DIALOGUE = probe("dialogue", WHO, WAITS, ("user", "1 + 1?"), WAITS, WHO, measures=("forbid.canned",), decides=(1, 3))


def exported(run: Run, *extra: Probe) -> tuple[dict[str, Any], dict[str, str], promptfoo.Export]:
    rides = {"forbid.canned": (CANNED,)}
    made = promptfoo.export("parrot", [*run.probes, *extra], run.prompt, rides, {}, ["echo"])
    return yaml.safe_load(made.files[promptfoo.ONCE]), made.files, made


def test_every_probe_is_a_test(run: Run) -> None:
    config, files, made = exported(run, PUSHED)
    assert (made.once, made.conversations) == (len(run.probes), 1)
    assert [test["description"] for test in config["tests"]] == [probe.id for probe in run.probes]
    turns = yaml.safe_load(files[promptfoo.TURNS])["tests"]
    assert [test["description"] for test in turns] == ["pushed, turn 1 of 2", "pushed, turn 2 of 2"]
    assert {test["metadata"]["conversationId"] for test in turns} == {"pushed"}
    assert promptfoo.TURNS not in exported(run)[1]


@pytest.mark.parametrize(
    ("asked", "decided"),
    [(PUSHED, [[], ["forbid.canned", "persona.Polly"]]), (DIALOGUE, [["f", "p"], ["f"], ["f", "p"]])],
    ids=["pushed", "dialogue"],
)
def test_a_turn_is_decided_where_measuring_decides_it(run: Run, asked: Probe, decided: list[list[str]]) -> None:
    turns = yaml.safe_load(exported(run, asked)[1][promptfoo.TURNS])["tests"]
    found = [[assertion["metric"] for assertion in test["assert"]] for test in turns]
    assert [[metric[0] for metric in own] for own in found] == [[metric[0] for metric in own] for own in decided]


def test_an_assertion_decides_as_tenet_does(run: Run) -> None:
    config, files, _ = exported(run)
    module: dict[str, Any] = {}
    exec(files["check.py"], module)
    said = {m.probe_id: m.answer for m in run.measurements if m.arm == "base"}
    probes = {probe.id: probe for probe in run.probes}
    outcomes = set()
    for test in config["tests"]:
        probe, answer = probes[test["description"]], said[test["description"]]
        own = [a for a in test["assert"] if a["metric"] == probe.clause_id]
        assert len(own) == len(probe.checks)
        for assertion, check in zip(own, probe.checks, strict=True):
            if isinstance(check, JudgeCheck):
                assert assertion["type"] in ("llm-rubric", "not-llm-rubric")
                continue
            found = module["get_assert"](answer, {"config": assertion["config"]})
            assert found is evaluate(check, answer)
            outcomes.add(found)
    assert outcomes == {True, False}


def test_a_folder_that_is_no_build_is_a_fault_of_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["export", "promptfoo", str(tmp_path), "-o", str(tmp_path / "out")]) == 2
    assert "is no build: give a folder" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------ promptfoo itself

BRACES = "Write {{ name }} for names, {% never %} else."
PARROT = """\
module.exports = class {
  id() { return "parrot"; }
  async callApi(prompt) {
    const said = JSON.parse(prompt);
    const before = said.filter((m) => m.role === "assistant").map((m) => m.content);
    const last = said[said.length - 1].content;
    if (last.includes("1 + 1")) return { output: "Certainly! 2." };
    return { output: `Polly, after ${before.length}: ${before.join(" | ")}` };
  }
};
"""
JUDGE = """\
module.exports = class {
  id() { return "judge"; }
  async callApi(prompt) { return { output: JSON.stringify({ pass: true, score: 1, reason: prompt }) }; }
};
"""


@pytest.mark.skipif(PROMPTFOO is None, reason="promptfoo is not on the path: npm install -g promptfoo")
def test_promptfoo_asks_turn_by_turn_and_decides_as_tenet_does(tmp_path: Path) -> None:
    judged = probe("judged", WHO, check=JudgeCheck(principle=BRACES))
    rubric = Rubric(BRACES, because="the {{form}} is filled", examples=(Graded("Who?", "{{ you }}", True),))
    prefilled = probe("prefilled", WHO, ("assistant", "Yes, I am"))
    rides = {"forbid.canned": (CANNED,)}
    made = promptfoo.export(
        "parrot",
        [judged, prefilled, PUSHED, DIALOGUE],
        "Be {{ Polly }}.",
        rides,
        {BRACES: rubric},
        ["file://parrot.js"],
    )
    for name, text in {**made.files, "parrot.js": PARROT, "judge.js": JUDGE}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    once, turns = (evaluated(tmp_path, name) for name in (promptfoo.ONCE, promptfoo.TURNS))
    # The rubric reaches its judge as it is written.
    told = json.loads(once["judged", "prompt"]["gradingResult"]["componentResults"][0]["reason"])
    assert rubric.standing in told[-1]["content"]
    system = json.loads(once["judged", "prompt"]["prompt"]["raw"])[0]
    assert system == {"role": "system", "content": "Be {{ Polly }}."}
    assert json.loads(once["prefilled", "base"]["prompt"]["raw"])[-1] == {"role": "assistant", "content": "Yes, I am"}
    # What was said before is what was said in this very conversation, under this very prompt.
    assert turns["pushed, turn 2 of 2", "base"]["response"]["output"] == "Polly, after 1: Polly, after 0: "
    last = turns["dialogue, turn 3 of 3", "prompt"]["response"]["output"]
    assert last == "Polly, after 2: Polly, after 0:  | Certainly! 2."
    kept = {
        (name, one["assertion"]["metric"]): one["pass"]
        for (name, arm), row in turns.items()
        for one in (row["gradingResult"] or {}).get("componentResults") or []
        if arm == "base" and name.startswith("dialogue")
    }
    assert kept == {
        ("dialogue, turn 1 of 3", "forbid.canned"): True,
        ("dialogue, turn 1 of 3", "persona.Polly"): True,
        ("dialogue, turn 2 of 3", "forbid.canned"): False,
        ("dialogue, turn 3 of 3", "forbid.canned"): False,
        ("dialogue, turn 3 of 3", "persona.Polly"): True,
    }


def evaluated(folder: Path, name: str) -> dict[tuple[str, str], Any]:
    """Let promptfoo run a configuration, and return its rows by description and prompt."""
    assert PROMPTFOO is not None
    env = {
        **os.environ,
        "PROMPTFOO_PYTHON": sys.executable,
        "PROMPTFOO_CONFIG_DIR": str(folder / "home"),
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    options = ["--no-cache", "--no-write", "--no-table", "--no-progress-bar", "-j", "4", "--grader", "file://judge.js"]
    subprocess.run(
        [PROMPTFOO, "eval", "-c", name, "-o", f"{name}.json", *options],
        cwd=folder,
        env=env,
        capture_output=True,
        timeout=120,
    )
    rows = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["results"]["results"]
    assert [row["error"] for row in rows if row.get("error") and not row.get("gradingResult")] == []
    return {(row["testCase"]["description"], row["prompt"]["label"]): row for row in rows}
