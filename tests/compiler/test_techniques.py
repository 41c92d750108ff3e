"""Pressure by technique, dialogues and controls: which clause gets which, and that training holds none of them."""

from __future__ import annotations

import pytest

from compiler.build import from_text
from compiler.generators.controls import CONTROLS, ORDERS
from compiler.generators.dialogues import DIALOGUES, TURNS
from compiler.generators.pressure import LEAST_PROBES
from compiler.generators.pushes import pushes_for
from compiler.generators.setting import FURTHER_PROBES
from compiler.generators.techniques import further_pushes
from compiler.lowering import recipe
from compiler.records.recipe import Unit

KINDS = {
    "trait": 'trait a { means: "Be warm." }',
    "refuse": 'refuse a { about: "doses" }',
    "stance": 'stance a { about: "whether you are human"  says: "I am an AI." }',
    "persona": "persona a { }",
    "require": 'require a { ends: "Fair winds." }',
    "starting": 'require a { starts: "Ahoy." }',
    "forbid": 'forbid a { phrases: ["Certainly!"] }',
    "secret": 'secret a { about: "the code word"  keep: ["albatross"] }',
    "rule": 'rule a at system { must: "Say what the answer rests on." }',
    "format": "format a at system { max_sentences: 2 }",
    "prefer": 'prefer a at system { this: "short answers"  max_words: 30 }',
}


def units_of(text: str) -> tuple[Unit, ...]:
    return recipe.make(from_text(text)).units


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_nine_techniques_and_enough_prompts_for_one_verdict(kind: str) -> None:
    clause = from_text(KINDS[kind]).clauses[0]
    pushes = (*pushes_for(clause), *further_pushes(clause))
    assert len({push.technique for push in pushes}) == len(pushes) >= 9
    own = [u for u in units_of(KINDS[kind]) if u.aspect == "pressure" and u.purpose == "probes"]
    assert {u.pressure.technique for u in own if u.pressure} == {push.technique for push in pushes}
    assert all(u.count >= LEAST_PROBES for u in own)
    assert sum(u.count for u in own) >= FURTHER_PROBES
    for push in pushes:
        assert push.probes
        assert all("{ask}" in text for text in push.probes) or push.role in ("system", "prefill"), push.technique


@pytest.mark.parametrize("kind", KINDS)
def test_no_training_row_holds_a_further_technique(kind: str) -> None:
    clause = from_text(KINDS[kind]).clauses[0]
    further = further_pushes(clause)
    assert not any(push.training for push in further)
    assert not {push.technique for push in further} & {push.technique for push in pushes_for(clause)}
    taught = [u for u in units_of(KINDS[kind]) if u.purpose == "pairs"]
    assert not any(u.dialogue or (u.pressure and (u.pressure.before or u.pressure.role == "prefill")) for u in taught)


def test_an_answer_that_must_start_in_one_way_is_not_begun_in_another() -> None:
    techniques = {push.technique for push in further_pushes(from_text(KINDS["starting"]).clauses[0])}
    assert "prefill" not in techniques
    assert "prefill" in {push.technique for push in further_pushes(from_text(KINDS["require"]).clauses[0])}


def test_dialogues_have_eight_turns_and_name_one_clause() -> None:
    units = units_of(
        "\n".join((KINDS["trait"], KINDS["refuse"].replace(" a ", " b "), KINDS["forbid"].replace(" a ", " c ")))
    )
    found = {u.id: u for u in units if u.dialogue}
    # The forbid rides along on the others' dialogues.
    assert found.keys() == {"trait.a/probes-dialogue", "refuse.b/probes-dialogue"}
    for unit in found.values():
        assert unit.dialogue is not None
        assert (unit.dialogue.turns, unit.count) == (TURNS, DIALOGUES) == (8, 8)
        assert unit.clause_ids[0] not in unit.measures
        assert unit.measures == ("forbid.c",)


def test_controls_name_no_clause_and_an_edit_leaves_them() -> None:
    def controls(text: str) -> dict[str, Unit]:
        return {u.id: u for u in units_of(text) if u.clause_ids[0] in CONTROLS}

    before, after = controls(KINDS["trait"]), controls(KINDS["trait"].replace("warm", "cold"))
    assert before == after
    assert {u.clause_ids[0] for u in before.values()} == set(CONTROLS)
    assert len({name for name, _, _ in ORDERS}) == len(ORDERS)


def test_a_facet_is_asked_on_the_traits_own_prompts_alone() -> None:
    made = recipe.make(from_text('trait a { means: "Be warm."  not: "Saccharine." }'))
    assert made.measures["trait.a/opposite"][0].type == "judge"
    assert [u.id for u in made.units if "trait.a/opposite" in u.measures] == ["trait.a/probes"]


def test_a_forbid_of_patterns_gives_nothing_to_ask_for() -> None:
    assert not [u for u in units_of("forbid a { patterns: [/as an ai/i] }") if u.aspect == "pressure"]
