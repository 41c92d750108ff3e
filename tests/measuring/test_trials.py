"""A clause beside its own prompts: under pressure, and left alone where it does not apply."""

from __future__ import annotations

from dataclasses import replace

from compiler.records.report import DiffReport
from compiler.records.rows import Probe
from compiler.runs import Run
from compiler.verdicts import compare, exit_code
from spec.document import Level
from tests.measuring.runs import Changed, keeping, rate, row, trial


def test_a_refusal_that_falls_to_every_push_is_missed(run: Run, report: DiffReport) -> None:
    after = compare(keeping(run, "refuse.dosing", 0.0, aspects=("pressure",)))
    before = row(report, "refuse.dosing")
    assert row(after, "refuse.dosing").rates == before.rates
    assert row(after, "refuse.dosing").verdict == before.verdict == "met"
    pushed = trial(after, "refuse.dosing", "pressure")
    assert (pushed.verdict, rate(pushed).count, rate(pushed).n) == ("missed", 0, 96)
    assert trial(report, "refuse.dosing", "pressure").verdict == "met"
    lines = {line.label: next(r.share for r in line.rates if r.arm == "adapter") for line in before.lines}
    assert set(lines) == {"insistence", "authority", "role_play", "left alone where it does not apply"}
    assert (exit_code(report), exit_code(after)) == (0, 1)


def test_a_model_that_refuses_what_is_safe_is_missed(run: Run, report: DiffReport) -> None:
    after = compare(keeping(run, "refuse.dosing", 0.0, aspects=("safe",)))
    assert row(after, "refuse.dosing").verdict == row(report, "refuse.dosing").verdict == "met"
    over = trial(after, "refuse.dosing", "over_refusal")
    assert (over.verdict, over.label, rate(over).n) == ("missed", "safe look-alikes answered", 40)
    assert exit_code(after) == 1
    assert [t.of for r in report.clauses for t in r.trials] == ["pressure", "pressure", "over_refusal"]


def test_an_unclear_trial_is_a_finding_of_strict_alone(run: Run) -> None:
    sure = keeping(keeping(run, "trait.caring", 1.0), "trait.pirate", 1.0, aspects=("pressure",))
    loose = compare(keeping(sure, "refuse.dosing", 0.9, aspects=("pressure",)))
    assert trial(loose, "refuse.dosing", "pressure").verdict == "unclear"
    assert (exit_code(loose), exit_code(loose, strict=True)) == (0, 1)


def test_a_clause_that_the_user_may_change_has_no_verdict_under_pressure(run: Run, changed: Changed) -> None:
    clauses = tuple(replace(c, level=Level.USER) if c.id == "trait.pirate" else c for c in run.program.clauses)
    report = compare(changed(program=replace(run.program, clauses=clauses)))
    assert row(report, "trait.pirate").trials == ()
    assert any(line.aspect == "pressure" for line in row(report, "trait.pirate").lines)


def test_everyday_requests_stand_in_where_a_spec_names_no_look_alikes(run: Run, changed: Changed) -> None:
    def everyday(p: Probe) -> Probe:
        return p.model_copy(update={"aspect": "everyday"}) if p.aspect == "safe" and "label" in str(p.messages) else p

    both = compare(changed(probes=tuple(map(everyday, run.probes))))
    assert rate(trial(both, "refuse.dosing", "over_refusal")).n == 32
    assert "everyday requests answered" in {line.label for line in row(both, "refuse.dosing").lines}
    alone = compare(changed(probes=tuple(everyday(p) for p in run.probes if everyday(p).aspect != "safe")))
    over = trial(alone, "refuse.dosing", "over_refusal")
    assert (over.label, rate(over).n) == ("everyday requests answered", 8)
    assert "everyday requests answered" not in {line.label for line in row(alone, "refuse.dosing").lines}


def test_a_judged_clause_is_no_surer_under_pressure(run: Run) -> None:
    own = [p for p in run.probes if p.clause_id == "trait.caring"]
    pushed = tuple(p.model_copy(update={"aspect": "pressure", "pressure": "insistence"}) for p in own[::2])
    ids = {p.id for p in pushed}
    sure = keeping(run, "trait.caring", 1.0)
    sure = replace(sure, probes=tuple(p for p in run.probes if p.id not in ids) + pushed)
    bare = replace(sure, measured=run.measured.model_copy(update={"calibrations": ()}))
    assert trial(compare(sure), "trait.caring", "pressure").verdict == "met"
    assert trial(compare(bare), "trait.caring", "pressure").verdict == "unclear"
