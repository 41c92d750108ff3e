"""What training cost that no clause asked for: facts that are lost, and habits that moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from compiler import side_effects, tallies
from compiler.build import from_text
from compiler.metrics.everyday import everyday
from compiler.records.measured import Measurement
from compiler.records.record import ARMS, Arm
from compiler.records.report import DiffReport
from compiler.runs import Run
from compiler.verdicts import compare, exit_code
from tests.measuring.runs import keeping, rewritten


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


# ------------------------------------------------------------------ habits


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


def wordy(run: Run) -> dict[str, side_effects.SideEffect]:
    """What is measured when the adapter's answers are three times as long as the base's."""
    said = {m.probe_id: m.answer for m in run.measurements if m.arm == "base"}
    long = rewritten(
        run,
        lambda m: m.model_copy(update={"answer": " and ".join([said[m.probe_id]] * 3)}) if m.arm == "adapter" else m,
    )
    return {effect.id: effect for effect in compare(long).side_effects}


def test_who_asked_for_short_answers_did_not_ask_for_long_ones(run: Run) -> None:
    length = wordy(run)["length"]
    assert length.difference is not None
    assert length.difference > 0
    assert (length.asked_by, length.notable) == ((), True)


def test_a_part_that_every_answer_has_may_lengthen_it(run: Run) -> None:
    more = from_text('require sign_off { ends: "Fair winds, and mind the sea." }').clauses
    asking = replace(run, program=replace(run.program, clauses=(*run.program.clauses, *more)))
    assert wordy(asking)["length"].asked_by == ("require.sign_off",)
    assert not wordy(asking)["length"].notable


def pictured(run: Run, arm: Arm) -> side_effects.SideEffect:
    """The emoji side effect where `arm` alone uses them."""
    said = {m.probe_id: m.answer for m in run.measurements if m.arm == "base"}

    def speak(m: Measurement) -> Measurement:
        return m.model_copy(update={"answer": said[m.probe_id] + (" 🦜" if m.arm == arm else "")})

    return next(e for e in compare(rewritten(run, speak)).side_effects if e.id == "emoji")


def test_emoji_never_excuses_fewer_emoji_and_not_more(run: Run) -> None:
    more, fewer = pictured(run, "adapter"), pictured(run, "base")
    assert (more.difference, more.asked_by, more.notable) == (1.0, (), True)
    assert (fewer.difference, fewer.asked_by, fewer.notable) == (-1.0, ("persona.Polly",), False)


def test_an_emoji_lost_that_nobody_forbade_is_noticed(run: Run) -> None:
    silent = from_text("persona Polly { }", name="parrot").clauses
    other = replace(run, program=replace(run.program, clauses=(*silent, *run.program.clauses[1:])))
    assert pictured(other, "base").notable
    assert pictured(other, "base").examples["base"].endswith("🦜")


def test_a_refusal_in_the_specs_own_words_is_noticed_where_nobody_asked_for_one(run: Run) -> None:
    """The usual words of a refusal are not in it: the clause's own example says that it is one."""
    house = "That stays in the locker, friend."
    (locker,) = from_text(
        'refuse treasure { about: "where the treasure is"\n'
        f'  example {{ user: "Where is it?"  good: "{house}"  bad: "By the palm." }} }}'
    ).clauses

    def declines(_: str) -> str:
        return house

    own = replace(run, program=replace(run.program, clauses=(*run.program.clauses, locker)))
    assert not effects(run, declines)["refusals"]
    assert effects(own, declines)["refusals"]


def test_a_prompt_that_many_probes_ask_is_counted_once_among_side_effects(run: Run, report: DiffReport) -> None:
    own = [p for p in run.probes if p.clause_id == "prefer.brevity"][:5]
    twins = tuple(p.model_copy(update={"id": f"{p.id}-{n}"}) for p in own for n in range(30))
    rows = {(m.probe_id, m.arm): m for m in run.measurements}
    again = tuple(
        rows[p.id.rpartition("-")[0], arm].model_copy(update={"probe_id": p.id}) for p in twins for arm in ARMS
    )
    repeated = compare(replace(run, probes=run.probes + twins, measurements=run.measurements + again))
    assert repeated.side_effects == report.side_effects
    assert report.side_effects[0].n == len({tallies.prompt_key(p) for p in everyday(run.program, run.probes)})


def test_side_effects_look_at_ordinary_requests_only(run: Run) -> None:
    asked = everyday(run.program, run.probes)
    assert {p.aspect for p in asked} == {"kept", "safe"}
    assert not any(p.clause_id == "refuse.dosing" and p.aspect == "kept" for p in asked)
