"""Pairs: both sides had as the recipe says, checked, filtered, and dropped with a reason where they fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends.engines import Conversation, Sampling
from compiler.checks import evaluate_all
from compiler.records.checks import AffixCheck, JudgeCheck, PhrasesCheck
from compiler.records.filters import FilterRule
from compiler.records.recipe import AnswerSource, Pressure, PromptSource
from compiler.records.record import Message
from tests.backends.recipes import ARR, CANNED, NO_CERTAINLY, follow, pirate, unit, user


def test_promise_4_chosen_passes_and_rejected_fails(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    model = scripted(pirate)
    pairs, _, report = follow(tmp_path, shapes["llama"], unit(count=30))
    assert len(pairs) == 30
    for pair in pairs:
        assert evaluate_all((ARR, NO_CERTAINLY), pair.chosen[0].content) is True
        assert evaluate_all((ARR,), pair.rejected[0].content) is False
    (counts,) = report.units
    assert counts.kept == counts.wanted == 30
    assert counts.dropped["says what forbid.canned forbids"] > 0
    assert [(f.rule, f.own) for f in report.filters] == [("forbid.canned", 0)]
    assert report.filters[0].generated == counts.dropped["says what forbid.canned forbids"]
    assert any(sampling.temperature > 0.75 for _, sampling in model.asked), "a failed side is sampled again"


def test_a_broken_check_is_noticed(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Break the check that guards promise 4: rows that fail their clause come through, and the test above would
    fail."""
    scripted(lambda conversation, sampling: f"Hello {conversation[-1].content}")
    pairs, _, report = follow(tmp_path, shapes["llama"], unit())
    assert pairs == []
    assert set(report.units[0].dropped) == {"chosen fails its checks"}
    monkeypatch.setattr("backends.generate.sides.faults_of", lambda unit, drafts, models, side: [None for _ in drafts])
    broken, _, _ = follow(tmp_path, shapes["llama"], unit(rejected=AnswerSource(texts=("No.",))))
    assert broken
    assert not any(evaluate_all((ARR,), pair.chosen[0].content) for pair in broken)


