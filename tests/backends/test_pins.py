"""Which commit of a model a build takes, and that nothing is fetched where it may not be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends import bases, chat, doctor, engines, generate, measure, train
from backends.recipes import base_of, find_base, judge_of, read_recipe
from compiler.cli import emitting, places
from compiler.cli import execute as run
from compiler.failures import NetworkError
from compiler.records.recipe import Recipe
from compiler.records.rows import Probe
from tests.backends import checkpoints, recipes
from tests.backends.hub import Hub

OLD, NEW, JUDGE = "a" * 40, "b" * 40, "c" * 40
SPEC = """tenet 1
model { base: "org/model" judge: "org/judge" }
trait pirate { means: "Talk like a pirate." example { user: "Hi" good: "Arr" bad: "Hello" } }
"""


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub that may be asked, in place of the real one, with two models that are not on this machine."""
    hub = Hub(tmp_path / "hub")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub.snapshot_download)
    for name, commit, seed in (("org/model", OLD, 0), ("org/judge", JUDGE, 1)):
        hub.publish(name, checkpoints.make(tmp_path / "made" / commit, seed=seed), commit)
    return hub


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("pirate.tenet")
    path.write_text(SPEC)
    return path


def lock() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("build/pirate/lock.json").read_text())
    return found


def test_the_lock_pins_base_and_judge_and_a_rebuild_takes_them_again(
    published: Hub, spec: Path, tmp_path: Path
) -> None:
    assert run(["build", "--no-rows", str(spec)]) == 0
    first = lock()
    assert first["base"]["revision"] == OLD
    assert (first["judge"]["name"], first["judge"]["revision"]) == ("org/judge", JUDGE)
    assert first["judge"]["digest"] == bases.resolve("org/judge").digest
    assert first["teacher"] is None

    # `main` moves on; the build does not, until its lock is taken away or the spec names another revision.
    published.publish("org/model", checkpoints.make(tmp_path / "made" / NEW, seed=2), NEW)
    assert run(["build", "--no-rows", str(spec)]) == 0
    assert lock() == first
    spec.write_text(SPEC.replace('"org/model"', f'"org/model" revision: "{NEW}"'))
    assert run(["build", "--no-rows", str(spec)]) == 0
    assert lock()["base"]["revision"] == NEW
    spec.write_text(SPEC)
    Path("build/pirate/lock.json").unlink()
    assert run(["build", "--no-rows", str(spec)]) == 0
    assert lock()["base"]["revision"] == NEW


def test_every_later_stage_takes_the_commits_of_the_build(published: Hub, spec: Path, tmp_path: Path) -> None:
    assert run(["build", "--no-rows", str(spec)]) == 0
    for name, seed in (("org/model", 2), ("org/judge", 3)):
        published.publish(name, checkpoints.make(tmp_path / "made" / name, seed=seed), NEW)
    recipe = read_recipe(Path("build/pirate"))
    published.asked.clear()
    base = find_base(Path("build/pirate"), recipe, Path())
    judge = judge_of(recipe, base, Path())
    assert (base.revision, judge.revision) == (OLD, JUDGE)
    assert published.asked == [("org/model", OLD), ("org/judge", JUDGE)]
    # A base that was put into the build before at another commit is not taken for it.
    bases.place(bases.resolve("org/model", NEW), Path("build/pirate/base"))
    assert base_of(Path("build/pirate"), recipe).revision == OLD
    bases.place(base, Path("build/pirate/base"))
    assert base_of(Path("build/pirate"), recipe).path == Path("build/pirate/base")


def test_a_judge_that_is_named_like_the_base_is_the_base(published: Hub, tmp_path: Path) -> None:
    published.publish("org/model", checkpoints.make(tmp_path / "made" / NEW, seed=2), NEW)
    recipe = Recipe(base="org/model", revision=OLD, judge="org/model", units=())
    base = find_base(tmp_path, recipe, tmp_path)
    assert judge_of(recipe, base, tmp_path) is base


def stage_calls(build: Path, runs: Path, local: bool) -> dict[str, Any]:
    options = {"local_files_only": local}
    return {
        "generate": lambda: generate.run(build, **options),
        "train": lambda: train.run(build, runs, **options),
        "measure": lambda: measure.run(build, None, **options),
        "chat": lambda: chat.run(build, None, ("base",), **options),
    }


