"""The files of a measuring, written over those of an earlier one.

In: measurements, and the report on them as far as it is known. Out: in the run's folder measurements.jsonl and
measure.json, with the earlier answers of arms that were not measured again, where they still hold; and `asked/`. This
file must not know how answers come about.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backends.measure.asked import keep_asked
from backends.measure.kept import kept
from compiler.files import write_rows, write_text
from compiler.ir import Program
from compiler.lowering.probes import FACTS
from compiler.records.measured import Measurement, MeasureReport
from compiler.records.record import ALL_ARMS
from compiler.records.rows import Probe
from compiler.tallies import decided_by


def with_earlier(
    folder: Path, report: MeasureReport, measurements: Sequence[Measurement]
) -> tuple[MeasureReport, list[Measurement]]:
    """Return the report and the measurements with those of arms in `folder` that were measured before and still hold.

    Args:
        report: its arms are those that were measured now.
    """
    earlier = kept(folder, report, report.arms)
    # Arm by arm, as a measuring of all of them at once writes them.
    rows = [row for arm in ALL_ARMS for row in (*earlier.measurements, *measurements) if row.arm == arm]
    arms = tuple(arm for arm in ALL_ARMS if arm in (*earlier.arms, *report.arms))
    answers = {arm: sum(row.arm == arm for row in rows) for arm in arms}
    engaged = report.engaged or earlier.engaged
    return report.model_copy(update={"arms": arms, "engaged": engaged, "answers": answers}), rows


def write(
    folder: Path,
    build: Path,
    program: Program,
    probes: Sequence[Probe],
    report: MeasureReport,
    measurements: Sequence[Measurement],
) -> None:
    """Write both files, and what was asked beside them."""
    report = report.model_copy(update={"decided_by": _figures(program, probes, measurements)})
    # The report says what the answers beside it are of, so it goes first and comes last.
    (folder / "measure.json").unlink(missing_ok=True)
    write_rows(folder / "measurements.jsonl", measurements)
    keep_asked(build, folder)
    write_text(folder / "measure.json", report.model_dump_json(indent=1) + "\n")


def _figures(
    program: Program, probes: Sequence[Probe], measurements: Sequence[Measurement]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Which of the probes that were asked decide each figure of each clause, and of the facts."""
    if not measurements:
        return {}
    asked = {row.probe_id for row in measurements}
    return {
        clause_id: {figure: tuple(p.id for p in counted if p.id in asked) for figure, counted in found.items()}
        for clause_id in (*(clause.id for clause in program.clauses), FACTS)
        if (found := decided_by(clause_id, probes))
    }