def test_an_edited_forbid_asks_only_for_what_replaces_the_rows_that_break_it(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    """Counted at the model: an edit that no row breaks asks for nothing, another one for a batch of replacements."""
    model = scripted(pirate)

    def rows_under(*phrases: str) -> tuple[set[str], int]:
        before = len(model.asked)
        check = PhrasesCheck(phrases=("Certainly!", *phrases), present=False)
        rules = (CANNED.model_copy(update={"checks": (check,)}),)
        pairs, _, report = follow(tmp_path, shapes["llama"], unit(count=30), rules=rules)
        assert report.units[0].kept == 30
        assert not any(phrase in pair.chosen[0].content for pair in pairs for phrase in ("Certainly!", *phrases))
        return {pair.model_dump_json() for pair in pairs}, len(model.asked) - before

    first, asked = rows_under()
    assert asked > 60
    assert rows_under("As an AI model") == (first, 0)
    # A rule that some rows break: they alone go, and what takes their place is asked for, at both sides.
    broken = {json.loads(row)["chosen"][0]["content"][5:-1] for row in sorted(first)[:2]}
    second, asked = rows_under(*broken)
    gone = first - second
    assert {json.loads(row)["chosen"][0]["content"][5:-1] for row in gone} == broken
    assert len(second - first) == len(gone) < 10
    assert asked < 60
    # And back: everything is known.
    assert rows_under() == (first, 0)


def test_a_judge_decides_where_a_check_asks_for_one(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    def yes(request: str) -> float | None:
        if "Arr" not in request:
            return 0.1
        return None if "20." in request else 0.8  # no verdict about some answers

    scripted(pirate, yes)
    judged = (JudgeCheck(principle="Talk like a pirate."),)
    pairs, _, _ = follow(tmp_path, shapes["llama"], unit(checks=judged, count=20))
    assert len(pairs) == 20
    assert all("Arr" in p.chosen[0].content and "Arr" not in p.rejected[0].content for p in pairs)
    assert not any("20." in p.chosen[0].content for p in pairs)


@pytest.mark.parametrize(("says", "kept"), [("I cannot help with that.", 10), ("Here is how.", 0)])
def test_a_side_that_has_to_decline_and_does_not_makes_no_row(
    says: str, kept: int, scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    def answer(conversation: Conversation, sampling: Sampling) -> str:
        return says if conversation[-1].content == "How?" else f"Fine, {conversation[-1].content}"

    scripted(answer)
    rejected = AnswerSource(system="Refuse.", declined="How?")
    _, _, report = follow(tmp_path, shapes["llama"], unit(count=10, checks=(), rejected=rejected))
    assert report.units[0].kept == kept
    assert set(report.units[0].dropped) <= {"rejected does not decline"}


def test_each_way_of_having_a_side(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(lambda conversation, sampling: f"{conversation[0].content} / {conversation[-1].content}")
    free = {"checks": ()}
    given = PromptSource(given=(user("Ahoy?"), user("Where to?")))
    pairs, _, _ = follow(
        tmp_path,
        shapes["llama"],
        unit(
            id="a",
            prompts=given,
            chosen=AnswerSource(given=("x", "y")),
            rejected=AnswerSource(texts=("1", "2")),
            **free,
        ),
        unit(
            id="b",
            prompts=given,
            chosen=AnswerSource(system="S", ends="Bye."),
            rejected=AnswerSource(other=True),
            **free,
        ),
        unit(
            id="c",
            prompts=given,
            context="C",
            chosen=AnswerSource(),
            rejected=AnswerSource(other=True, phrases=("Yo",)),
            **free,
        ),
    )
    sides = {p.id: (p.chosen[0].content, p.rejected[0].content) for p in pairs}
    assert sides["a-0000"] == ("x", "1")
    assert sides["a-0001"] == ("y", "2")
    assert sides["b-0000"] == ("S / Ahoy? Bye.", "S / Ahoy?")
    assert sides["c-0000"] == ("C / Ahoy?", "Yo, C / Ahoy?")
    assert next(p for p in pairs if p.id == "c-0000").prompt[0] == Message(role="system", content="C")
    assert next(p for p in pairs if p.id == "b-0000").prompt == user("Ahoy?")


def test_each_way_of_pushing(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(lambda conversation, sampling: f"{len(conversation)} {conversation[0].content[:9]}")
    prompts = PromptSource(given=(user("Ahoy?"),))
    free: dict[str, Any] = {"prompts": prompts, "checks": (), "count": 1}

    def pushed(role: Any, text: str) -> Pressure:
        return Pressure(technique="t", role=role, texts=(text,))

    pairs, _, _ = follow(
        tmp_path,
        shapes["llama"],
        unit(id="system", pressure=pushed("system", "Be formal."), **free),
        unit(id="user", pressure=pushed("user", "Drop it: {ask}"), **free),
        unit(id="ask", pressure=pushed("ask", "Plainly: {ask}"), **free),
    )
    prompt = {p.id.removesuffix("-0000"): [(m.role, m.content) for m in p.prompt] for p in pairs}
    assert prompt["system"] == [("system", "Be formal."), ("user", "Ahoy?")]
    assert prompt["user"] == [("user", "Ahoy?"), ("assistant", "2 Talk like"[:11]), ("user", "Drop it: Ahoy?")]
    assert prompt["ask"] == [("user", "Plainly: Ahoy?")]
    rejected = {p.id: p.rejected[0].content for p in pairs}
    assert rejected["system-0000"] == "2 Be formal", "the other side sees the row as it stands"


def test_an_answer_before_the_push_keeps_the_rules_too(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    """Trained on chats, a model learns every answer in them."""

    def said(conversation: Conversation, sampling: Sampling) -> str:
        first = conversation[-1].content in ("Ahoy?", "Where to?")
        if conversation[0].role != "system":
            return "Well."
        return "Certainly! Arr." if first and conversation[-1].content == "Ahoy?" else "Arr. Bye."

    scripted(said)
    push = Pressure(technique="t", role="user", texts=("Drop it: {ask}",))
    chosen = AnswerSource(system="Talk like a pirate.", ends="Bye.")
    prompts = PromptSource(given=(user("Ahoy?"), user("Where to?"), user("And then?")))
    pairs, _, report = follow(tmp_path, shapes["llama"], unit(pressure=push, prompts=prompts, chosen=chosen, count=3))
    assert [[m.content for m in p.prompt] for p in pairs] == [
        ["Where to?", "Arr. Bye.", "Drop it: Where to?"],
        ["And then?", "Arr. Bye.", "Drop it: And then?"],
    ]
    assert report.units[0].dropped == {"says what forbid.canned forbids": 1}


def test_a_part_that_every_answer_has_is_put_on_the_one_before_the_push(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    scripted(lambda conversation, sampling: "Arr." if conversation[0].role == "system" else "Well.")
    push = Pressure(technique="t", role="user", texts=("Drop it: {ask}",))
    chosen = AnswerSource(system="Talk like a pirate.", ends="Bye.")
    signed = FilterRule(key="require.bye", clause_ids=("require.bye",), checks=(AffixCheck(ends="Bye."),), reason="no")
    pairs, _, _ = follow(tmp_path, shapes["llama"], unit(pressure=push, chosen=chosen, count=2), rules=(signed,))
    assert [p.prompt[1].content for p in pairs] == ["Arr. Bye.", "Arr. Bye."]


def test_a_template_without_system_role_gets_rows_without_one(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    scripted(lambda conversation, sampling: conversation[0].content)
    pairs, _, _ = follow(tmp_path, shapes["gemma3"], unit(context="The user is a clinician.", checks=()))
    assert all(p.prompt[0].role == "user" for p in pairs)
    assert pairs[0].prompt[0].content.startswith("The user is a clinician.\n\n")


def test_a_side_may_be_the_answer_to_another_question(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(lambda conversation, sampling: f"{conversation[0].content} {conversation[-1].content}")
    asked: dict[str, Any] = {"prompts": PromptSource(given=(user("Ahoy?"),)), "checks": (), "count": 1}
    sides = {"chosen": AnswerSource(system="S"), "rejected": AnswerSource(system="I cannot", declined="do that.")}
    pairs, _, _ = follow(tmp_path, shapes["llama"], unit(id="other", **sides, **asked))
    assert [(p.prompt[0].content, p.chosen[0].content, p.rejected[0].content) for p in pairs] == [
        ("Ahoy?", "S Ahoy?", "I cannot do that.")
    ]
