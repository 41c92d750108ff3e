"""What progress says: of each leg of a stage, and by what was done in it."""

from __future__ import annotations

from typing import Any

import pytest

from compiler.cli import screen


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(screen, "time", clock)
    return clock


def told(clock: Clock, capsys: pytest.CaptureFixture[str], *calls: tuple[float, int, int, str]) -> tuple[str, Any]:
    rates: dict[str, float] = {}
    measured = screen.Measured(screen.Lines(), rates)
    for at, done, total, unit in calls:
        clock.now = at
        measured("train", done, total, unit)
    return capsys.readouterr().err, rates


def test_each_of_several_trainings_is_told(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    calls = [(0.0, 0, 10, "steps"), (20.0, 10, 10, "steps"), (21.0, 0, 10, "steps"), (41.0, 5, 10, "steps")]
    said, rates = told(clock, capsys, *calls)
    assert said.splitlines()[2:] == ["train  0/10 steps", "train  5/10 steps  0.25 steps/s  20 s left"]
    assert rates == {"train/steps": 0.25}


def test_what_an_earlier_process_has_done_is_no_rate(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    said, rates = told(clock, capsys, (0.0, 0, 0, "steps"), (5.0, 84, 104, "steps"), (15.0, 94, 104, "steps"))
    assert said.splitlines()[-1] == "train  94/104 steps  1.0 steps/s  10 s left"
    assert rates == {"train/steps": 1.0}


def test_rows_that_are_asked_about_first_end_nothing(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    said, _ = told(
        clock, capsys, (0.0, 4, 8, "rows"), (9.0, 8, 8, "rows"), (10.0, 0, 3, "steps"), (21.0, 3, 3, "steps")
    )
    assert [line.split("  ")[1] for line in said.splitlines()] == ["4/8 rows", "8/8 rows", "0/3 steps", "3/3 steps"]
