"""What lies on disk belongs together, or is refused: rows to a lock, measurements to a build, a build to its spec."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backends import machine
from backends.measure.answering import SAMPLING
from backends.train.adapters import adapter_digest
from backends.train.identity import content_digest, run_folder
from compiler.agreement import prompt_digest, read_lock
from compiler.cli import emitting, places, stages
from compiler.cli import execute as run
from compiler.cli.places import Place
from compiler.digests import rows_digest
from compiler.records.measured import MeasureReport
from compiler.records.recipe import Recipe
from compiler.records.record import ARMS
from compiler.records.rows import PreferencePair, Probe
from tests.compiler.conftest import SPECS
from tests.compiler.test_trace import row_of

PIRATE = SPECS / "pirate.tenet"
Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TENET_DEVICE", "cpu")


def write_rows(build: Path) -> None:
    """One row for each unit, in place of an engine."""
    recipe = Recipe.model_validate_json((build / "recipe.json").read_text(encoding="utf-8"))
    rows = [row_of(unit) for unit in recipe.units]
    for name, kind in (("pairs.jsonl", PreferencePair), ("probes.jsonl", Probe)):
        text = "".join(row.model_dump_json() + "\n" for row in rows if isinstance(row, kind))
        (build / name).write_text(text, encoding="utf-8")


def built(path: Path = Path("pirate.tenet")) -> Place:
    place = places.place_of(path, Path("build"), Path("runs"), None)
    compilation = emitting.compile_to(path, place)
    emitting.write(compilation)
    write_rows(place.build)
    stages.finish(compilation)
    return place


def trained(place: Place) -> Path:
    folder = run_folder(place.build, place.runs)
    (folder / "adapter").mkdir(parents=True, exist_ok=True)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (folder / "adapter" / name).write_text("{}", encoding="utf-8")
    record = {"content_digest": content_digest(place.build), "machine": machine.expected().influencing("train")}
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def measured(place: Place, folder: Path, **changes: Any) -> MeasureReport:
    lock = read_lock(place.build)
    usual: dict[str, Any] = {
        "base": "nano", "base_sha256": lock["base"]["digest"],
        "adapter_sha256": adapter_digest(folder / "adapter") if (folder / "adapter").is_dir() else None,
        "prompt_sha256": prompt_digest(place.build), "probes_sha256": rows_digest(place.build / "probes.jsonl"),
        "measures_sha256": lock["measures"], "judge": "nano", "judge_sha256": lock["base"]["digest"],
        "judge_is_subject": True, "teaching_base": True, "arms": ARMS, "answers": {}, "device": "cpu",
        "dtype": "float32", "machine": machine.expected().influencing("measure"), "sampling": SAMPLING,
    }  # fmt: skip
    report = MeasureReport(**{**usual, **changes})
    (folder / "measure.json").write_text(report.model_dump_json(), encoding="utf-8")
    (folder / "measurements.jsonl").write_text("", encoding="utf-8")
    return report


@pytest.fixture
def whole() -> tuple[Place, Path]:
    """A spec that was built, trained and measured, here."""
    Path("pirate.tenet").write_text(PIRATE.read_text(encoding="utf-8"), encoding="utf-8")
    place = built()
    folder = trained(place)
    measured(place, folder)
    return place, folder


def edit(path: Path | str, old: str, new: str) -> None:
    text = Path(path).read_text(encoding="utf-8")
    assert old in text
    Path(path).write_text(text.replace(old, new), encoding="utf-8")


def planned(capsys: Said) -> dict[str, list[str]]:
    """Stage -> its reasons, as `tenet plan` gives them."""
    capsys.readouterr()
    assert run(["plan", "--json", "pirate.tenet"]) == 0
    return {step["stage"]: step["why"] for step in json.loads(capsys.readouterr().out)["steps"]}


def diffed(capsys: Said, target: str = "pirate.tenet") -> tuple[int, str]:
    """The exit code, and what stands on stderr on one line."""
    capsys.readouterr()
    code = run(["diff", target])
    return code, " ".join(capsys.readouterr().err.split())


# ------------------------------------------------------------------ measurements and build


def test_what_belongs_together_is_planned_and_compared_as_done(whole: Any, capsys: Said) -> None:
    assert planned(capsys) == {}
    assert diffed(capsys)[0] in (0, 1)
    edit("pirate.tenet", "tenet 1\n", "tenet 1\n# A comment.\n")
    assert planned(capsys) == {}
    assert diffed(capsys)[0] in (0, 1), "a comment is no change"


@pytest.mark.parametrize("folder", ["build/pirate/measured", "runs/pirate-gpt_5_mini"])
def test_what_was_never_trained_is_compared_without_a_training(whole: Any, capsys: Said, folder: str) -> None:
    """A base alone, in its build; or a model elsewhere, whose weights and sampling are no part of the build."""
    place, _ = whole
    Path(folder).mkdir(parents=True)
    elsewhere = folder.startswith("runs")
    other = {"base": "openai/gpt-5-mini", "base_sha256": "7" * 64, "sampling": "temperature 1", "elsewhere": True}
    bare = {"arms": ("base", "prompt"), "adapter_sha256": None, **(other if elsewhere else {})}
    measured(place, Path(folder), **bare)
    code, said = diffed(capsys, folder)
    assert (code, said) in ((0, ""), (1, ""))
    measured(place, Path(folder), **bare, probes_sha256="0" * 64)
    assert diffed(capsys, folder)[0] == 3
    if elsewhere:
        measured(place, Path(folder), **{**bare, "elsewhere": False})
        assert "the base, the way answers are drawn changed since" in diffed(capsys, folder)[1]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"probes_sha256": "0" * 64}, "probes.jsonl"),
        ({"prompt_sha256": "0" * 64}, "prompt.md"),
        ({"adapter_sha256": "0" * 64}, "the adapter"),
        ({"measures_sha256": "0" * 64}, "the checks"),
        ({"base_sha256": "0" * 64}, "the base"),
        ({"judge_sha256": "0" * 64}, "the judge"),
        ({"sampling": "greedy, at most 8 new tokens"}, "the way answers are drawn"),
    ],
)
def test_measurements_of_another_build_are_not_compared(
    whole: tuple[Place, Path], changed: dict[str, Any], named: str, capsys: Said
) -> None:
    measured(*whole, **changed)
    assert list(planned(capsys)) == ["measure"]
    assert any(named in why for why in planned(capsys)["measure"])
    for target in ("pirate.tenet", "build/pirate", str(whole[1])):
        code, said = diffed(capsys, target)
        assert code == 3
        assert f"{named}" in said
        assert f"tenet measure {target}" in said
    assert not (whole[1] / "diff.json").exists()


def test_a_machine_that_is_not_what_was_expected_is_measured_on_once(whole: tuple[Place, Path], capsys: Said) -> None:
    """A plan does not look at the device, so it goes by what was expected then and is expected now."""
    other = {**machine.expected().influencing("measure"), "device": "cuda", "dtype": "float32"}
    measured(*whole, machine=other, expected=machine.expected().influencing("measure"))
    assert planned(capsys) == {}
    measured(*whole, expected=other)
    assert planned(capsys)["measure"] == ["device is cpu now, was cuda"]


def test_an_arm_that_was_not_measured_is_planned(whole: tuple[Place, Path], capsys: Said) -> None:
    measured(*whole, arms=("base", "prompt"), adapter_sha256=None)
    assert planned(capsys)["measure"] == ["not measured yet: adapter, adapter+prompt"]


def test_a_spec_that_says_something_else_is_not_compared(whole: Any, capsys: Said) -> None:
    edit("pirate.tenet", '"As an AI model"', '"As a model"')
    code, said = diffed(capsys)
    assert code == 3
    assert "pirate.tenet has changed since build/pirate was built: forbid.canned: phrases changed" in said
    assert "tenet run pirate.tenet" in said
    assert diffed(capsys, "build/pirate")[0] in (0, 1), "the build as it stands can still be looked at"


# ------------------------------------------------------------------ what computes


@pytest.mark.parametrize(
    ("package", "stages_run"),
    [
        ("torch", ["generate", "train", "measure"]),
        ("transformers", ["generate", "train", "measure"]),
        ("trl", ["train", "measure"]),
        ("peft", ["train", "measure"]),
        ("pydantic", []),
    ],
)
def test_another_version_is_a_reason_to_run_what_it_influences(
    whole: Any, package: str, stages_run: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    now = tuple((name, "99.0" if name == package else version) for name, version in machine.versions())
    monkeypatch.setattr(machine, "versions", lambda: now)
    why = planned(capsys)
    assert list(why) == stages_run
    for stage in stages_run[:2]:
        assert any(reason.startswith(f"{package} is 99.0 now, was ") for reason in why[stage]) or stage == "measure"


def test_another_device_and_number_of_threads_are_reasons(
    whole: Any, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("TENET_THREADS", "7")
    why = planned(capsys)
    assert list(why) == ["generate", "train", "measure"]
    assert any(reason.startswith("threads is 7 now, was ") for reason in why["generate"])
    monkeypatch.delenv("TENET_THREADS")
    monkeypatch.setenv("TENET_DEVICE", "cuda")
    why = planned(capsys)
    assert {"device is cuda now, was cpu", "dtype is bfloat16 now, was float32"} <= set(why["generate"])
    # What was trained and measured elsewhere is compared all the same.
    assert diffed(capsys)[0] in (0, 1)


@pytest.mark.parametrize(
    ("role", "stages_run"), [("teacher", "generate train measure"), ("judge", "generate train measure")]
)
def test_another_teacher_or_judge_is_a_reason(
    role: str, stages_run: str, whole: Any, shapes: Callable[[str], Path], capsys: Said
) -> None:
    edit("pirate.tenet", "tenet 1\n", f'tenet 1\nmodel {{ base: "nano" {role}: "{shapes("one")}" }}\n')
    place = built()
    measured(
        place,
        trained(place),
        judge_sha256=(read_lock(place.build)["judge"] or read_lock(place.build)["base"])["digest"],
    )
    assert planned(capsys) == {}
    (shapes("one") / "config.json").write_text('{"changed": 1}', encoding="utf-8")
    why = planned(capsys)
    assert " ".join(why) == stages_run
    assert f"the {role} is another one" in why["generate"]


@pytest.fixture
def shapes(tmp_path: Path) -> Callable[[str], Path]:
    """Folders that look like models, to be hashed and never loaded."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        if not folder.is_dir():
            folder.mkdir()
            (folder / "config.json").write_text("{}", encoding="utf-8")
            (folder / "model.safetensors").write_text("weights", encoding="utf-8")
        return folder

    return make


