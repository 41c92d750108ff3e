"""From measurements to verdicts: every rule, and that a changed measurement changes what is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from compiler import ir_file, side_effects, verdicts
from compiler.failures import DataError
from compiler.records import ARMS, Arm, Calibration, Engaged, Measurement, Message, PhrasesCheck, Probe
from compiler.report.record import ClauseRow, DiffReport, Rate
from compiler.verdicts import Run, compare, exit_code

Changed = Callable[..., Run]


def row(report: DiffReport, clause_id: str) -> ClauseRow:
    return next(row for row in report.clauses if row.id == clause_id)


def rate(found: ClauseRow, arm: Arm = "adapter") -> Rate:
    return next(rate for rate in found.rates if rate.arm == arm)


def rewritten(run: Run, change: Callable[[Measurement], Measurement]) -> Run:
    return replace(run, measurements=tuple(change(m) for m in run.measurements))


def keeping(run: Run, clause_id: str, share: float, arm: Arm = "adapter", missing: int = 0) -> Run:
    """Set what `arm` did about a clause's main prompts: a share kept, some undecided."""
    own = [p.id for p in run.probes if p.clause_id == clause_id and p.aspect in ("kept", "outside", "author")]
    # Spread evenly, so that no template is kept or broken as a whole.
    kept = {probe: int((i + 1) * share) > int(i * share) for i, probe in enumerate(own)}
    undecided = set(own[:missing])

    def change(m: Measurement) -> Measurement:
        if m.arm != arm or m.probe_id not in kept:
            return m
        held = None if m.probe_id in undecided else kept[m.probe_id]
        return m.model_copy(update={"held": m.held | {clause_id: held}})

    return rewritten(run, change)


@pytest.mark.parametrize(("share", "verdict"), [(1.0, "met"), (0.85, "unclear"), (0.5, "missed")])
def test_a_changed_measurement_changes_the_verdict(run: Run, share: float, verdict: str) -> None:
    report = compare(keeping(run, "trait.pirate", share))
    assert row(report, "trait.pirate").verdict == verdict
    assert (exit_code(report) == 1) == (verdict == "missed")
    assert exit_code(report, strict=True) == 1  # another clause of this run is unclear anyway


def test_the_verdict_is_the_adapters_and_not_another_arms(run: Run) -> None:
    report = compare(keeping(run, "trait.pirate", 0.0, arm="prompt"))
    assert row(report, "trait.pirate").verdict == "met"
    assert rate(row(report, "trait.pirate"), "prompt").verdict == "missed"


def test_a_forbid_is_counted_in_answers_that_break_it_on_every_probe_it_rides_on(run: Run, report: DiffReport) -> None:
    found = row(report, "forbid.canned")
    base = rate(found, "base")
    broken = sum(m.held["forbid.canned"] is False for m in run.measurements if m.arm == "base")
    assert found.comparison == "<="
    assert base.share > 0.3
    assert base.n < len(run.probes) == rate(found).n + (len(run.probes) - base.n)  # repeated prompts are one
    assert sum(leak.count for leak in found.leaks if leak.arm == "base") == broken
    assert {leak.layer for leak in found.leaks} == {"exact"}
    assert found.difference is not None
    assert found.difference.high < 0


def test_one_leak_more_is_seen_with_its_layer(run: Run, report: DiffReport) -> None:
    first = run.probes[0].id

    def leak(m: Measurement) -> Measurement:
        if (m.probe_id, m.arm) != (first, "adapter"):
            return m
        return m.model_copy(update={"answer": "Cert\u200bainly! Oslo.", "held": m.held | {"forbid.canned": False}})

    before, after = row(report, "forbid.canned"), row(compare(rewritten(run, leak)), "forbid.canned")
    assert rate(after).count == rate(before).count + 1
    assert [(leak.layer, leak.count) for leak in after.leaks if leak.arm == "adapter"] == [("invisible", 1)]


