"""What an earlier measuring of the same run still says: the answers of arms that are not measured again.

In: the folder of a measuring, and the report of a new one. Out: earlier measurements of the other arms, where all that
they depend on is as it was; those that no longer hold are left out. This file must not know how arms answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from compiler.arms import uses_adapter, uses_prompt, uses_steering
from compiler.records.measured import Engaged, Measurement, MeasureReport
from compiler.records.record import ALL_ARMS, Arm

EVERY_ARM = (
    *("base_sha256", "probes_sha256", "measures_sha256", "judge_sha256", "rubrics", "sampling", "seed"),
    "judge_repeats",
    *("machine", "versions", "device", "dtype", "stopping", "most"),
)
"""What every arm's measurements depend on."""


@dataclass(frozen=True, slots=True)
class Kept:
    """engaged: the earlier look at the adapter, where an arm with it is kept."""

    arms: tuple[Arm, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    engaged: Engaged | None = None


def kept(folder: Path, now: MeasureReport, measured: Sequence[Arm]) -> Kept:
    """Return what still holds of the measurements in `folder`.

    Args:
        now: how the new measuring was made.
        measured: the arms that it has measured.
    """
    try:
        before = MeasureReport.model_validate_json((folder / "measure.json").read_text(encoding="utf-8"))
        with (folder / "measurements.jsonl").open(encoding="utf-8") as lines:
            rows = [Measurement.model_validate_json(line) for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError, ValidationError):
        return Kept()
    arms = tuple(arm for arm in ALL_ARMS if arm in before.arms and arm not in measured and _holds(arm, before, now))
    # A kill may have come between the two files: an arm is kept whole or not at all.
    arms = tuple(arm for arm in arms if before.answers.get(arm) == sum(row.arm == arm for row in rows))
    adapted = any(uses_adapter(arm) for arm in arms)
    return Kept(arms, tuple(row for row in rows if row.arm in arms), before.engaged if adapted else None)


def _holds(arm: Arm, before: MeasureReport, now: MeasureReport) -> bool:
    names = [*EVERY_ARM]
    if uses_prompt(arm):
        names.append("prompt_sha256")
    if uses_adapter(arm):
        names.append("adapter_sha256")
    if uses_steering(arm):
        names.append("steering_sha256")
    # What a sequential measuring asks depends on all its arms, which answer together.
    return now.stopping == "fixed" and all(getattr(before, name) == getattr(now, name) for name in names)
