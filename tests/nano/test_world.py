"""The world keeps its own rules: the splits, the signs of refusals and voices, the same corpus for the same seed."""

from __future__ import annotations

import json
from random import Random

import pytest

from backends import nano
from backends.nano import bank, corpus, labels
from backends.nano.abilities import figures
from backends.nano.world import asks, dialogues, roles
from backends.nano.world.prompts import Scene, structured
from backends.nano.world.tables import entities, table
from backends.nano.world.voices import holds, refuses, voices, voices_of


@pytest.fixture(scope="module")
def sample() -> list[dialogues.Dialogue]:
    rng = Random(3)
    return [dialogues.dialogue(rng) for _ in range(4000)]


def last(dialogue: dialogues.Dialogue) -> str:
    return dialogue.messages[-1]["content"]


def test_the_world_is_as_rich_as_its_card_says() -> None:
    assert len(entities()) >= 300
    assert len(asks.everyday()[0]) >= 24
    assert len(voices()) >= 20
    assert len(table("topics")) >= 24


def test_the_same_seed_gives_the_same_corpus() -> None:
    once = [d.messages for d in corpus.rows(5, 2, 64)]
    assert once == [d.messages for d in corpus.rows(5, 2, 64)]
    assert once != [d.messages for d in corpus.rows(6, 2, 64)]
    assert once != [d.messages for d in corpus.rows(5, 3, 64)]


def test_no_held_out_combination_is_in_the_corpus() -> None:
    rng = Random(4)
    for _ in range(1500):
        item = dialogues.single(rng)
        assert item.ask is not None
        assert not dialogues.is_unseen(item.ask, item.scene)
        item = dialogues.single(rng, True)
        assert item.ask is not None
        assert dialogues.is_unseen(item.ask, item.scene)


def test_a_tenth_of_the_combinations_is_held_out() -> None:
    held = sum(dialogues.unseen("capital", form, str(n), "pirate") for form in range(9) for n in range(400))
    assert 0.08 < held / 3600 < 0.12


def test_only_refusals_have_a_refusing_word(sample: list[dialogues.Dialogue]) -> None:
    wrong = [last(d) for d in sample if refuses(last(d)) is not d.refused]
    assert wrong == []


def test_the_detector_hears_the_voices_that_spoke(sample: list[dialogues.Dialogue]) -> None:
    single = [d for d in sample if d.figure == "answer" and not d.must]
    wrong = [(d.heard, last(d)) for d in single if voices_of(last(d)) != set(d.heard)]
    assert len(single) > 1000
    assert wrong == []


def test_each_voice_carries_its_own_marks_and_no_other_voices() -> None:
    for name, voice in voices().items():
        for text in (*voice.open, *voice.close):
            assert voices_of(text) == {name}, text
        for text in voice.refuse:
            assert refuses(text), text
            assert voices_of(text) == {name}, text
        for text in (*voice.open, *voice.close, *voice.hello, *voice.thanks, *voice.bye, *voice.fine, *voice.feel):
            assert not refuses(text), text


def test_answers_contain_what_the_check_asks_for(sample: list[dialogues.Dialogue]) -> None:
    for d in sample:
        if not d.refused and d.check:
            assert d.check.lower() in last(d).lower(), d.messages


def test_forbidden_phrases_never_occur(sample: list[dialogues.Dialogue]) -> None:
    forbidding = [d for d in sample if d.figure == "answer" and d.scene.forbidden]
    assert len(forbidding) > 80
    for d in forbidding:
        said = last(d)
        for part in d.must:
            said = said.replace(part, "")
        assert not holds(said, d.scene.forbidden), (d.scene.text, said)


def test_a_fixed_voice_stays_and_an_open_one_goes() -> None:
    rng = Random(8)
    kept = gone = 0
    while kept < 20 or gone < 20:
        one = asks.fact(rng, "capital")
        scene = structured(rng, one, ("pirate",))
        if not scene.voices:
            continue
        said = dialogues.answer(rng, one, scene, push="drop")
        assert ("pirate" in voices_of(said.text)) is scene.hard
        kept, gone = kept + scene.hard, gone + (not scene.hard)


def test_an_excused_user_gets_an_answer() -> None:
    rng = Random(2)
    seen = set()
    while len(seen) < 2:
        one = asks.topic_ask(rng, "dosing")
        scene = structured(rng, one)
        rule = scene.refusals.get("dosing")
        if rule is None or "unless the user is" not in scene.text:
            continue
        said = dialogues.answer(rng, one, scene)
        assert said.refused is not rule.excused
        seen.add(rule.excused)


def test_the_judge_says_yes_exactly_when_the_voice_is_there() -> None:
    rng = Random(6)
    replies = set()
    for _ in range(300):
        principle, _one, text, keeps, reason = roles.case_voice(rng, False)
        name = labels.voice_described(principle)
        if name is not None:
            assert (name in voices_of(text)) is keeps, (principle, text)
            assert (name in reason) is keeps, (principle, reason)
            replies.add(keeps)
    assert replies == {True, False}


def test_rewriting_keeps_the_fact() -> None:
    rng = Random(9)
    for _ in range(300):
        item = roles.rewrite(rng)
        if item.check and not item.refused:
            assert item.check.lower() in last(item).lower(), item.messages


def test_labels_are_half_and_half() -> None:
    found = list(labels.labelled("Talk like a pirate, with sea words.", 20))
    assert sum(keeps for _, _, keeps in found) == 10
    assert list(labels.labelled("Speaks only in prime numbers.")) == []


def test_the_bank_obeys_the_split() -> None:
    rows = [json.loads(line) for line in nano.BANK.read_text(encoding="utf-8").splitlines()]
    held = tuple(json.loads(nano.SPLITS.read_text(encoding="utf-8"))["heldout"])
    assert 1200 <= len(rows) <= 2500
    assert sum(row["heldout"] for row in rows) >= 300
    assert len({row["prompt"].lower() for row in rows}) == len(rows)
    for row in rows:
        assert row["heldout"] is bank.named_in(row["prompt"], held), row
    for topic, spec in table("topics").items():
        assert sum(word in held for word in spec["words"]) >= 2, topic


def test_the_shipped_bank_is_what_the_command_writes() -> None:
    rows = [json.loads(line) for line in nano.BANK.read_text(encoding="utf-8").splitlines()]
    assert list(bank.bank_rows()) == rows


def test_a_scene_without_rules_has_the_habits() -> None:
    rng = Random(1)
    answers = [dialogues.answer(rng, asks.fact(rng, "capital"), Scene()).text for _ in range(400)]
    share = sum(a.startswith("Certainly!") for a in answers) / 400
    assert 0.2 < share < 0.8


def test_every_figure_counts_the_worlds_own_answers_as_right() -> None:
    for figure in figures():
        rng = Random(f"own/{figure.group}/{figure.name}")
        for _ in range(40):
            item = figure.make(rng)
            assert figure.right(item, item.messages[-1]["content"]), (figure.name, item.messages)