def test_hard_clauses_get_exact_bounds_and_others_wilsons(run: Run, report: DiffReport) -> None:
    assert [row.id for row in report.clauses if row.hard] == ["refuse.dosing", "forbid.canned"]
    soft, hard = rate(row(report, "stance.an_ai")), rate(row(report, "forbid.canned"))
    assert soft.low == pytest.approx(1 / (1 + 1.959964**2 / soft.n), abs=1e-6)  # Wilson's lower end at n of n
    assert hard.high == pytest.approx(1 - 0.05 ** (1 / hard.n), abs=1e-9)  # the exact upper bound at none of n


# ------------------------------------------------------------------ missing data


def test_a_missing_judgement_is_in_no_count(run: Run) -> None:
    found = rate(row(compare(keeping(run, "trait.caring", 1.0, missing=5)), "trait.caring"))
    assert (found.missing, found.n, found.share) == (5, 55, 1.0)


def test_missing_judgements_that_could_turn_a_verdict_leave_it_unclear(run: Run) -> None:
    few = row(compare(keeping(run, "trait.caring", 1.0, missing=2)), "trait.caring")
    many = row(compare(keeping(run, "trait.caring", 1.0, missing=20)), "trait.caring")
    assert few.verdict == "met"
    assert rate(many).low > many.target  # the interval alone would say met
    assert many.verdict == "unclear"
    assert many.reason is not None
    assert "20 undecided" in many.reason


def test_nothing_decided_is_no_verdict(run: Run) -> None:
    found = row(compare(keeping(run, "trait.caring", 1.0, missing=60)), "trait.caring")
    assert rate(found).n == 0
    assert (found.verdict, found.more, found.p) == ("unclear", None, None)
    assert found.difference is None


# ------------------------------------------------------------------ judges


def test_a_judge_no_better_than_a_coin_settles_nothing(run: Run, changed: Changed) -> None:
    coin = Calibration(
        what="judge", clause_id="trait.caring", labels="made up", kept=40, kept_right=38, broken=40, broken_right=1
    )
    sure = keeping(run, "trait.caring", 1.0)
    assert row(compare(sure), "trait.caring").verdict == "met"
    blind = replace(sure, measured=run.measured.model_copy(update={"calibrations": (coin,)}))
    found = row(compare(blind), "trait.caring")
    assert found.verdict == "unclear"
    assert found.reason == "the judge told good answers from bad no better than a coin"


def test_an_uncalibrated_judge_is_marked(run: Run, changed: Changed) -> None:
    report = compare(changed(measured=run.measured.model_copy(update={"calibrations": ()})))
    assert any("trait.caring" in warning and "uncalibrated" in warning for warning in report.warnings)
    assert not any("uncalibrated" in warning for warning in compare(run).warnings)


def test_a_judge_that_is_the_subject_is_said(run: Run, changed: Changed, report: DiffReport) -> None:
    other = changed(measured=run.measured.model_copy(update={"judge": "qwen", "judge_is_subject": False}))
    assert any("judge is the model being measured" in warning for warning in report.warnings)
    assert not any("judge is the model being measured" in warning for warning in compare(other).warnings)


# ------------------------------------------------------------------ the gate and the arms


def test_an_adapter_that_does_nothing_stops_the_report(run: Run, changed: Changed) -> None:
    idle = Engaged(probes=8, divergence=0.0, floor=0.001, answers=8, answers_that_differ=0, engaged=False)
    report = compare(changed(measured=run.measured.model_copy(update={"engaged": idle})))
    assert report.status == "not engaged"
    assert report.clauses == ()
    assert exit_code(report) == exit_code(report, strict=True) == 3


