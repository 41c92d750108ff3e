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

from backends.files import write_rows, write_text
from backends.inspect.loading import Build, build_at, judge
from backends.inspect.scorer import measurement_of
from backends.inspect.task import written
from backends.measure import described
from backends.measure.arms import uses_adapter, uses_prompt
from backends.measure.asked import keep_asked
from backends.measure.besides import earlier
from backends.measure.calibration import calibrate
from backends.measure.kept import in_order, kept
from backends.train.adapters import adapter_digest
from compiler import rubrics
from compiler.digests import digest
from compiler.failures import DataError
from compiler.lowering.probes import FACTS
from compiler.records import ARMS, Arm, Measurement, MeasureReport
from compiler.tallies import decided_by

SAME = ("probes_sha256", "measures_sha256", "judge_sha256")
BESIDE = ("likelihood", "drift", "reward")
Rows = dict[Arm, dict[str, Measurement]]


def read(build: Path, run: Path, logs: Sequence[Path], root: Path = Path()) -> Path:
    """Write what `logs` measured of the arms of `run` there; what they did not ask keeps its answers. Return `run`.

    Raises:
        DataError: a log is no finished log of this build and run.
    """
    found = build_at(build, root)
    now = written(found, prompt=False)
    rows: Rows = {}
    made: dict[str, Any] = {}
    for path in logs:
        log = _opened(path, found, now)
        arm = _arm(log, path)
        for sample in _answered(log):
            made = _same(path, arm, sample, run, found.base.digest, now["prompt_sha256"])
            rows.setdefault(arm, {})[str(sample.id)] = _measurement(path, arm, sample)
    _refuse_none(rows)
    report = MeasureReport(
        base=found.base.name,
        base_sha256=found.base.digest,
        adapter_sha256=adapter_digest(run / "adapter"),
        judge_is_subject=found.judge.digest == found.base.digest,
        teaching_base=found.base.name == "nano",
        device=str(made["machine"].get("device", "cpu")),
        dtype=str(made["machine"].get("dtype", "float32")),
        machine=made["machine"],
        sampling=made["sampling"],
        versions=made["versions"],
        **_of_build(found, now, rows),
    )
    return _write(run, found, report, rows, root)


def read_other(build: Path, runs: Path, logs: Sequence[Path], root: Path = Path()) -> Path:
    """Write what `logs` measured of one model that is none of Tenet's, and return the folder, `runs/<spec>-<model>`.

    A log with the compiled prompt (`-T prompt=true`) is the arm `prompt`, one without it the arm `base`.

    Raises:
        DataError: a log is no finished log of this build, or they are of several models.
    """
    found = build_at(build, root)
    now = written(found, prompt=False)
    rows: Rows = {}
    asked: dict[str, set[str]] = {"model": set(), "sampling": set()}
    versions: dict[str, str] = {}
    for path in logs:
        log = _opened(path, found, now)
        if log.eval.model.startswith("tenet/"):
            raise DataError(
                f"{path} is of {log.eval.model}, an arm of a run", help=f"tenet measure RUN --from-inspect {path}"
            )
        prompted = bool((log.eval.metadata or {}).get("prompt"))
        if prompted and (log.eval.metadata or {}).get("prompt_sha256") != now["prompt_sha256"]:
            raise DataError(f"{path} is not of {build} as it is: prompt_sha256 differs", help="ask again with Inspect")
        asked["model"].add(log.eval.model)
        asked["sampling"].add(_sampling(log))
        versions |= log.eval.packages
        arm: Arm = "prompt" if prompted else "base"
        for sample in _answered(log):
            rows.setdefault(arm, {})[str(sample.id)] = _measurement(path, arm, sample)
    _refuse_none(rows)
    for what, values in asked.items():
        if len(values) > 1:
            raise DataError(f"the logs differ in {what}: {', '.join(sorted(values))}", help="read those of each apart")
    (model,), (sampling,) = asked["model"], asked["sampling"]
    report = MeasureReport(
        base=model,
        base_sha256=digest({"inspect": model}),
        elsewhere=True,
        judge_is_subject=found.judge.name == model,
        teaching_base=False,
        device="asked by Inspect",
        dtype="unknown",
        sampling=sampling,
        versions=versions,
        **_of_build(found, now, rows),
    )
    run = runs / f"{found.folder.name}-{re.sub(r'[^A-Za-z0-9.]+', '_', model)}"
    run.mkdir(parents=True, exist_ok=True)
    return _write(run, found, report, rows, root)


def _of_build(found: Build, now: dict[str, Any], rows: Rows) -> dict[str, Any]:
    """The fields of a report that the build and its judge fill."""
    return {
        "prompt_sha256": now["prompt_sha256"],
        "probes_sha256": now["probes_sha256"],
        "measures_sha256": now["measures_sha256"],
        "judge": found.judge.name,
        "judge_sha256": found.judge.digest,
        "rubrics": rubrics.digests(found.program, plain=rubrics.is_plain(found.judge.name)),
        "arms": tuple(arm for arm in ARMS if arm in rows),
        "answers": {},
    }