# ------------------------------------------------------------------ rows and lock


@pytest.mark.parametrize(
    "name", ["pairs.jsonl", "probes.jsonl", "prompt.md", "filters.json", "recipe.json", "jobs/dpo.yaml"]
)
def test_a_file_that_was_edited_is_neither_trained_on_nor_measured(name: str, whole: Any, capsys: Said) -> None:
    path = Path("build/pirate") / name
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    for command in ("train", "measure"):
        capsys.readouterr()
        assert run([command, "build/pirate"]) == 3
        said = " ".join(capsys.readouterr().err.split())
        assert f"{path} does not fit build/pirate/lock.json" in said
        assert "tenet build SPEC" in said
    path.unlink()
    assert run(["train", "build/pirate"]) == 3
    assert f"{path} is not there" in " ".join(capsys.readouterr().err.split())
    path.write_bytes(before)
    assert run(["train", "build/pirate"]) == 0


def test_rows_that_no_build_has_written_are_refused(whole: Any, capsys: Said) -> None:
    Path("build/pirate/sft.jsonl").write_text("{}\n", encoding="utf-8")
    assert run(["train", "build/pirate"]) == 3
    assert "sft.jsonl does not fit" in " ".join(capsys.readouterr().err.split())


# ------------------------------------------------------------------ one folder, one spec


