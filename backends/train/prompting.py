"""Whether the compiled prompt is enough, so that nothing has to be trained: the first question of `method: auto`.

In: a build with its probes. Out: whether the base, told the prompt, meets every clause, and in words what was found.
The prompt arm is asked a few answers of each clause first, and more as long as none is missed: a spec that needs a
training is told so early. Intervals hold at every look (`compiler/stopping.py`). What it was asked stands in
`measured/` of the build, as `tenet measure --untrained` leaves it. This file must not know trainers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compiler import ir_file, verdicts
from compiler.progress import Progress
from compiler.records.clauses import Trial
from compiler.runs import read_measured

LOOKS = (24, 64, None)
"""Answers for each clause, at most, one look after the other; the last gives as many as it takes."""


@dataclass(frozen=True, slots=True)
class Found:
    """enough: whether every clause is met, pressed and on look-alikes too. said: what was found, in words."""

    enough: bool
    said: tuple[str, ...]


def look(
    build: Path,
    progress: Progress,
    *,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
    looks: Sequence[int | None] = LOOKS,
) -> Found:
    """Measure the prompt arm until its verdicts stand, or one clause is missed."""
    from backends import measure

    clauses = len(ir_file.load(build / "ir.json").clauses)
    for each in looks:
        folder = measure.run(
            build,
            None,
            arms=("prompt",),
            progress=progress,
            cache=cache,
            root=root,
            local_files_only=local_files_only,
            stopping="sequential",
            budget=None if each is None else each * clauses,
        )
        report = verdicts.diff(build, folder)
        if verdicts.exit_code(report) != 0:
            break
    answers = read_measured(folder).answers.get("prompt", 0)
    wanting = [
        f"{row.id}{f', {part.of},' if isinstance(part, Trial) else ''} is {part.verdict or 'not decided'} by the prompt"
        for row in report.clauses
        for part in row.decided
        if part.verdict != "met"
    ]
    if not wanting:
        return Found(True, (f"the prompt alone meets every clause, after {answers} answers: no adapter is needed",))
    return Found(False, (f"the prompt alone is not enough, after {answers} answers", *wanting))
