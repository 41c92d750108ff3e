"""What is watched while an adapter is trained, as far as no model is asked: when, what stops it, and what it costs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compiler import watching
from compiler.artifact import Artifact
from compiler.build import from_text
from compiler.lowering import pairs, recipe, watch
from compiler.plan import Built, plan
from compiler.records.checks import JudgeCheck, PhrasesCheck
from compiler.records.watch import Budget, Look
from tests.compiler.conftest import artifacts_of, program_of

SPEC = """tenet 1
MODEL
persona Polly { maker: "the Salt and Star" }
trait pirate { means: "Talk like a pirate."  signs: ["arr"] }
refuse dosing { about: "how much of a medicine to take" }
train { method: sft+dpo  steps: 10 WATCH }
"""


def spec(watched: str, model: str = "") -> str:
    return SPEC.replace("WATCH", watched).replace("MODEL", model)


def look(step: int, score: float, **more: Any) -> Look:
    usual = {"of": 9, "clauses": {}, "reward": 1.0, "kl": 0.1, "length": 5.0, "length_ratio": 1.0}
    told = {"step": step, "score": score, "distinct_2": 1.0, "base_distinct_2": 1.0, "empty": 0.0, "looping": 0.0}
    return Look(**{**usual, **told, **more})


@pytest.mark.parametrize(
    ("every", "of", "expected"),
    [
        (0.1, 60, tuple(range(6, 61, 6))),
        (0.3, 10, (3, 6, 9, 10)),
        (1.0, 7, (7,)),
        (0.1, 4, (1, 2, 3, 4)),
        (0.01, 1, (1,)),
    ],
)
def test_the_last_step_is_always_looked_at(every: float, of: int, expected: tuple[int, ...]) -> None:
    assert watching.steps(every, of) == expected


def test_the_best_is_the_last_of_equals_and_never_one_that_breaks_something() -> None:
    found = [look(1, 0.5), look(2, 0.8), look(3, 0.8), look(4, 0.9, over=("too far",)), look(5, 0.7, collapsed="x")]
    assert watching.best(found) == found[2]
    assert watching.best(found[3:]) is None


def test_a_budget_is_broken_beyond_it_and_not_at_it() -> None:
    budgets = (Budget(name="max_kl", at_most=0.5), Budget(name="max_facts_lost", at_most=0.02))
    assert watching.broken(look(1, 0.5, kl=0.5, facts_lost=0.02), budgets) == ()
    told = watching.broken(look(1, 0.5, kl=0.51, facts_lost=0.04), budgets)
    assert [text.rpartition(", ")[2] for text in told] == ["max_kl is 0.5", "max_facts_lost is 2"]


def test_a_fall_is_told_from_the_best_good_look_and_loops_from_the_bases_own() -> None:
    before = [look(1, 0.9), look(2, 1.0, over=("too far",))]
    assert watching.collapsed(look(3, 0.65), before, 0.25, 0.0) is None
    assert "from 90% to 60%" in (watching.collapsed(look(3, 0.6), before, 0.25, 0.0) or "")
    assert watching.collapsed(look(3, 0.9, looping=0.8), before, 0.25, 0.4) is None
    assert "repeat themselves" in (watching.collapsed(look(3, 0.9, looping=0.8), before, 0.25, 0.1) or "")


def test_every_clause_is_watched_by_questions_like_those_of_its_rows() -> None:
    program = from_text(spec("watch: { prompts: 12 }"))
    trained = pairs.lower(program)
    units = watch.units(program, trained)
    counts: dict[str, int] = {}
    for unit in units:
        counts[unit.clause_ids[0]] = counts.get(unit.clause_ids[0], 0) + unit.count
        assert unit.purpose == "watch"
        assert unit.pressure is None
        assert not unit.is_trained
    assert counts["trait.pirate"] == counts["refuse.dosing"] == counts["facts"] == 12
    # The persona gives its questions itself: every fourth is kept out.
    given = {m.content for unit in trained if unit.clause_ids[0] == "persona.Polly" for (m,) in unit.prompts.given}
    held_out = [m.content for unit in units if unit.clause_ids[0] == "persona.Polly" for (m,) in unit.prompts.given]
    assert counts["persona.Polly"] == len(held_out) == len(given) // 4
    assert set(held_out) < given


def test_where_a_judge_is_named_signs_alone_are_not_enough() -> None:
    signs = PhrasesCheck(phrases=("arr",), present=True)
    for model, expected in (("", ()), ('model { judge: "org/judge" }', (JudgeCheck(principle="Talk like a pirate."),))):
        program = from_text(spec("watch: { every: 50% }", model))
        unit = next(u for u in watch.units(program, pairs.lower(program)) if u.clause_ids == ("trait.pirate",))
        assert unit.checks == (signs, *expected)


def test_nothing_is_asked_where_nothing_is_watched() -> None:
    program = from_text(spec(""))
    assert watch.units(program, pairs.lower(program)) == ()
    assert not any(unit.purpose == "watch" for unit in recipe.make(program).units)
    assert watch.PATH not in artifacts_of(spec(""), "small")


def planned(text: str, before: dict[str, Artifact] | None = None) -> Any:
    artifacts = artifacts_of(text, "small")
    made = recipe.make(program_of(text, "small"))
    told = watch.make(program_of(text, "small")) if watch.PATH in artifacts else None
    watched = watching.answers(told, made.units, (10, 10)) if told else 0
    built = Built()
    if before is not None:
        built = Built({**json.loads(before["lock.json"].text), "rows": {}}, trained=True, measured=True)
    lock = json.loads(artifacts["lock.json"].text)
    return plan(program_of(text, "small"), made.units, lock, built, 20, None, watched)


def test_a_plan_counts_the_answers_that_watching_asks_for() -> None:
    plain, seen = planned(spec("")), planned(spec("watch: { every: 50%  prompts: 8 }"))
    train = {step.stage: step for step in seen.steps}["train"]
    before = {step.stage: step for step in plain.steps}["train"]
    assert (before.watched, train.count) == (0, before.count)
    units = recipe.make(program_of(spec("watch: { every: 50%  prompts: 8 }"), "small")).units
    held_out = sum(unit.count for unit in units if unit.purpose == "watch")
    each = held_out + 3 * 4  # of three clauses, four questions that are trained on
    # In each of two stages: the base, and three looks, which sample as well.
    assert train.watched == 2 * (held_out + 3 * (each + min(32, held_out)))
    assert train.seconds > before.seconds


def test_another_budget_trains_anew_and_generates_nothing() -> None:
    before = artifacts_of(spec("watch: { max_kl: 0.5 }"), "small")
    found = planned(spec("watch: { max_kl: 0.25 }"), before)
    assert [step.stage for step in found.steps] == ["train", "measure"]
    assert "watch.json changes" in found.steps[0].why