def _write(run: Path, found: Build, report: MeasureReport, rows: Rows, root: Path) -> Path:
    # Of an arm that answered before, as it is now, what a log has not asked stands.
    before = kept(run, report, ())
    stand = {(row.arm, row.probe_id): row for row in before.measurements}
    for row in (row for own in rows.values() for row in own.values()):
        known = stand.get((row.arm, row.probe_id))
        # What Inspect does not measure of an answer stands with the answer.
        beside = {name: getattr(known, name) for name in BESIDE} if known and known.answer == row.answer else {}
        stand[row.arm, row.probe_id] = row.model_copy(update=beside)
    measurements = in_order(list(stand.values()))
    asked = {row.probe_id for row in measurements}
    figures = {
        clause_id: {figure: tuple(probe.id for probe in counted if probe.id in asked) for figure, counted in by.items()}
        for clause_id in (*(clause.id for clause in found.program.clauses), FACTS)
        if (by := decided_by(clause_id, found.probes))
    }
    arms = tuple(arm for arm in ARMS if arm in (*before.arms, *report.arms))
    besides = earlier(run, report)
    report = report.model_copy(
        update={
            "arms": arms,
            "engaged": before.engaged,
            "answers": {arm: sum(m.arm == arm for m in measurements) for arm in arms},
            "calibrations": calibrate(found.program, judge(found.folder, root)),
            "decided_by": figures,
            "sets": besides.sets if besides else (),
            "inventories": besides.inventories if besides else (),
        }
    )
    (run / "measure.json").unlink(missing_ok=True)
    write_rows(run / "measurements.jsonl", measurements)
    keep_asked(found.folder, run)
    write_text(run / "measure.json", report.model_dump_json(indent=1) + "\n")
    return run


# ------------------------------------------------------------------ a log


def _opened(path: Path, build: Build, now: dict[str, Any]) -> EvalLog:
    """Return a log that ended well and asked probes of this very build once."""
    try:
        log = read_eval_log(str(path))
    except Exception as error:  # whatever a damaged log makes of Inspect's reader
        raise DataError(f"{path} is no log that Inspect can read: {error}") from error
    if log.status != "success":
        raise DataError(f"{path} is of a run that did not end well: {log.status}", help=f"inspect eval-retry {path}")
    about = log.eval.metadata or {}
    for name in SAME:
        if about.get(name) != now[name]:
            raise DataError(f"{path} is not of {build.folder} as it is: {name} differs", help="ask again with Inspect")
    known = {probe.id for probe in build.probes}
    seen: set[str] = set()
    for sample in log.samples or []:
        if str(sample.id) not in known:
            raise DataError(f"{path} has an answer to {sample.id}, which is no probe of {build.folder}")
        if str(sample.id) in seen:
            raise DataError(f"{path} asked {sample.id} more than once", help="ask again without --epochs")
        seen.add(str(sample.id))
    return log


def _answered(log: EvalLog) -> list[EvalSample]:
    return [sample for sample in log.samples or [] if sample.error is None]


def _refuse_none(rows: Rows) -> None:
    if not rows:
        raise DataError("the logs hold no answer", help="look into them with `inspect view`")


def _arm(log: EvalLog, path: Path) -> Arm:
    arm = next((arm for arm in ARMS if log.eval.model == f"tenet/{arm}"), None)
    if arm is None or (log.eval.metadata or {}).get("prompt"):
        arms = ", ".join(f"tenet/{arm}" for arm in ARMS)
        raise DataError(
            f"{path} is of {log.eval.model}, which is no arm of a run",
            help=f"arms: {arms}, without a prompt of the task's; another model: tenet measure BUILD --from-inspect LOG",
        )
    return arm


def _sampling(log: EvalLog) -> str:
    """How a model of Inspect's drew its answers, in words, as far as the log says."""
    config = log.plan.config.merge(log.eval.model_generate_config)
    return described(config.max_tokens, config.temperature)


def _same(path: Path, arm: Arm, sample: EvalSample, run: Path, base: str, prompt: str) -> dict[str, Any]:
    """Return what answered; it is this base, this run's adapter and this prompt."""
    made: dict[str, Any] = (sample.output.metadata or {}).get("tenet") or {}
    adapter = adapter_digest(run / "adapter") if uses_adapter(arm) else None
    expected = {"base_sha256": base, "adapter_sha256": adapter, "prompt_sha256": prompt if uses_prompt(arm) else None}
    for name, value in expected.items():
        if made.get(name, "") != value:
            raise DataError(f"{path} was answered by something else than {run}: {name} differs")
    return made


def _measurement(path: Path, arm: Arm, sample: EvalSample) -> Measurement:
    found = next((found for score in (sample.scores or {}).values() if (found := measurement_of(score))), None)
    if found is None or found.probe_id != str(sample.id):
        raise DataError(
            f"{path} has no score of tenet/kept for {sample.id}",
            help=f"inspect score {path} --scorer tenet/kept -S build=BUILD",
        )
    return found.model_copy(update={"arm": arm})
