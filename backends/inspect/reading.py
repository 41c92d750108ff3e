"""Inspect logs -> measurements, so that `tenet diff` reads what Inspect has asked.

In: a build, a run, and logs of `tenet/clauses` on arms of that run. Out: measurements.jsonl and measure.json in the
run's folder. The answers, and whether each clause was kept, are those of the log; nothing is judged again but what
calibrates the judge. A log of another build, base or adapter is refused. This file must not know targets or verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample, read_eval_log

from backends.files import write_rows, write_text
from backends.inspect.loading import build_at, judge
from backends.inspect.task import written
from backends.measure.arms import uses_prompt
from backends.measure.calibration import calibrate
from backends.measure.kept import in_order, kept
from backends.train.adapters import adapter_digest
from compiler import ir_file
from compiler.failures import GivenError
from compiler.lowering.probes import FACTS
from compiler.records import ARMS, Arm, Measurement, MeasureReport
from compiler.tallies import decided_by

SAME = ("probes_sha256", "measures_sha256", "judge_sha256")


def read(build: Path, run: Path, logs: Sequence[Path], root: Path = Path()) -> Path:
    """Write what `logs` measured into `run`; arms that they did not ask keep their answers. Return `run`.

    Raises:
        GivenError: a log is no finished log of this build and run.
    """
    found = build_at(build, root)
    now = written(found, prompt=False)
    rows: dict[Arm, dict[str, Measurement]] = {}
    made: dict[str, Any] = {}
    for path in logs:
        log = _opened(path)
        about = log.eval.metadata or {}
        for name in SAME:
            if about.get(name) != now[name]:
                raise GivenError(f"{path} is not of {build} as it is: {name} differs", help="ask again with Inspect")
        arm = _arm(log, path)
        known = {probe.id for probe in found.probes}
        for sample in log.samples or []:
            if str(sample.id) not in known:
                raise GivenError(f"{path} has an answer to {sample.id}, which is no probe of {build}")
            if sample.error is None:
                made = _same(path, arm, sample, run, found.base.digest, now["prompt_sha256"])
                rows.setdefault(arm, {})[str(sample.id)] = _measurement(path, arm, sample)
    if not made:
        raise GivenError("the logs hold no answer", help="look into them with `inspect view`")
    measured = tuple(arm for arm in ARMS if arm in rows)
    report = MeasureReport(
        base=found.base.name,
        base_sha256=found.base.digest,
        adapter_sha256=adapter_digest(run / "adapter"),
        prompt_sha256=now["prompt_sha256"],
        probes_sha256=now["probes_sha256"],
        measures_sha256=now["measures_sha256"],
        judge=found.judge.name,
        judge_sha256=found.judge.digest,
        judge_is_subject=found.judge.digest == found.base.digest,
        teaching_base=found.base.name == "nano",
        arms=measured,
        answers={},
        device=str(made["machine"].get("device", "cpu")),
        dtype=str(made["machine"].get("dtype", "float32")),
        machine=made["machine"],
        sampling=made["sampling"],
        versions=made["versions"],
    )
    return _write(run, build, report, rows, root)


def _write(run: Path, build: Path, report: MeasureReport, rows: dict[Arm, dict[str, Measurement]], root: Path) -> Path:
    earlier = kept(run, report, report.arms)
    measurements = in_order([*earlier.measurements, *(row for own in rows.values() for row in own.values())])
    program, probes = ir_file.load(build), build_at(build, root).probes
    figures = {
        clause_id: {figure: tuple(probe.id for probe in counted) for figure, counted in by.items()}
        for clause_id in (*(clause.id for clause in program.clauses), FACTS)
        if (by := decided_by(clause_id, probes))
    }
    report = report.model_copy(
        update={
            "arms": tuple(arm for arm in ARMS if arm in (*earlier.arms, *report.arms)),
            "engaged": earlier.engaged,
            "answers": {arm: sum(m.arm == arm for m in measurements) for arm in (*earlier.arms, *report.arms)},
            "calibrations": calibrate(program, judge(build, root)),
            "decided_by": figures,
        }
    )
    (run / "measure.json").unlink(missing_ok=True)
    write_rows(run / "measurements.jsonl", measurements)
    write_text(run / "measure.json", report.model_dump_json(indent=1) + "\n")
    return run


def _opened(path: Path) -> EvalLog:
    try:
        log = read_eval_log(str(path))
    except Exception as error:  # whatever a damaged log makes of Inspect's reader
        raise GivenError(f"{path} is no log that Inspect can read: {error}") from error
    if log.status != "success":
        raise GivenError(f"{path} is of a run that did not end well: {log.status}", help=f"inspect eval-retry {path}")
    return log


def _arm(log: EvalLog, path: Path) -> Arm:
    arm = next((arm for arm in ARMS if log.eval.model == f"tenet/{arm}"), None)
    if arm is None or (log.eval.metadata or {}).get("prompt"):
        arms = ", ".join(f"tenet/{arm}" for arm in ARMS)
        raise GivenError(
            f"{path} is of {log.eval.model}, which is no arm of a run",
            help=f"arms: {arms}, without a prompt of the task's",
        )
    return arm


def _same(path: Path, arm: Arm, sample: EvalSample, run: Path, base: str, prompt: str) -> dict[str, Any]:
    """Return what answered; it is this base, this run's adapter and this prompt."""
    made: dict[str, Any] = (sample.output.metadata or {}).get("tenet") or {}
    adapter = adapter_digest(run / "adapter") if "adapter" in arm else None
    expected = {"base_sha256": base, "adapter_sha256": adapter, "prompt_sha256": prompt if uses_prompt(arm) else None}
    for name, value in expected.items():
        if made.get(name, "") != value:
            raise GivenError(f"{path} was answered by something else than {run}: {name} differs")
    return made


def _measurement(path: Path, arm: Arm, sample: EvalSample) -> Measurement:
    score = next((score for score in (sample.scores or {}).values() if "held" in (score.metadata or {})), None)
    if score is None or score.metadata is None:
        raise GivenError(
            f"{path} has no score of tenet/kept for {sample.id}", help=f"inspect score {path} --scorer tenet/kept"
        )
    return Measurement(
        probe_id=str(sample.id),
        arm=arm,
        answer=score.answer or "",
        held=score.metadata["held"],
        judge_yes=score.metadata["yes"],
    )
