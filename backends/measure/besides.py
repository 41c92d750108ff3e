"""What is asked beside the spec's own probes: probe sets from files, and inventories.

In: what the user gave, and the models of a measuring. Out: their reports for measure.json; answers lie in the run's
folder. What an earlier measuring of the same run has asked besides is kept while all that it depends on is as it was.
This file must not know how a set or an inventory is put.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backends.cached import CachedEngine
from backends.measure.kept import EVERY_ARM
from backends.measure.sets import measure_set
from compiler.probe_sets.records import ProbeSetFile
from compiler.progress import Progress
from compiler.records import Arm, MeasureReport


@dataclass(frozen=True, slots=True)
class Besides:
    """What the user wants asked beside the spec's own probes."""

    sets: tuple[ProbeSetFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """The models and the place of a measuring. prompt: as compiled."""

    subject: CachedEngine
    judge: CachedEngine
    arms: Sequence[Arm]
    prompt: str
    build: Path
    folder: Path
    progress: Progress


def ask_besides(wanted: Besides | None, asking: Asking, report: MeasureReport) -> dict[str, Any]:
    """Ask what is wanted and return the fields of `report` that it fills, with what is kept of an earlier measuring."""

    def tell(done: int, total: int, note: str) -> None:
        asking.progress("probe sets", done, total, "answers", note)

    # An adapter that does nothing is asked nothing.
    wanted = wanted if wanted and asking.arms else Besides()
    models = (asking.subject, asking.judge, asking.arms, asking.prompt, asking.build, asking.folder)
    sets = {found.name: measure_set(found, *models, tell) for found in wanted.sets}
    if sets:
        total = sum(sum(one.answers.values()) for one in sets.values())
        tell(total, total, "done")
    before = earlier(asking.folder, report)
    kept = {one.name: one for one in before.sets if one.name not in sets} if before else {}
    return {"sets": (*kept.values(), *sets.values())}


def earlier(folder: Path, now: MeasureReport) -> MeasureReport | None:
    """The measuring before this one, where its answers are those that would be given now."""
    try:
        before = MeasureReport.model_validate_json((folder / "measure.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None
    # Sets have probes and checks of their own.
    names = {*EVERY_ARM, "prompt_sha256", "adapter_sha256"} - {"probes_sha256", "measures_sha256"}
    return before if all(getattr(before, name) == getattr(now, name) for name in names) else None
