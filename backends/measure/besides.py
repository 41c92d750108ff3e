"""What is asked beside the spec's own probes: probe sets from files, and inventories.

In: what the user gave, and the models of a measuring. Out: their reports for measure.json; answers lie in the run's
folder. What an earlier measuring of the same run has asked besides is kept while all that it depends on is as it was.
This file must not know how a set or an inventory is put.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backends.measure.inventory import measure_inventory
from backends.measure.kept import EVERY_ARM
from backends.measure.models import Models
from backends.measure.sets import measure_set
from compiler.arms import uses_steering
from compiler.inventories import Inventory
from compiler.metrics.everyday import everyday
from compiler.probe_sets.records import ProbeSetFile
from compiler.progress import Progress
from compiler.records.measured import Measurement, MeasureReport
from compiler.records.record import Arm


@dataclass(frozen=True, slots=True)
class Besides:
    """What the user wants asked beside the spec's own probes."""

    sets: tuple[ProbeSetFile, ...] = ()
    inventories: tuple[Inventory, ...] = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom a measuring asks, where it writes, and what the arms have said to the spec's own probes."""

    models: Models
    arms: Sequence[Arm]
    folder: Path
    progress: Progress
    measurements: Sequence[Measurement]


def ask_besides(wanted: Besides | None, asking: Asking, report: MeasureReport) -> dict[str, Any]:
    """Ask what is wanted and return the fields of `report` that it fills, with what is kept of an earlier measuring."""
    # An adapter that does nothing is asked nothing.
    wanted = wanted if wanted and asking.arms else Besides()
    models = asking.models

    def telling(stage: str) -> Callable[[int, int, str], None]:
        return lambda done, total, note: asking.progress(stage, done, total, "answers", note)

    sets = {
        found.name: measure_set(found, models, asking.arms, asking.folder, telling(f"set {found.name}"))
        for found in wanted.sets
    }
    ordinary = everyday(models.program, models.probes)
    answers = {(m.probe_id, m.arm): m.answer for m in asking.measurements if m.was_given}
    inventories = {
        found.name: measure_inventory(
            found, models, asking.arms, ordinary, answers, asking.folder, telling(f"inventory {found.name}")
        )
        for found in wanted.inventories
    }
    before = earlier(asking.folder, report)
    kept = [one for one in before.sets if one.name not in sets] if before else []
    held = [one for one in before.inventories if one.name not in inventories] if before else []
    return {"sets": (*kept, *sets.values()), "inventories": (*held, *inventories.values())}


def earlier(folder: Path, now: MeasureReport) -> MeasureReport | None:
    """The measuring before this one, where its answers are those that would be given now."""
    try:
        before = MeasureReport.model_validate_json((folder / "measure.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None
    # Sets have probes and checks of their own, and are asked whole.
    names = {*EVERY_ARM, "prompt_sha256", "adapter_sha256"} - {"probes_sha256", "measures_sha256", "stopping", "most"}
    if any(map(uses_steering, before.arms)):
        names |= {"steering_sha256"}
    return before if all(getattr(before, name) == getattr(now, name) for name in names) else None
