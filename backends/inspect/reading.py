"""Inspect logs -> measurements, so that `tenet diff` reads what Inspect has asked.

In: a build, a run, and logs of `tenet/clauses`, on arms of that run or on a model that is none of Tenet's. Out:
measurements.jsonl and measure.json in a run's folder. The answers, and whether each clause was kept, are those of the
log; nothing is judged again but what calibrates the judge. A log of another build, base or adapter is refused. This
file must not know targets or verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample, read_eval_log

from backends.inspect.loading import models_at
from backends.inspect.scorer import measurement_of
from backends.inspect.task import written
from backends.measure import results
from backends.measure.answering import described
from backends.measure.besides import earlier
from backends.measure.calibration import calibrate
from backends.measure.kept import kept
from backends.measure.models import Models
from compiler.arms import uses_adapter, uses_prompt
from compiler.digests import digest
from compiler.failures import GivenError
from compiler.records.measured import Measurement, MeasureReport
from compiler.records.record import ALL_ARMS, Arm

SAME = ("probes_sha256", "measures_sha256", "judge_sha256")
BESIDE = ("likelihood", "drift", "reward")
Rows = dict[Arm, dict[str, Measurement]]


def read(build: Path, run: Path, logs: Sequence[Path], root: Path = Path()) -> Path:
    """Write what `logs` measured of the arms of `run` there; what they did not ask keeps its answers. Return `run`.

    Raises:
        GivenError: a log is no finished log of this build and run.
    """
    found = models_at(build, root, run)
    now = written(found, prompt=False)
    rows: Rows = {}
    made: dict[str, Any] = {}
    for path in logs:
        log = _opened(path, found, now)
        arm = _arm(log, path)
        for sample in _answered(log):
            made = _same(path, arm, sample, found)
            rows.setdefault(arm, {})[str(sample.id)] = _measurement(path, arm, sample)
    _refuse_none(rows)
    report = found.report().model_copy(
        update={
            "arms": _arms(rows),
            "device": str(made["machine"].get("device", "cpu")),
            "dtype": str(made["machine"].get("dtype", "float32")),
            "machine": made["machine"],
            "sampling": made["sampling"],
            "versions": made["versions"],
        }
    )
    return _write(run, found, report, rows)


def read_other(build: Path, runs: Path, logs: Sequence[Path], root: Path = Path()) -> Path:
    """Write what `logs` measured of one model that is none of Tenet's, and return the folder, `runs/<spec>-<model>`.

    A log with the compiled prompt (`-T prompt=true`) is the arm `prompt`, one without it the arm `base`.

    Raises:
        GivenError: a log is no finished log of this build, or they are of several models.
    """
    found = models_at(build, root)
    now = written(found, prompt=False)
    rows: Rows = {}
    asked: dict[str, set[str]] = {"model": set(), "sampling": set()}
    versions: dict[str, str] = {}
    for path in logs:
        log = _opened(path, found, now)
        if log.eval.model.startswith("tenet/"):
            raise GivenError(
                f"{path} is of {log.eval.model}, an arm of a run", help=f"tenet measure RUN --from-inspect {path}"
            )
        prompted = bool((log.eval.metadata or {}).get("prompt"))
        if prompted and (log.eval.metadata or {}).get("prompt_sha256") != now["prompt_sha256"]:
            raise GivenError(f"{path} is not of {build} as it is: prompt_sha256 differs", help="ask again with Inspect")
        asked["model"].add(log.eval.model)
        asked["sampling"].add(_sampling(log))
        versions |= log.eval.packages
        arm: Arm = "prompt" if prompted else "base"
        for sample in _answered(log):
            rows.setdefault(arm, {})[str(sample.id)] = _measurement(path, arm, sample)
    _refuse_none(rows)
    for what, values in asked.items():
        if len(values) > 1:
            raise GivenError(f"the logs differ in {what}: {', '.join(sorted(values))}", help="read those of each apart")
    (model,), (sampling,) = asked["model"], asked["sampling"]
    report = found.report().model_copy(
        update={
            "base": model,
            "base_sha256": digest({"inspect": model}),
            "elsewhere": True,
            "judge_is_subject": found.judge_base.name == model,
            "teaching_base": False,
            "arms": _arms(rows),
            "device": "asked by Inspect",
            "dtype": "unknown",
            "machine": {},
            "expected": {},
            "sampling": sampling,
            "versions": versions,
        }
    )
    run = runs / f"{found.build.name}-{re.sub(r'[^A-Za-z0-9.]+', '_', model)}"
    run.mkdir(parents=True, exist_ok=True)
    return _write(run, found, report, rows)


def _arms(rows: Rows) -> tuple[Arm, ...]:
    return tuple(arm for arm in ALL_ARMS if arm in rows)


def _write(run: Path, found: Models, report: MeasureReport, rows: Rows) -> Path:
    # Of an arm that answered before, as it is now, what a log has not asked stands.
    before = kept(run, report, ())
    stand = {(row.arm, row.probe_id): row for row in before.measurements}
    for row in (row for own in rows.values() for row in own.values()):
        known = stand.get((row.arm, row.probe_id))
        # What Inspect does not measure of an answer stands with the answer.
        beside = {name: getattr(known, name) for name in BESIDE} if known and known.answer == row.answer else {}
        stand[row.arm, row.probe_id] = row.model_copy(update=beside)
    measurements = [row for arm in ALL_ARMS for row in stand.values() if row.arm == arm]
    besides = earlier(run, report)
    report = report.model_copy(
        update={
            "arms": tuple(arm for arm in ALL_ARMS if arm in (*before.arms, *report.arms)),
            "engaged": before.engaged,
            "answers": {arm: sum(row.arm == arm for row in measurements) for arm in (*before.arms, *report.arms)},
            "calibrations": calibrate(found.program, found.judge),
            "sets": besides.sets if besides else (),
            "inventories": besides.inventories if besides else (),
        }
    )
    results.write(run, found.build, found.program, found.probes, report, measurements)
    return run


# ------------------------------------------------------------------ a log


def _opened(path: Path, models: Models, now: dict[str, Any]) -> EvalLog:
    """Return a log that ended well and asked probes of this very build once."""
    try:
        log = read_eval_log(str(path))
    except Exception as error:  # whatever a damaged log makes of Inspect's reader
        raise GivenError(f"{path} is no log that Inspect can read: {error}") from error
    if log.status != "success":
        raise GivenError(f"{path} is of a run that did not end well: {log.status}", help=f"inspect eval-retry {path}")
    about = log.eval.metadata or {}
    for name in SAME:
        if about.get(name) != now[name]:
            raise GivenError(f"{path} is not of {models.build} as it is: {name} differs", help="ask again with Inspect")
    known = {probe.id for probe in models.probes}
    seen: set[str] = set()
    for sample in log.samples or []:
        if str(sample.id) not in known:
            raise GivenError(f"{path} has an answer to {sample.id}, which is no probe of {models.build}")
        if str(sample.id) in seen:
            raise GivenError(f"{path} asked {sample.id} more than once", help="ask again without --epochs")
        seen.add(str(sample.id))
    return log


def _answered(log: EvalLog) -> list[EvalSample]:
    return [sample for sample in log.samples or [] if sample.error is None]


def _refuse_none(rows: Rows) -> None:
    if not rows:
        raise GivenError("the logs hold no answer", help="look into them with `inspect view`")


def _arm(log: EvalLog, path: Path) -> Arm:
    arm = next((arm for arm in ALL_ARMS if log.eval.model == f"tenet/{arm}"), None)
    if arm is None or (log.eval.metadata or {}).get("prompt"):
        arms = ", ".join(f"tenet/{arm}" for arm in ALL_ARMS)
        raise GivenError(
            f"{path} is of {log.eval.model}, which is no arm of a run",
            help=f"arms: {arms}, without a prompt of the task's; another model: tenet measure BUILD --from-inspect LOG",
        )
    return arm


def _sampling(log: EvalLog) -> str:
    """How a model of Inspect's drew its answers, in words, as far as the log says."""
    config = log.plan.config.merge(log.eval.model_generate_config)
    return described(config.max_tokens, config.temperature)


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
    found = next((found for score in (sample.scores or {}).values() if (found := measurement_of(score))), None)
    if found is None or found.probe_id != str(sample.id):
        raise GivenError(
            f"{path} has no score of tenet/kept for {sample.id}",
            help=f"inspect score {path} --scorer tenet/kept -S build=BUILD",
        )
    return found.model_copy(update={"arm": arm})