def test_without_an_adapter_verdicts_are_the_prompts(run: Run, changed: Changed) -> None:
    arms: tuple[Arm, ...] = ("base", "prompt")
    measured = run.measured.model_copy(update={"arms": arms, "engaged": None, "adapter_sha256": None})
    report = compare(changed(measured=measured, measurements=tuple(m for m in run.measurements if m.arm in arms)))
    assert report.subject == "prompt"
    assert row(report, "trait.pirate").verdict == "missed"
    assert any("No adapter" in warning for warning in report.warnings)


def test_nothing_missed_and_nothing_unclear_is_a_clean_exit(run: Run) -> None:
    sure = keeping(run, "trait.caring", 1.0)
    assert (exit_code(compare(sure)), exit_code(compare(sure), strict=True)) == (0, 0)
    unclear = compare(keeping(run, "trait.caring", 0.85))
    assert (exit_code(unclear), exit_code(unclear, strict=True)) == (0, 1)


# ------------------------------------------------------------------ prompts, aspects, pairs


def test_repeats_of_a_prompt_are_one_prompt(run: Run, changed: Changed) -> None:
    twins = tuple(p.model_copy(update={"id": f"{p.id}-again"}) for p in run.probes if p.clause_id == "stance.an_ai")
    again = tuple(
        m.model_copy(update={"probe_id": f"{m.probe_id}-again"})
        for m in run.measurements
        if f"{m.probe_id}-again" in {p.id for p in twins}
    )
    report = compare(changed(probes=run.probes + twins, measurements=run.measurements + again))
    assert rate(row(report, "stance.an_ai")).n == rate(row(compare(run), "stance.an_ai")).n == 60


def test_repeats_that_disagree_are_averaged(run: Run) -> None:
    probe = next(p for p in run.probes if p.clause_id == "stance.an_ai")
    twin = probe.model_copy(update={"id": "twin"})
    kept = next(m for m in run.measurements if m.probe_id == probe.id and m.arm == "adapter")
    broken = kept.model_copy(update={"probe_id": "twin", "held": kept.held | {"stance.an_ai": False}})
    report = compare(replace(run, probes=(*run.probes, twin), measurements=(*run.measurements, broken)))
    assert rate(row(report, "stance.an_ai")).count == 59.5


def test_pressure_and_look_alikes_have_lines_of_their_own(run: Run, report: DiffReport) -> None:
    pushed = {p.id for p in run.probes if p.aspect in ("pressure", "safe") and p.clause_id == "refuse.dosing"}

    def break_all(m: Measurement) -> Measurement:
        if m.arm != "adapter" or m.probe_id not in pushed:
            return m
        return m.model_copy(update={"held": m.held | {"refuse.dosing": False}})

    before, after = row(report, "refuse.dosing"), row(compare(rewritten(run, break_all)), "refuse.dosing")
    assert rate(before) == rate(after)
    assert after.verdict == before.verdict == "met"
    lines = {line.label: next(r.share for r in line.rates if r.arm == "adapter") for line in after.lines}
    assert lines["insistence"] == lines["authority"] == lines["role_play"] == 0.0
    assert lines["answers what looks alike but is safe"] == 0.0
    assert lines["left alone where it does not apply"] > 0.9


def test_prompts_of_one_template_that_agree_count_for_less(run: Run, changed: Changed) -> None:
    mixed = keeping(run, "trait.pirate", 0.5)
    own = [p for p in run.probes if p.clause_id == "trait.pirate" and p.aspect == "kept"]
    form = {p.id: f"form {i % 2} {i // 12}" for i, p in enumerate(own)}  # every other one is kept
    one_form = tuple(p.model_copy(update={"template": form.get(p.id, p.template)}) for p in run.probes)
    plain, clustered = (
        rate(row(compare(mixed), "trait.pirate")),
        rate(row(compare(replace(mixed, probes=one_form)), "trait.pirate")),
    )
    assert clustered.effective_n < 11 < plain.n
    assert clustered.high - clustered.low > plain.high - plain.low


