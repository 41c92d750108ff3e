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

from backends.inspect.loading import models_at
from backends.inspect.task import written
from backends.measure.calibration import calibrate
from backends.measure.models import Models
from backends.measure.results import with_earlier, write
from compiler.arms import uses_adapter, uses_prompt
from compiler.failures import GivenError
from compiler.records.measured import Measurement
from compiler.records.record import ARMS, Arm

SAME = ("probes_sha256", "measures_sha256", "judge_sha256")


def read(build: Path, run: Path, logs: Sequence[Path], root: Path = Path()) -> Path:
    """Write what `logs` measured into `run`; arms that they did not ask keep their answers. Return `run`.

    Raises:
        GivenError: a log is no finished log of this build and run.
    """
    found = models_at(build, root, run)
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
                made = _same(path, arm, sample, found)
                rows.setdefault(arm, {})[str(sample.id)] = _measurement(path, arm, sample)
    if not made:
        raise GivenError("the logs hold no answer", help="look into them with `inspect view`")
    report = found.report().model_copy(
        update={
            "arms": tuple(arm for arm in ARMS if arm in rows),
            "device": str(made["machine"].get("device", "cpu")),
            "dtype": str(made["machine"].get("dtype", "float32")),
            "machine": made["machine"],
            "sampling": made["sampling"],
            "versions": made["versions"],
            "calibrations": calibrate(found.program, found.judge),
        }
    )
    report, measurements = with_earlier(run, report, [row for own in rows.values() for row in own.values()])
    write(run, build, found.program, found.probes, report, measurements)
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


def _same(path: Path, arm: Arm, sample: EvalSample, models: Models) -> dict[str, Any]:
    """Return what answered; it is this base, this run's adapter and this prompt."""
    made: dict[str, Any] = (sample.output.metadata or {}).get("tenet") or {}
    expected = {
        "base_sha256": models.base.digest,
        "adapter_sha256": models.adapter[1] if models.adapter and uses_adapter(arm) else None,
        "prompt_sha256": models.hashes["prompt_sha256"] if uses_prompt(arm) else None,
    }
    for name, value in expected.items():
        if made.get(name, "") != value:
            raise GivenError(f"{path} was answered by something else than {models.build} and its run: {name} differs")
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