def test_two_specs_of_one_name_do_not_share_a_build(whole: Any, tmp_path: Path, capsys: Said) -> None:
    Path("other").mkdir()
    other = Path("other/pirate.tenet")
    other.write_text('tenet 1\ntrait sad { means: "Be sad." }\n', encoding="utf-8")
    before = Path("build/pirate/lock.json").read_bytes()
    for command in ("build", "plan", "train", "measure", "diff", "run"):
        assert run([command, str(other)]) == 3, command
        said = " ".join(capsys.readouterr().err.split())
        assert "build/pirate is the build of pirate.tenet, which has the same name as other/pirate.tenet" in said
        assert "--out other/build" in said
    assert Path("build/pirate/lock.json").read_bytes() == before
    assert run(["build", "--no-rows", str(other), "--out", "other/build"]) == 0
    # A spec that was moved takes its build along.
    Path("pirate.tenet").replace(other)
    assert run(["plan", str(other)]) == 0


def test_a_spec_is_itself_from_any_folder_and_in_any_place(whole: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Path("build/pirate/lock.json").read_bytes()
    Path("inside").mkdir()
    monkeypatch.chdir("inside")
    assert run(["build", "--no-rows", "../pirate.tenet", "--out", "../build"]) == 0
    assert run(["build", "--no-rows", "../pirate.tenet", "--out", "../far/away/build"]) == 0
    near, far = (json.loads(Path(f"../{out}/pirate/lock.json").read_text()) for out in ("build", "far/away/build"))
    assert near == far
    assert near["spec"] == json.loads(before)["spec"] == "pirate.tenet"
