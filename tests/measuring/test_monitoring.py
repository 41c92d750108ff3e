"""Monitoring: alarms that come when they should and not when they should not, and a log that is read once."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from compiler.failures import DataError
from compiler.monitoring.log import HEAD, Position, answers_of, noticed, read_on
from compiler.monitoring.state import MonitorState, restored
from compiler.monitoring.watch import EPOCH, Watch

FORBID = Watch(clause_id="forbid.canned", comparison="<=", target=0.1, digest="d")
TRAIT = Watch(clause_id="trait.pirate", comparison=">=", target=0.9, digest="d")


def run(watch: Watch, share: float, answers: int, alpha: float, rng: random.Random) -> Watch:
    for _ in range(answers):
        watch = watch.after(rng.random() < share, alpha)
        if watch.alarm is not None:
            break
    return watch


# ------------------------------------------------------------------ alarms


@pytest.mark.parametrize("watch", [FORBID, TRAIT], ids=lambda watch: watch.comparison)
def test_false_alarms_are_no_more_than_stated(watch: Watch) -> None:
    """The worst case: exactly at the target, looked at after each of 1,500 answers."""
    rng = random.Random(3)
    false = sum(run(watch, 0.9, 1500, 0.1, rng).alarm is not None for _ in range(400))
    assert false / 400 <= 0.1, f"{false} of 400"
    assert false > 0, "an alarm that never comes is no alarm"


def test_a_clause_that_is_broken_is_found_soon() -> None:
    rng = random.Random(5)
    took = sorted(run(TRAIT, 0.6, 1000, 0.05, rng).answers for _ in range(50))
    assert took[25] < 40
    assert took[-1] < 200


def test_a_model_that_turns_bad_after_a_long_good_time_is_found_within_two_epochs() -> None:
    rng = random.Random(6)
    good = run(TRAIT, 0.99, 8000, 0.05, rng)
    assert good.alarm is None
    bad = run(good, 0.7, 2 * EPOCH, 0.05, rng)
    assert bad.alarm is not None
    assert bad.alarm.epoch is not None, "what was long ago does not speak for it"
    assert bad.share() is not None
    assert (bad.share() or 0) > 0.9


def test_an_alarm_stands_until_the_watch_is_begun_anew() -> None:
    rang = run(FORBID, 0.0, 20, 0.05, random.Random(0))
    assert rang.alarm is not None
    assert rang.after(True, 0.05) == rang
    again = rang.again()
    assert (again.alarm, again.answers, again.target) == (None, 0, 0.1)


def test_a_clauses_part_of_alpha_is_smaller_the_more_are_watched() -> None:
    many = MonitorState(source="s", alpha=0.05, watches={str(n): FORBID for n in range(10)})
    assert many.alpha_each == pytest.approx(0.005)


def test_a_share_has_bounds_on_the_side_that_its_target_speaks_of() -> None:
    watch = FORBID
    for kept in [True] * 60 + [False] * 2:
        watch = watch.after(kept, 0.05)
    bounds = watch.interval(0.05)
    assert watch.share() == pytest.approx(2 / 62)
    assert bounds.low < 2 / 62 < bounds.high < 0.2


# ------------------------------------------------------------------ state


def test_the_state_goes_on_and_what_was_edited_is_watched_anew(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    now = {"forbid.canned": FORBID, "trait.pirate": TRAIT}
    state, notes = restored(path, "log", 0.05, now)
    assert notes == []
    state = state.after({"forbid.canned": False, "trait.pirate": True})
    path.write_text(state.model_dump_json())
    back, notes = restored(path, "log", 0.05, now)
    assert back == state
    edited = {**now, "trait.pirate": TRAIT.model_copy(update={"digest": "e"})}
    back, notes = restored(path, "log", 0.05, edited)
    assert (back.watches["trait.pirate"].answers, back.watches["forbid.canned"].answers) == (0, 1)
    assert notes == ["trait.pirate has changed: it is watched anew"]
    back, notes = restored(path, "log", 0.05, {"forbid.canned": FORBID})
    assert back.watches["forbid.canned"].answers == 0, "what was promised was promised for two clauses"
    with pytest.raises(DataError, match="is of log"):
        restored(path, "other", 0.05, now)
    path.write_text(state.model_dump_json()[:-9])
    with pytest.raises(DataError, match="is no state"):
        restored(path, "log", 0.05, now)


# ------------------------------------------------------------------ the log


def line(said: str) -> str:
    return json.dumps({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": said}]}) + "\n"


def read(path: Path, position: Position) -> tuple[list[str], Position]:
    said = []
    for found in read_on(path, position):
        position = found.position
        said += found.answers or ()
    return said, position


def test_a_log_is_read_on_from_where_reading_stopped(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(line("a") + line("b") + line("half")[:-9])
    said, position = read(log, Position())
    assert said == ["a", "b"]
    assert read(log, position) == ([], position)
    log.write_text(line("a") + line("b") + line("half") + line("c"))
    assert read(log, position)[0] == ["half", "c"]


def test_a_reader_that_stops_in_the_middle_misses_and_repeats_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("".join(line(str(n)) for n in range(50)))
    position, said = Position(), []
    while True:
        found = next(iter(read_on(log, position)), None)  # killed after each line
        if found is None:
            break
        said += found.answers or ()
        position = Position.model_validate_json(found.position.model_dump_json())
    assert said == [str(n) for n in range(50)]


def test_rotated_and_truncated_logs_are_noticed(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(line("a") + line("b"))
    _, position = read(log, Position())
    with log.open("a") as stream:
        stream.write(line("c"))
    log.rename(tmp_path / "log.jsonl.1")
    log.write_text("".join(line(f"new {n}") for n in range(9)))
    assert "another file" in (noticed(log, position) or "")
    said, position = read(log, position)
    assert said == ["c", *(f"new {n}" for n in range(9))], "what was left of the old one comes first"
    log.write_text(line("new 0"))
    assert "shorter" in (noticed(log, position) or "")
    assert read(log, position)[0] == ["new 0"]


def test_a_log_that_grows_past_its_first_bytes_is_still_the_same(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(line("a"))
    _, position = read(log, Position())
    with log.open("a") as stream:
        stream.writelines(line("x" * 100) for _ in range(50))
    _, position = read(log, position)
    assert position.head_length == HEAD
    assert noticed(log, position) is None


def test_lines_that_are_no_conversations_are_counted(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b'{"messages": 3}\n[]\n\n\xff\xfe\n{"messages": []}\n' + b"[" * 5000 + b"\n" + line("a").encode())
    said, position = read(log, Position())
    assert said == ["a"]
    assert position.unread == 5


def test_parts_of_content_are_read_and_tool_calls_are_not() -> None:
    messages = [
        {"role": "assistant", "content": None, "tool_calls": []},
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "Ahoy"}, {"type": "image_url"}, {"type": "text", "text": "!"}],
        },
    ]
    assert answers_of(json.dumps({"messages": messages}).encode()) == ("Ahoy!",)


def test_a_log_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        noticed(tmp_path / "none.jsonl", Position())