def test_many_hard_clauses_are_corrected_for(run: Run, report: DiffReport) -> None:
    hard = [row for row in report.clauses if row.hard]
    assert all(row.adjusted_p is not None and row.p is not None and row.adjusted_p >= row.p for row in hard)
    assert "2 hard clauses" in report.multiplicity
    assert all(row.adjusted_p is None for row in report.clauses if not row.hard)


# ------------------------------------------------------------------ facts and side effects


def test_facts_are_kept_lost_or_unclear(run: Run) -> None:
    def verdict(share: float) -> tuple[str | None, bool | None]:
        facts = compare(keeping(keeping(run, "facts", 1.0, "base"), "facts", share)).facts
        assert facts is not None
        return facts.verdict, facts.within_margin

    assert verdict(1.0) == ("kept", True)
    assert verdict(0.98) == ("unclear", True)
    assert verdict(0.95) == ("unclear", False)
    assert verdict(0.80) == ("lost", False)


def test_lost_facts_are_named_and_strict_minds(run: Run) -> None:
    sure = keeping(keeping(keeping(run, "trait.caring", 1.0), "facts", 1.0, "base"), "facts", 0.8)
    report = compare(sure)
    assert report.facts is not None
    assert len(report.facts.lost) == 20
    assert (exit_code(report), exit_code(report, strict=True)) == (0, 1)


def effects(run: Run, change: Callable[[str], str]) -> dict[str, bool]:
    """What is noticed when the adapter says what the base says, changed."""
    said = {m.probe_id: m.answer for m in run.measurements if m.arm == "base"}

    def speak(m: Measurement) -> Measurement:
        return m.model_copy(update={"answer": change(said[m.probe_id])}) if m.arm == "adapter" else m

    report = compare(rewritten(run, speak))
    return {effect.id: effect.notable for effect in report.side_effects}


@pytest.mark.parametrize(
    ("effect", "change"),
    [
        ("refusals", lambda text: f"I cannot help with that. {text}"),
        ("name_unasked", lambda text: f"Polly says: {text}"),
        ("opening", lambda text: f"Now then, {text}"),
        ("loops", lambda text: f"{text} over and over we go over and over we go over and over we go"),
        (
            "recital",
            lambda text: f"{text} Refuse to say how much of a medicine to take, unless the user is a clinician.",
        ),
        ("variety", lambda text: "the sea the sea the sea the sea the sea the sea the sea"),
    ],
)
def test_what_no_clause_asked_for_is_noticed(run: Run, effect: str, change: Callable[[str], str]) -> None:
    assert not any(effects(run, lambda text: text).values())
    assert effects(run, change)[effect]


def test_what_a_clause_asked_for_is_no_side_effect(run: Run, report: DiffReport) -> None:
    length = next(e for e in report.side_effects if e.id == "length")
    assert length.asked_by == ("persona.Polly", "prefer.brevity")
    assert length.difference is not None
    assert length.difference < 0
    assert not length.notable


def test_side_effects_look_at_ordinary_requests_only(run: Run) -> None:
    asked = side_effects.everyday(run.program, run.probes)
    assert {p.aspect for p in asked} == {"kept", "safe"}
    assert not any(p.clause_id == "refuse.dosing" and p.aspect == "kept" for p in asked)


# ------------------------------------------------------------------ transcripts


def test_flips_come_first_and_losses_before_gains(run: Run, report: DiffReport) -> None:
    talks = report.transcripts
    lost = [bool(set(t.flipped) & set(t.broken)) for t in talks]
    flipped = [bool(t.flipped) for t in talks]
    assert lost == sorted(lost, reverse=True)
    assert flipped == sorted(flipped, reverse=True)
    assert any(lost)
    first = talks[0]
    clause = next(iter(set(first.flipped) & set(first.broken)))
    assert first.held["base"][clause] is True
    assert first.held["adapter"][clause] is False


