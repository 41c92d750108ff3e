"""Probe sets put to every arm: answers and decisions, kept beside the run's own.

In: sets that were read, the subject, the judge, the build's training rows. Out: `sets/<name>/probes.jsonl` and
`measurements.jsonl` in the run's folder, and a `SetReport`. A row that training has seen, or nearly, is left out and
named: no figure counts it. This file must not know how a file was read, nor what a rate is.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from backends.deciding import Case, decide
from backends.engines import Conversation
from backends.generate.disjoint import asked_in, trained_on
from backends.generate.split import HeldOut
from backends.judges import Judge
from backends.measure.answering import answer
from backends.measure.models import Models
from compiler.files import write_rows
from compiler.probe_sets.records import KEY, ProbeSetFile, SetProbe
from compiler.records.measured import Measurement, NearTraining, SetReport
from compiler.records.record import Arm
from compiler.records.rows import ChatRow, PreferencePair
from compiler.runs import read_rows

FOLDER = "sets"


def measure_set(
    found: ProbeSetFile,
    models: Models,
    arms: Sequence[Arm],
    folder: Path,
    tell: Callable[[int, int, str], None],
) -> SetReport:
    """Ask every row that training has not seen of every arm.

    Args:
        found: at least one of its rows can be asked.
        folder: of the run.
        tell: takes the number of answers that are done, of how many, and the arm.
    """
    near = near_training(found.probes, models.build)
    left_out = {row.id for row in near}
    rows = [row for row in found.probes if row.id not in left_out]
    probes = [row.probe(found.name) for row in rows]
    measurements: list[Measurement] = []
    for place, arm in enumerate(arms):

        def told(n: int, before: int = place * len(rows), arm: Arm = arm) -> None:
            tell(before + n, len(arms) * len(rows), arm)

        told(0)
        said = [found.answer for found in answer(models.subject, probes, arm, models.prompt, told)]
        measurements += _decided(rows, arm, said, models.judge)
    here = folder / FOLDER / found.name
    shutil.rmtree(here, ignore_errors=True)
    write_rows(here / "probes.jsonl", rows)
    write_rows(here / "measurements.jsonl", measurements)
    return SetReport(
        name=found.name,
        file=found.file,
        sha256=found.sha256,
        rows=len(found.probes) + len(found.bad),
        asked=len(rows),
        near_training=near,
        unreadable=len(found.bad),
        columns=found.columns,
        answers=dict.fromkeys(arms, len(rows)),
    )


def near_training(rows: Sequence[SetProbe], build: Path) -> tuple[NearTraining, ...]:
    """The rows of a set that a training row of `build` asks too, or nearly asks. A base's held-out words excuse none:
    the set is somebody else's, and was not drawn with them in mind."""
    seen = asked_in(_trained(build))
    near = ((row, trained_on(row.messages, seen, HeldOut())) for row in rows)
    return tuple(NearTraining(id=row.id, line=row.line, why=why) for row, why in near if why)


def _trained(build: Path) -> Iterator[Conversation]:
    """The conversations that a training of `build` sees, answers left out where a row has two."""
    if (build / "pairs.jsonl").is_file():
        yield from (row.prompt for row in read_rows(PreferencePair, build / "pairs.jsonl"))
    if (build / "sft.jsonl").is_file():
        yield from (row.messages for row in read_rows(ChatRow, build / "sft.jsonl"))


def _decided(rows: Sequence[SetProbe], arm: Arm, answers: Sequence[str | None], judge: Judge) -> list[Measurement]:
    """What each answer did. A row without a check, and one that the arm cannot read, has no outcome."""
    said = [text for row, text in zip(rows, answers, strict=True) if text is not None and row.checks]
    asked = [row for row, text in zip(rows, answers, strict=True) if text is not None and row.checks]
    cases = [Case(row.messages[-1].content, text, row.checks) for row, text in zip(asked, said, strict=True)]
    decisions = dict(zip((row.id for row in asked), decide(cases, judge), strict=True))
    out = []
    for row, text in zip(rows, answers, strict=True):
        decision = decisions.get(row.id)
        out.append(
            Measurement(
                probe_id=row.id,
                arm=arm,
                answer=text or "",
                held={KEY: decision.kept if decision else None},
                judge_yes=decision.judge_yes if decision else None,
            )
        )
    return out