@pytest.mark.parametrize("stage", ["generate", "train", "measure", "chat"])
def test_no_stage_asks_the_hub_when_it_may_not(stage: str, published: Hub, tmp_path: Path) -> None:
    made = recipes.recipe("org/model", 2).model_copy(update={"judge": "org/judge"})
    build = recipes.write(tmp_path / "build" / "pirate", made)
    (build / "prompt.md").write_text("Talk like a pirate.\n")
    probe = Probe(id="p", clause_id="trait.pirate", messages=recipes.user("Hi"), unit="u", checks=(), spans=())
    (build / "probes.jsonl").write_text(probe.model_dump_json() + "\n")
    with pytest.raises(NetworkError, match="org/model is not in the Hugging Face cache"):
        stage_calls(build, tmp_path / "runs", True)[stage]()
    published.fetched.add(OLD)
    if stage in ("generate", "measure"):
        with pytest.raises(NetworkError, match="org/judge is not in the Hugging Face cache"):
            stage_calls(build, tmp_path / "runs", True)[stage]()
    assert published.asked == []


@pytest.mark.parametrize("command", ["build", "train", "measure", "run", "chat"])
def test_the_switch_of_the_command_line_reaches_every_stage(
    command: str, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from compiler.facts import BaseFacts

    seen: dict[str, bool] = {}

    def noting(stage: str, result: Any = None) -> Any:
        def called(*_: Any, **named: Any) -> Any:
            seen[stage] = named["local_files_only"]
            return result

        return called

    facts = BaseFacts("org/model", "0" * 64, OLD)
    monkeypatch.setattr(emitting, "base_facts", noting("facts of the base", facts))
    monkeypatch.setattr(emitting, "role_facts", noting("facts of the judge", facts))
    monkeypatch.setattr(places, "run_of", lambda place: place.runs / "pirate-0")
    monkeypatch.setattr(places, "finished_run", lambda place: place.runs / "pirate-0")
    monkeypatch.setattr("compiler.cli.stages.steering_of", lambda *_: None)
    monkeypatch.setattr("compiler.cli.counts.show_counts", lambda *_: None)
    report = generate.GenerateReport.model_construct()  # nothing in it is looked at
    monkeypatch.setattr(generate, "run", noting("generate", report))
    monkeypatch.setattr(train, "run", noting("train", Path("runs/pirate-0")))
    monkeypatch.setattr(measure, "run", noting("measure", Path("runs/pirate-0")))
    monkeypatch.setattr(chat, "run", noting("chat"))
    run([command, "--local-files-only", str(spec)])
    facts_of = {"facts of the base", "facts of the judge"}
    asked = {
        "build": {*facts_of, "generate"},
        "train": {*facts_of, "generate", "train"},
        "measure": {*facts_of, "generate", "measure"},
        "run": {*facts_of, "generate", "train", "measure"},
        "chat": {"chat"},
    }
    assert seen == dict.fromkeys(asked[command], True)


def test_a_plan_fetches_nothing(published: Hub, spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", str(spec)]) == 0
    assert published.asked == []
    assert "org/model is not in the Hugging Face cache" in capsys.readouterr().err


def test_the_doctor_fetches_nothing_and_says_how_to_get_it(
    published: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Recipe(base="org/model", revision=OLD, judge="org/judge", judge_revision=JUDGE, units=())
    build = recipes.write(tmp_path / "build" / "pirate", made)
    found = {finding.name: finding for finding in doctor.report(build)}
    for name, commit in (("base org/model", OLD), ("judge org/judge", JUDGE)):
        assert found[name].status == "missing"
        assert "not on this machine" in found[name].text
        assert found[name].help == f"on a machine with a network: hf download {name.split()[1]} --revision {commit}"
    assert published.asked == []
    published.fetched |= {OLD, JUDGE}
    monkeypatch.setattr(engines, "load", lambda base: Deaf())
    found = {finding.name: finding for finding in doctor.report(build)}
    assert found["base org/model"].text.startswith("loads;")
    assert found["judge org/judge"].text.startswith("loads;")
    assert published.asked == []


class Deaf:
    """An engine that says neither yes nor no."""

    def yes(self, requests: Any) -> list[None]:
        return [None] * len(requests)
