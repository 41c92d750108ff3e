"""People's labels of a run's answers, and what a run's judge is known to get right: what of both still counts.

In: a program, a run's answers, its labels (those of the calibration half alone), and what measure.json says of its
judge. Out: for each clause and arm, people's mean label by prompt; calibrations of the judge on these, arm by arm; and
why earlier calibrations no longer count. A label whose question, answer or clause has changed fits nothing here and is
left out. Only the uniform stratum counts: labels that went first to where judges are in doubt say nothing about how
often they are right. This file must not know targets or verdicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from compiler import rubrics, tallies
from compiler.deciding import deciding_checks
from compiler.ir import Program
from compiler.labels import content, said
from compiler.likelihood import cross_fitted
from compiler.records.checks import JudgeCheck
from compiler.records.labels import Label
from compiler.records.measured import Calibration, MeasureReport
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.rendering import says
from compiler.tallies import Answers, Column, Key

PEOPLE = "people's labels of these answers"


@dataclass(frozen=True, slots=True)
class Labels:
    """by_prompt: clause and arm -> prompt -> the mean of people's labels, 1 for kept. unfit: clause -> labels whose
    answer or clause has changed since."""

    by_prompt: Mapping[tuple[str, Arm], Mapping[Key, float]] = field(default_factory=dict)
    unfit: Mapping[str, int] = field(default_factory=dict)


def of_run(program: Program, probes: Sequence[Probe], answers: Answers, labels: Iterable[Label]) -> Labels:
    """Return what people said of answers that stand as they were labelled."""
    labels = tuple(labels)
    if not labels:
        return Labels()
    by_id = {probe.id: probe for probe in probes}
    told = {clause.id: says(program, clause) for clause in program.clauses}
    found: dict[tuple[str, Arm], dict[Key, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    unfit: dict[str, int] = defaultdict(int)
    for label in labels:
        probe, answer = by_id.get(label.probe_id), answers.get((label.probe_id, label.arm))
        if label.kind == "pairwise" or label.stratum != "uniform":
            continue
        if probe is None or answer is None or label.clause_id not in told:
            unfit[label.clause_id] += 1
            continue
        now = content.key(
            label.kind, label.clause_id, told[label.clause_id], probe.context, probe.messages, [answer.answer]
        )
        kept = said.kept(label, probe)
        if content.key_of(label.id) != now:
            unfit[label.clause_id] += 1
        elif kept is not None:
            found[label.clause_id, label.arm][tallies.prompt_key(probe)][label.id] = float(kept)
    means = {of: {key: sum(v.values()) / len(v) for key, v in prompts.items()} for of, prompts in found.items()}
    return Labels(means, dict(unfit))


def on_labels(
    program: Program, probes: Sequence[Probe], answers: Answers, labels: Labels, measured: MeasureReport
) -> tuple[Calibration, ...]:
    """Return how often the judge, and where it was asked the likelihood ratio, agree with people, by clause and arm."""
    found = []
    judged = {c.id for c in program.clauses if any(isinstance(check, JudgeCheck) for check in deciding_checks(c))}
    for (clause_id, arm), prompts in labels.by_prompt.items():
        if clause_id not in judged:
            continue
        # Where people are divided, nobody is right or wrong.
        known = {key: mean > 0.5 for key, mean in prompts.items() if mean != 0.5}
        asked = {"judge_sha256": measured.judge_sha256, "rubric_sha256": measured.rubrics.get(clause_id)}
        judge = _verdicts(tallies.column(arm, clause_id, probes, answers))
        found.append(_counted("judge", clause_id, arm, known, judge, asked))
        own = [p for p in probes if p.clause_id == clause_id]
        ratios = {
            tallies.prompt_key(p): ratio
            for p in own
            if (m := answers.get((p.id, arm))) is not None and (ratio := m.likelihood) is not None
        }
        if keys := [key for key in known if key in ratios]:
            cut = cross_fitted([ratios[key] for key in keys], [known[key] for key in keys])
            found.append(_counted("likelihood", clause_id, arm, known, dict(zip(keys, cut, strict=True)), {}))
    return tuple(found)


def _verdicts(column: Column) -> dict[Key, bool | None]:
    return {key: None if cell.kept is None or cell.kept == 0.5 else cell.kept > 0.5 for key, cell in column.items()}


def _counted(
    what: str,
    clause_id: str,
    arm: Arm,
    known: Mapping[Key, bool],
    said: Mapping[Key, bool | None],
    asked: Mapping[str, str | None],
) -> Calibration:
    counts = dict.fromkeys(("kept", "kept_right", "broken", "broken_right", "unread"), 0)
    for key, keeps in known.items():
        if (now := said.get(key)) is None:
            counts["unread"] += 1
            continue
        side = "kept" if keeps else "broken"
        counts[side] += 1
        counts[f"{side}_right"] += now is keeps
    row = {"what": what, "clause_id": clause_id, "labels": PEOPLE, "arm": arm, **counts, **asked}
    return Calibration.model_validate(row)


def expired(program: Program, measured: MeasureReport, calibration: Calibration) -> str | None:
    """Return why a calibration says nothing about the judge as a build would ask it now; None where it still does.

    A calibration of an older file, which names neither judge nor rubric, counts.
    """
    if calibration.what != "judge":
        return None
    if calibration.judge_sha256 not in (None, measured.judge_sha256):
        return "it was made with another judge"
    now = rubrics.digests(program, plain=rubrics.is_plain(measured.judge)).get(calibration.clause_id)
    asked = measured.rubrics.get(calibration.clause_id)
    if calibration.rubric_sha256 is not None and calibration.rubric_sha256 != now:
        return "the judge would be asked in other words now"
    return "the judge was asked in other words" if asked not in (None, now) else None
