"""Curves of a training: what events hold is drawn, whatever it is called; what has changed since is not."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from compiler import curves, events
from compiler.records.report import DiffReport
from compiler.report import html
from compiler.report.sections import curves as section


def told(steps: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"stage": "dpo", "step": n, "of": steps, "loss": 1 / n, "time": 1e9 + n, "steps_per_second": n, **more}
        for n in range(1, steps + 1)
    ]


def test_a_line_that_was_changed_or_cut_short_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / events.NAME
    lines = [events.line(event) for event in told(4)]
    path.write_text("".join(lines))
    assert (events.read(path), events.altered(path)) == ([json.loads(line) for line in lines], 0)
    path.write_text("".join(lines)[:-20])
    assert [event["step"] for event in events.read(path)] == [1, 2, 3]
    assert events.altered(path) == 0, "a kill cuts the last line short"
    path.write_text("".join(lines).replace('"loss": 0.5', '"loss": 0.1'))
    assert [event["step"] for event in events.read(path)] == [1, 3, 4]
    assert events.altered(path) == 1
    path.write_text(json.dumps({"stage": "dpo", "step": 1}) + "\n")
    assert events.read(path) == [{"stage": "dpo", "step": 1}], "of an earlier version"


def test_series_that_nobody_has_heard_of_are_curves_and_times_are_none() -> None:
    events_ = [
        *told(5, held_out={"facts": 0.9, "trait": {"calm": 0.5}}, loud=True, note="so", gone=None),
        {"stage": "dpo", "step": 5, "event": "watched", "length_drift": 1.5},
        {"stage": "dpo", "step": 6, "event": "watched", "length_drift": 1.7},
        {"stage": "dpo", "step": 6, "event": "failed", "message": "no room"},
    ]
    found = {curve.name: curve for curve in curves.curves(events_)}
    assert list(found) == ["loss", "held_out/facts", "held_out/trait/calm", "length_drift"]
    assert found["length_drift"].points == ((5, 1.5), (6, 1.7))
    assert found["loss"].of == 6
    assert section.title("length_drift/long") == "length drift, long"


def test_a_long_training_is_drawn_as_means_and_says_so() -> None:
    (curve,) = curves.curves(told(1001))
    assert len(curve.points) <= curves.MOST
    assert (curve.every, curve.first, curve.last) == (6, 1.0, 1 / 1001)
    assert curve.points[0] == (6, math.fsum(1 / n for n in range(1, 7)) / 6)
    assert curve.points[-1][0] == 1001
    assert "Each point is the mean of 6 steps." in str(section.draw(curve))


def test_a_curve_is_drawn_where_it_says(report: DiffReport) -> None:
    (curve,) = curves.curves([{"stage": "sft", "step": n, "of": 3, "loss": float(3 - n)} for n in (1, 2, 3)])
    drawn = str(section.draw(curve))
    assert 'points="0.0,0.0 420.0,500.0 840.0,1000.0"' in drawn
    assert "From 2 to 0 in 3 steps, between 0 and 2." in drawn
    page = html.render(report.model_copy(update={"curves": (curve,)}))
    assert '<section id="curves"' in page
    assert page.count("<polyline") == 1
    assert '<section id="curves"' not in html.render(report)


def test_a_flat_series_and_one_of_shares_have_scales() -> None:
    flat, share = curves.curves(
        [{"stage": "grpo", "step": n, "of": 2, "clauses": {"trait.calm": 0.5}, "kl": 0.0} for n in (1, 2)]
    )
    assert [(curve.name, curve.clause_id) for curve in (flat, share)] == [
        ("clauses/trait.calm", "trait.calm"),
        ("kl", None),
    ]
    assert section.scale(flat) == (0.0, 1.0)
    low, high = section.scale(share)
    assert low < 0.0 < high
    assert re.findall(r'points="([^"]*)"', str(section.draw(share))) == ["0.0,500.0 840.0,500.0"]


def test_stages_stand_in_the_order_in_which_they_were_trained() -> None:
    later = [{**event, "stage": "dpo"} for event in told(2, learning_rate=0.1)]
    first = [{**event, "stage": "sft", "learning_rate": 0.1} for event in told(2)]
    assert [(c.stage, c.name) for c in curves.curves([*first, *later])] == [
        ("sft", "loss"), ("sft", "learning_rate"), ("dpo", "loss"), ("dpo", "learning_rate"),
    ]  # fmt: skip
