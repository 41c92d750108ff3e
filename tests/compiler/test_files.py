"""Holding a path against other processes, and giving a folder its name."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Any

import pytest

from compiler.failures import GivenError
from compiler.files import alone, put_in_place


def test_one_holds_a_path_and_it_is_free_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    for _ in range(2):
        with alone(path, "wait"), pytest.raises(GivenError, match="another process writes"), alone(path, "wait"):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_whose_file_was_removed_before_it_was_had_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder before removes its file between our opening and our locking it: a third would make another."""
    path, calls = tmp_path / "out.jsonl", 0
    flock = fcntl.flock

    def late(handle: Any, how: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            path.with_name("out.jsonl.lock").unlink()
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with alone(path, "wait"):
        assert calls == 2
        with pytest.raises(GivenError), alone(path, "wait"):
            pass


def test_a_folder_with_folders_in_it_is_put_in_place(tmp_path: Path) -> None:
    for name in ("staged", "final"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "file").write_text(name)
    put_in_place(tmp_path / "staged", tmp_path / "final")
    assert (tmp_path / "final" / "inner" / "file").read_text() == "staged"
    assert [path.name for path in tmp_path.iterdir()] == ["final"]
