"""What promptfoo is given: every probe that it can ask, decided by Tenet's own checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.checks import evaluate
from compiler.cli import execute
from compiler.exports import promptfoo
from compiler.records.checks import JudgeCheck
from compiler.records.record import Message
from compiler.runs import Run


def exported(run: Run, *extra: Any) -> tuple[dict[str, Any], dict[str, str], int]:
    rides = {"forbid.canned": next(p.checks for p in run.probes if p.clause_id == "trait.pirate")}
    files, left_out = promptfoo.export("parrot", [*run.probes, *extra], run.prompt, rides, ["echo"])
    return yaml.safe_load(files["promptfooconfig.yaml"]), files, left_out


def test_every_probe_is_a_test_or_is_counted(run: Run) -> None:
    waits = (*run.probes[0].messages, Message(role="assistant", content=""), *run.probes[0].messages)
    config, _, left_out = exported(run, run.probes[0].model_copy(update={"messages": waits}))
    assert left_out == 1
    assert [test["description"] for test in config["tests"]] == [probe.id for probe in run.probes]


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
