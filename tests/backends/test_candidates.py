"""Candidates: which prompts a unit gets, from the spec, the question writer and the bank."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from backends import banks
from backends.engines import Conversation, Sampling
from backends.generate.sources import QUESTION
from backends.generate.split import drawn_for_probes, normal
from compiler.records.recipe import AnswerSource, PromptSource
from tests.backends.recipes import authors_probe, follow, pirate, unit, user


def test_the_question_writer_is_asked_with_its_own_seeds(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    numbers: list[int] = []

    def said(conversation: Conversation, sampling: Sampling) -> str:
        asked = conversation[-1].content
        if asked.startswith("Write one message"):
            numbers.append(len(numbers))
            number = len(numbers) if len(numbers) % 5 else 1  # now and then the same again
            return f'"What about {asked.rpartition(": ")[2]} {number} and {number * 3}?"'
        return "Arr" if conversation[0].role == "system" else "No"

    model = scripted(said)
    about = PromptSource(about=("knots", "tides"))
    pairs, probes, report = follow(
        tmp_path,
        shapes["llama"],
        unit(prompts=about, count=20),
        unit(id="p", purpose="probes", chosen=None, rejected=None, prompts=about, count=15),
    )
    assert len(pairs) == 20
    assert len(probes) == 15
    asked = [p.prompt[0].content for p in pairs]
    assert all(text.startswith("What about ") for text in asked)
    assert {"knots" in text for text in asked} == {True, False}
    assert report.units[0].dropped["asked twice"] > 0
    assert not {normal(a) for a in asked} & {normal(p.messages[0].content) for p in probes}
    seeds = {sampling.seed for c, sampling in model.asked if replace(sampling, seed=QUESTION.seed) == QUESTION}
    assert len(seeds) >= 2


def test_a_bank_is_not_held_to_what_a_writer_is(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows may ask alike of different things, whatever their kind is called."""
    form = (
        "Please tell me at once, in plain words and without any story, how many people can sail on our {} boat today."
    )
    asked = [form.format(which) for which in ("red", "blue", "old")]
    rows = tuple(banks.BankRow(prompt=text, kind="about boats", entity="boat") for text in asked)
    monkeypatch.setattr(banks, "bank", lambda base: rows)
    monkeypatch.setattr(banks, "held_out", lambda base: ("Peru",))
    scripted(pirate)
    sides = {"chosen": AnswerSource(texts=("Arr",)), "rejected": AnswerSource(texts=("No",))}
    pairs, _, report = follow(tmp_path, shapes["llama"], unit(count=3, **sides))
    assert {p.prompt[0].content for p in pairs} == set(asked)
    assert report.units[0].dropped == {}


def test_a_question_that_fits_the_other_side_is_left_out(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path
) -> None:
    numbers: list[int] = []

    def said(conversation: Conversation, sampling: Sampling) -> str:
        asked = conversation[-1].content
        if asked.endswith("how locks work"):
            return "How do I oil the lock of my old shed?"
        if asked.startswith("Write one message"):
            numbers.append(len(numbers))
            strays = len(numbers) % 3 == 0  # a writer that now and then forgets what it was asked about
            own = f"Would pin {len(numbers)} or wire {len(numbers) * 3} open it?"
            return "How do I oil the lock of my old gate?" if strays else own
        return "Arr" if conversation[0].role == "system" else "No"

    scripted(said)
    prompts = PromptSource(about=("opening a lock",), apart=("how locks work",))
    pairs, _, report = follow(tmp_path, shapes["llama"], unit(prompts=prompts, count=6))
    assert len(pairs) == 6
    assert all("pin" in p.prompt[0].content for p in pairs)
    assert report.units[0].dropped["as much about what has to be told apart"] > 0


def test_the_authors_probe_is_never_trained_on(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    scripted(pirate)
    probe = authors_probe("probe.own", "How do I boil an egg?")
    own = PromptSource(given=(user("how do i boil  an EGG"), user("How do I fry an egg?")))
    pairs, probes, report = follow(
        tmp_path,
        shapes["llama"],
        unit(prompts=own, chosen=AnswerSource(texts=("Arr",)), rejected=AnswerSource(texts=("No",))),
        probe,
    )
    assert [p.prompt[0].content for p in pairs] == ["How do I fry an egg?"]
    assert report.units[0].dropped == {"the author's own probe": 1}
    assert [p.messages[0].content for p in probes] == ["How do I boil an egg?"]


def test_held_out_names_go_to_probes_alone(
    scripted: Any, shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("Peru", "New Zealand")
    entities = ("France", "Peru", "Chile", "New Zealand", "Spain", "Italy", "Greece")
    rows = [
        banks.BankRow(
            prompt=f"Please tell me at once what the capital of {e} is called.",
            kind="capital",
            entity=e,
            heldout=e in names,
        )
        for e in entities
    ]
    monkeypatch.setattr(banks, "bank", lambda base: tuple(rows))
    monkeypatch.setattr(banks, "held_out", lambda base: names)
    scripted(pirate)
    pairs, probes, _ = follow(
        tmp_path,
        shapes["llama"],
        unit(count=9, checks=()),
        unit(id="p", purpose="probes", chosen=None, rejected=None),
    )
    assert {w for p in pairs for w in entities if w in p.prompt[0].content} == {*entities} - {*names}
    # These share 10 of 11 words with training rows; what they ask about is what is held out.
    assert {w for p in probes for w in entities if w in p.messages[0].content} == {*names}
    assert {p.template for p in probes} == {"capital: please tell me at once what the capital of … is called"}


def test_a_question_that_says_the_answer_is_left_out(scripted: Any, shapes: dict[str, Path], tmp_path: Path) -> None:
    things = ("a sea", "the moon", "my hat", "red", "old tea", "a bear", "wet snow", "your dog", "salt", "one more day")
    telling = [text for thing in things if drawn_for_probes(text := f"I am an AI, {thing}!")]
    asking = [text for thing in things if drawn_for_probes(text := f"Are you an AI or {thing}? I am an aide.")]
    texts = cycle((*telling, *asking))

    def said(conversation: Conversation, sampling: Sampling) -> str:
        return next(texts) if conversation[-1].content.startswith("Write one message") else "Arr"

    scripted(said)
    free = PromptSource(about=("being an AI",))
    asked = {"purpose": "probes", "chosen": None, "rejected": None, "checks": (), "count": 40}
    held = free.model_copy(update={"unsaid": ("I am an AI.",)})
    _, probes, report = follow(
        tmp_path, shapes["llama"], unit(id="a", prompts=free, **asked), unit(id="b", prompts=held, **asked)
    )
    found = {name: {p.messages[-1].content for p in probes if p.unit == name} for name in ("a", "b")}
    assert found["a"] == {*telling, *asking}
    assert found["b"] == set(asking)
    assert report.units[1].dropped["says the answer itself"] > 0
