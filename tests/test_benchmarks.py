"""Benchmarks that were killed and are called again: they tell nothing that is not so."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from backends import bases
from benchmarks import methods, writers


def test_a_teacher_whose_weights_were_not_written_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import peft
    import transformers

    kills = iter([True, False])

    class Merged:
        def merge_and_unload(self) -> Merged:
            return self

        def save_pretrained(self, folder: Path) -> None:
            if next(kills):
                raise KeyboardInterrupt
            (folder / "model.safetensors").write_bytes(b"merged")

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", lambda *_: None)
    monkeypatch.setattr(peft.PeftModel, "from_pretrained", lambda *_: Merged())
    (tmp_path / "runs" / f"{writers.TEACHER}-abc").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        writers._teacher(tmp_path)
    teacher = writers._teacher(tmp_path)
    assert (teacher / "model.safetensors").read_bytes() == b"merged"
    assert (teacher / "config.json").read_bytes() == (bases.resolve("nano").path / "config.json").read_bytes()
    assert [path.name for path in tmp_path.iterdir() if "teacher" in path.name] == ["teacher"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec whose training and whose vectors take no time, and are there as soon as they are asked for."""
    (tmp_path / "a.tenet").write_text("tenet 1\n")
    run, vectors = tmp_path / "runs" / "a-abc", tmp_path / "runs" / "a-vectors"
    place = SimpleNamespace(build=tmp_path / "a", runs=tmp_path / "runs")

    def train(*_: Any) -> Path:
        run.mkdir(parents=True, exist_ok=True)
        (run / "run.json").write_text(json.dumps({"steps": {"dpo": 7}}))
        return run

    def steer(*_: Any) -> Path:
        vectors.mkdir(parents=True, exist_ok=True)
        (vectors / methods.steering.RECORD).write_text("{}")
        return vectors

    monkeypatch.setattr(methods.emitting, "compile_to", lambda *_: SimpleNamespace(place=place))
    monkeypatch.setattr(methods.emitting, "write", lambda *_: None)
    monkeypatch.setattr(methods.identity, "run_folder", lambda *_: run)
    monkeypatch.setattr(methods.steering, "steering_folder", lambda *_: vectors)
    monkeypatch.setattr(methods.places, "finished_run", lambda _: run if (run / "run.json").is_file() else None)
    for name, work in {"train": train, "steer": steer, "generate": None, "measure": None}.items():
        monkeypatch.setattr(methods.stages, name, work or (lambda *_: None))
    monkeypatch.setattr(methods.stages, "diff", lambda *_: (None, None))
    return tmp_path


def costs(project: Path) -> tuple[str, str]:
    _, training, vectors = methods.measured(project / "a.tenet", project, "dpo", 8, steer=True)
    return training, vectors


def test_what_was_trained_by_a_call_that_was_killed_is_marked(project: Path) -> None:
    (project / "runs" / "a-abc" / "work").mkdir(parents=True)
    (project / "runs" / "a-vectors").mkdir()
    assert costs(project) == ("7, ≥ 0 s", "0, ≥ 0 s")
    assert costs(project) == ("7, ≥ 0 s", "0, ≥ 0 s"), "as it was written down"


def test_what_was_made_and_not_written_down_is_not_timed(project: Path) -> None:
    assert costs(project) == ("7, 0 s", "0, 0 s")
    (project / "costs.json").unlink()
    assert costs(project) == (methods.UNTIMED, methods.UNTIMED)


def test_what_a_training_took_is_written_down_before_vectors_are_made(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(methods.stages, "steer", killed)
        with pytest.raises(KeyboardInterrupt):
            costs(project)
    assert costs(project)[0] == "7, 0 s"
