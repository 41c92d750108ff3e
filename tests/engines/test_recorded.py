"""Recorded answers: what a model said once stands in its place, and what it was not asked is said to be missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backends import bases, engines
from backends.bases import Base
from backends.cached import CachedEngine
from backends.engines import Engine, Sampling
from backends.engines.recorded import RecordedEngine, Recording
from compiler.failures import BudgetError, DataError
from compiler.spending import Budget, Ledger, spending
from tests.backends import checkpoints
from tests.engines.serving import serving
from tests.engines.test_server import ask, echo

DRAWN = Sampling(temperature=1.0, max_new_tokens=6, seed=3)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return bases.resolve(str(checkpoints.make(tmp_path_factory.mktemp("recorded") / "llama")))


def everything(engine: Engine) -> list[Any]:
    return [
        engine.answers([ask("Why?"), ask("Where?"), ask("Why?")], Sampling(max_new_tokens=6)),
        engine.answers([ask("Why?"), ask("Why?")], DRAWN),
        engine.yes(["Grade this.", "Grade that."]),
        engine.log_likelihoods([(ask("Why?"), "the sea"), (ask("a"), "")]),
        engine.choices([ask("Why?")], ["yes", "no"]),  # type: ignore[attr-defined]  # both engines of this test have it
        engine.count("What is the capital?"),
    ]


def test_a_replay_says_what_was_recorded_without_the_model(base: Base, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    own = engines.load(base)
    recording = RecordedEngine(base, Recording(path), lambda: own)
    first = everything(recording)
    assert first == everything(own)
    assert everything(RecordedEngine(base, Recording(path))) == first
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == 2 + 2 + 2 + 2 + 1 + 1, "a greedy answer is one row, however often it is asked"
    assert {row["request"]["ask"] for row in rows} == {"answers", "yes", "log_likelihoods", "choices", "count"}
    everything(RecordedEngine(base, Recording(path), lambda: own))
    assert len(path.read_text().splitlines()) == len(rows), "what is there is not recorded twice"


def test_what_is_not_recorded_is_named_with_the_way_to_record_it(base: Base, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    own = engines.load(base)
    RecordedEngine(base, Recording(path), lambda: own).answers([ask("Why?")], Sampling(max_new_tokens=6))
    replay = RecordedEngine(base, Recording(path))
    other = Base(base.name, base.path, "0" * 64)
    for engine, asked, how in (
        (replay, "Where is it?", Sampling(max_new_tokens=6)),
        (replay, "Why?", Sampling(max_new_tokens=7)),
        (replay, "Why?", DRAWN),
        (RecordedEngine(other, Recording(path)), "Why?", Sampling(max_new_tokens=6)),
    ):
        with pytest.raises(DataError, match=asked.replace("?", r"\?")) as caught:
            engine.answers([ask(asked)], how)
        assert f"TENET_RECORD={path}" in (caught.value.help or "")
        assert "max_new_tokens" in str(caught.value)


def test_the_environment_puts_a_recording_in_the_place_of_every_model(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "answers.jsonl"
    with serving(echo) as server:
        monkeypatch.setenv("TENET_RECORD", str(path))
        for one in (base, bases.resolve_role(server.name())):
            engine = CachedEngine(one, tmp_path / "cache")
            assert engine.name == "recorded"
            assert engine.answers([ask("Why?")], Sampling(max_new_tokens=6))
    monkeypatch.delenv("TENET_RECORD")
    monkeypatch.setenv("TENET_REPLAY", str(path))
    gone = bases.resolve_role("openai:small@http://127.0.0.1:1/v1")
    replayed = CachedEngine(gone, tmp_path / "cache")
    assert replayed.answers([ask("Why?")], Sampling(max_new_tokens=6)) == ["said Why?"], "another address, same model"
    with pytest.raises(DataError, match="'Who"):
        replayed.answers([ask("Who?")], Sampling())
    monkeypatch.setenv("TENET_REPLAY", str(tmp_path / "none.jsonl"))
    with pytest.raises(DataError, match="not there"):
        engines.load(base)


def test_answers_that_were_paid_for_outlive_a_failed_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENET_RECORD", str(tmp_path / "answers.jsonl"))
    batch = [ask(letter) for letter in "abcdef"]
    with serving(echo, usage=lambda *_: {"prompt_tokens": 40, "completion_tokens": 1}) as server:
        base = bases.resolve_role(server.name())
        with spending(Ledger(Budget(100, "tokens"))), pytest.raises(BudgetError):
            CachedEngine(base, tmp_path / "cache").answers(batch, Sampling(max_new_tokens=8))
        assert 0 < len(server.requests) < 6
        CachedEngine(base, tmp_path / "cache").answers(batch, Sampling(max_new_tokens=8))
        assert len(server.requests) == 6


def test_a_line_that_a_kill_has_cut_is_recorded_anew(base: Base, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    own = engines.load(base)
    RecordedEngine(base, Recording(path), lambda: own).answers([ask("a"), ask("b")], Sampling(max_new_tokens=6))
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert len(Recording(path).answers) == 1
    RecordedEngine(base, Recording(path), lambda: own).answers([ask("a"), ask("b")], Sampling(max_new_tokens=6))
    assert path.read_bytes() == whole
    path.write_bytes(b"{}\n" + whole)
    with pytest.raises(DataError, match=r"answers\.jsonl:1 is no recorded answer"):
        Recording(path)


def test_one_process_records_into_a_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    Recording(path).add("1", "m", {}, "a")
    kept = Recording(path)
    kept.add("2", "m", {}, "b")
    code = f"from backends.engines.recorded import *\nRecording(Path({str(path)!r})).add('3', 'm', {{}}, 'c')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another process records" in found.stderr
    assert len(path.read_text().splitlines()) == 2