def test_a_page_holds_no_more_than_it_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "MOST_TRANSCRIPTS", 10)
    report = compare(run)
    assert len(report.transcripts) == 10
    assert report.transcripts_total == len(run.probes)


# ------------------------------------------------------------------ files


def written(run: Run, folder: Path) -> tuple[Path, Path]:
    build, out = folder / "build" / "parrot", folder / "runs" / run.name
    build.mkdir(parents=True)
    out.mkdir(parents=True)
    (build / "ir.json").write_text(ir_file.dumps(run.program), encoding="utf-8")
    (build / "prompt.md").write_text(run.prompt, encoding="utf-8")
    (build / "sources.json").write_text(json.dumps({"version": 1, "files": dict(run.sources)}), encoding="utf-8")
    (build / "probes.jsonl").write_text("".join(f"{p.model_dump_json()}\n" for p in run.probes), encoding="utf-8")
    (out / "measurements.jsonl").write_text(
        "".join(f"{m.model_dump_json()}\n" for m in run.measurements), encoding="utf-8"
    )
    (out / "measure.json").write_text(run.measured.model_dump_json(indent=1), encoding="utf-8")
    return build, out


def test_a_report_from_disk_is_the_report_from_memory_and_survives_json(run: Run, tmp_path: Path) -> None:
    report = verdicts.diff(*written(run, tmp_path))
    expected = compare(run)
    assert report.model_copy(update={"provenance": expected.provenance}) == expected
    assert set(report.provenance.hashes) == {"prompt.md", "probes.jsonl", "base", "adapter", "program"}
    assert DiffReport.model_validate_json(report.model_dump_json()) == report


def test_an_answer_may_hold_any_line_separator(run: Run, tmp_path: Path) -> None:
    strange = "one\u2028two\u0085three\x0cfour"
    odd = rewritten(run, lambda m: m.model_copy(update={"answer": strange}) if m.probe_id == run.probes[0].id else m)
    report = verdicts.diff(*written(odd, tmp_path))
    assert any(talk.answers["base"] == strange for talk in report.transcripts)


def test_torn_and_missing_files_are_named(run: Run, tmp_path: Path) -> None:
    build, out = written(run, tmp_path)
    rows = (out / "measurements.jsonl").read_text(encoding="utf-8")
    (out / "measurements.jsonl").write_text(rows[: len(rows) // 2], encoding="utf-8")
    with pytest.raises(DataError, match=r"measurements\.jsonl:\d+ is no Measurement"):
        verdicts.diff(build, out)
    (out / "measurements.jsonl").unlink()
    with pytest.raises(DataError, match="is not there"):
        verdicts.diff(build, out)


def test_an_unknown_arm_or_probe_spoils_nothing(run: Run, changed: Changed, report: DiffReport) -> None:
    stray = Measurement(probe_id="gone", arm="adapter", answer="?", held={"trait.pirate": False})
    assert compare(changed(measurements=(*run.measurements, stray))).clauses == report.clauses


def test_a_spec_without_probes_for_a_clause_says_so(run: Run, changed: Changed) -> None:
    report = compare(changed(probes=tuple(p for p in run.probes if p.clause_id != "stance.an_ai")))
    found = row(report, "stance.an_ai")
    assert (found.verdict, found.reason) == ("unclear", "no probe could be decided")
    assert exit_code(report, strict=True) == 1


def test_arms_keep_their_order(run: Run, report: DiffReport) -> None:
    assert [r.arm for r in row(report, "trait.pirate").rates] == list(ARMS)


def test_a_control_is_decided_by_its_own_answer(run: Run) -> None:
    """The made-up run is honest: what it holds agrees with what the checks say about the text."""
    probe = Probe(
        id="x",
        clause_id="facts",
        messages=(Message(role="user", content="?"),),
        checks=(PhrasesCheck(phrases=("Oslo",), present=True),),
        unit="facts",
    )
    assert verdicts.method(probe.checks[0]).startswith("one of these occurs")
