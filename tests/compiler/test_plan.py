"""What a build would do: nothing after a comment, one clause's units after its edit, and why."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from compiler.artifact import Artifact
from compiler.facts import BaseFacts
from compiler.plan import Built, Plan, plan
from compiler.records.recipe import Recipe
from tests.compiler.conftest import BASE, artifacts_of, program_of


def planned(
    text: str,
    before: dict[str, Artifact] | None,
    *,
    done: bool = True,
    answered: bool = False,
    rates: dict[str, float] | None = None,
    base: BaseFacts = BASE,
) -> Plan:
    artifacts = artifacts_of(text, "harbor", base)
    recipe = Recipe.model_validate_json(artifacts["recipe.json"].text)
    lock = json.loads(artifacts["lock.json"].text)
    built = Built()
    if before is not None:
        from compiler import ir_file

        old: dict[str, Any] = {**json.loads(before["lock.json"].text), "rows": {"pairs.jsonl": "0"}}
        built = Built(old, ir_file.loads(before["ir.json"].text), trained=done, measured=done, answered=answered)
    return plan(program_of(text, "harbor"), recipe.units, lock, built, 53, rates)


@pytest.fixture
def before(built: dict[str, dict[str, Artifact]]) -> dict[str, Artifact]:
    return built["harbor"]


def stages(found: Plan) -> list[str]:
    return [step.stage for step in found.steps]


def test_nothing_runs_after_a_comment(texts: dict[str, str], before: dict[str, Artifact]) -> None:
    found = planned(f"# a thought, which moves every line\n\n{texts['harbor']}", before)
    assert found == Plan((), (), ())


def test_everything_runs_at_first(texts: dict[str, str]) -> None:
    found = planned(texts["harbor"], None)
    assert stages(found) == ["generate", "train", "measure"]
    assert found.steps[0].why == ("nothing was built yet",)
    assert all(step.guessed for step in found.steps)


def test_an_interrupted_training_goes_on(texts: dict[str, str], before: dict[str, Artifact]) -> None:
    assert stages(planned(texts["harbor"], before, done=False)) == ["train", "measure"]


def test_an_edited_clause_runs_its_own_units(texts: dict[str, str], before: dict[str, Artifact]) -> None:
    found = planned(texts["harbor"].replace("what a medicine is for", "how to store a medicine"), before)
    assert [(c.subject, c.what) for c in found.changes] == [("refuse.dosing", "still_help changed")]
    assert {unit.split("/")[0] for unit in found.units} == {"refuse.dosing"}
    assert stages(found) == ["generate", "train", "measure"]
    assert found.steps[0].why[0].startswith("refuse.dosing: ")


def test_an_edited_target_trains_nothing_anew(texts: dict[str, str], before: dict[str, Artifact]) -> None:
    text = texts["harbor"].replace(
        'about: "what illness somebody has"', 'about: "what illness somebody has"\n  target: >= 99%'
    )
    found = planned(text, before)
    assert found.units == ("refuse.diagnosis/probes@medical=yes",)
    assert stages(found) == ["generate", "measure"]
    assert found.changes[0].what == "target changed"


def test_a_probe_of_the_author_trains_nothing_anew(texts: dict[str, str], before: dict[str, Artifact]) -> None:
    found = planned(texts["harbor"].replace("I lost my dog.", "I lost my cat."), before)
    assert stages(found) == ["generate", "measure"]


def test_settings_train_anew_and_generate_nothing(texts: dict[str, str], before: dict[str, Artifact]) -> None:
    found = planned(texts["harbor"].replace("rank: 8", "rank: 4"), before)
    assert stages(found) == ["train", "measure"]
    assert "jobs/sft.yaml changes" in found.steps[0].why


def test_a_priority_changes_the_prompt_alone(texts: dict[str, str], before: dict[str, Artifact]) -> None:
    found = planned(texts["harbor"].replace("dosing > manner", "dosing > diagnosis > manner"), before)
    assert stages(found) == ["measure"]
    assert found.steps[0].why == ("prompt.md changes",)


def test_a_removed_clause_is_said_and_retrains(texts: dict[str, str], before: dict[str, Artifact]) -> None:
    cut = texts["harbor"].index("stance being_an_ai")
    end = texts["harbor"].index("priority:")
    found = planned(texts["harbor"][:cut] + texts["harbor"][end:], before)
    assert ("stance.being_an_ai", "is gone") in [(c.subject, c.what) for c in found.changes]
    assert "train" in stages(found)


def test_measured_rates_replace_guesses(texts: dict[str, str]) -> None:
    found = planned(texts["harbor"], None, rates={"train/steps": 0.5, "measure/answers": 100.0})
    by_stage = {step.stage: step for step in found.steps}
    assert by_stage["train"].seconds == pytest.approx(106)
    assert [by_stage[s].guessed for s in ("generate", "train", "measure")] == [True, False, False]


def test_an_edited_forbid_runs_its_own_units_and_filters_the_rest(
    texts: dict[str, str], before: dict[str, Artifact]
) -> None:
    found = planned(texts["harbor"].replace('phrases: ["Certainly!"]', 'phrases: ["Certainly!", "Of course!"]'), before)
    (change,) = found.changes
    assert change.subject.startswith("forbid.")
    assert {unit.split("/")[0] for unit in found.units} == {change.subject}
    assert found.steps[0].why[0].startswith(f"{change.subject}: ")
    assert found.steps[0].why[1].startswith("filters.json changes: all other rows pass through it again")


def test_a_new_forbid_asks_a_model_for_nothing_but_its_own(texts: dict[str, str]) -> None:
    """Probes are held against it too, which no model has to be asked for."""
    # `rows` shares a number among all clauses, so that a new one takes some from each.
    text = texts["harbor"].replace("rows: 400", "")
    found = planned(f'{text}\nforbid slang {{ phrases: ["gonna"] }}\n', artifacts_of(text, "harbor"))
    assert {unit.split("/")[0] for unit in found.units} == {"forbid.slang"}
    assert stages(found) == ["generate", "train", "measure"]


def test_answers_that_are_cached_are_not_counted(texts: dict[str, str], before: dict[str, Artifact]) -> None:
    """A priority changes the prompt: the arms with it answer anew, and the others not."""
    text = texts["harbor"].replace("dosing > manner", "dosing > diagnosis > manner")
    fresh, known = planned(text, before), planned(text, before, answered=True)
    assert fresh.steps[0].count == 2 * known.steps[0].count
    # An edited clause with an adapter of its own: its probes in every arm, all probes in the arms with the adapter.
    text = texts["harbor"].replace('about: "what illness somebody has"', 'about: "what disease somebody has"')
    fresh, known = planned(text, before), planned(text, before, answered=True)
    assert fresh.steps[-1].count / 2 < known.steps[-1].count < fresh.steps[-1].count


def test_another_prompt_bank_draws_rows_and_probes_anew(texts: dict[str, str], before: dict[str, Artifact]) -> None:
    found = planned(texts["harbor"], before, base=replace(BASE, bank="3" * 64))
    recipe = Recipe.model_validate_json(before["recipe.json"].text)
    # What stands between the questions of a dialogue comes from the bank, too.
    asked = {u.id for u in recipe.units if u.prompts.bank or (u.dialogue and u.dialogue.every > 1)}
    assert set(found.units) == asked < {u.id for u in recipe.units}
    assert [step.why for step in found.steps[:2]] == [("the prompt bank changed",), ("training rows change",)]
    assert stages(found) == ["generate", "train", "measure"]
    # A base that is not at hand tells nothing of its bank.
    away = replace(BASE, digest=None, bank=None, held_out=None)
    assert planned(texts["harbor"], before, base=away).steps == ()


def test_other_words_kept_for_probes_draw_all_but_the_authors_probes_anew(
    texts: dict[str, str], before: dict[str, Artifact]
) -> None:
    found = planned(texts["harbor"], before, base=replace(BASE, held_out="3" * 64))
    recipe = Recipe.model_validate_json(before["recipe.json"].text)
    assert found.steps[0].why == ("the words that are kept for probes changed",)
    given = {
        u.id
        for u in recipe.units
        if u.purpose == "probes" and not u.prompts.bank and not u.prompts.about and not u.dialogue
    }
    assert given
    assert set(found.units) == {unit.id for unit in recipe.units} - given
