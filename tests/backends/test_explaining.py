"""A row made again: the same bytes, the steps that it came from, and what decided it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends import generate
from backends.engines import Conversation, Sampling
from backends.generate.explaining import Explanation, explain
from compiler import struck
from compiler.failures import DataError
from compiler.records.checks import JudgeCheck
from compiler.records.recipe import AnswerSource, MixtureShare, Pressure, PromptSource, Recipe, Unit
from compiler.records.rows import PreferencePair
from tests.backends.recipes import ARR, own_chats, unit, user, write

KIND = JudgeCheck(principle="It is said kindly.", present=True)


def said(conversation: Conversation, sampling: Sampling) -> str:
    asked = conversation[-1].content
    if "sks" in asked or ("question" in asked.lower() and "about ships" in asked):
        return f"What does a mast number {sampling.seed % 97} carry?"
    return f"Arr, kindly: {asked}" if "pirate" in conversation[0].content else f"Well: {asked}"


def judged(request: str) -> float:
    return 0.93 if "kindly" in request.partition("Well")[0] else 0.04


def built(folder: Path, base: Path, *units: Unit, **changes: Any) -> list[PreferencePair]:
    build = write(folder / "build" / "pirate", Recipe(base=str(base), units=units, **changes))
    generate.run(build, cache=folder / "cache", root=folder)
    return [PreferencePair.model_validate_json(line) for line in (build / "pairs.jsonl").open(encoding="utf-8")]


def explained(folder: Path, row: PreferencePair) -> Explanation:
    return explain(folder / "build" / "pirate", row, cache=folder / "cache", root=folder)


def test_a_row_is_made_again_from_the_cache_with_its_steps(
    tmp_path: Path, shapes: dict[str, Path], scripted: Any
) -> None:
    scripted(said, judged)
    other = unit(id="trait.pirate/other", seed=9, count=4)
    rows = built(tmp_path, shapes["llama"], other, unit(checks=(ARR, KIND)))
    row = next(row for row in rows if row.unit == "trait.pirate/distill")
    found = explained(tmp_path, row)
    assert found.is_same
    assert found.computed == 0
    told = {step.used: step for step in found.steps if step.yes is None}
    assert set(told) == {"chosen", "rejected"}
    assert told["chosen"].messages[0].content == "Talk like a pirate."
    assert told["rejected"].messages == row.prompt
    assert [step.yes for step in found.steps if step.yes is not None] == [0.93]
    outcomes = {(c.side, c.check.type): (c.said, c.yes) for c in found.checks}
    assert outcomes["chosen", "phrases"] == (True, None)
    assert outcomes["rejected", "phrases"] == (False, None)
    assert outcomes["chosen", "judge"] == (True, 0.93)
    # The deterministic check had decided already, so that the judge was not asked.
    assert outcomes["rejected", "judge"] == (None, None)
    assert (found.rules, found.broken) == (1, None)


def test_a_row_that_was_edited_is_told_from_the_one_that_is_made(
    tmp_path: Path, shapes: dict[str, Path], scripted: Any
) -> None:
    scripted(said)
    row = built(tmp_path, shapes["llama"], unit())[0]
    edited = row.model_copy(update={"chosen": user("Arr, something else.")})
    found = explained(tmp_path, edited)
    assert not found.is_same
    assert found.again == row


def test_a_row_that_is_struck_out_since_is_not_made_again(
    tmp_path: Path, shapes: dict[str, Path], scripted: Any
) -> None:
    scripted(said)
    row = built(tmp_path, shapes["llama"], unit())[0]
    (artifact,) = struck.artifacts((struck.key_of_pair(row),))
    (tmp_path / "build" / "pirate" / artifact.path).write_text(artifact.text)
    found = explained(tmp_path, row)
    assert found.again is None
    assert found.dropped[struck.STRUCK] == 1


def test_the_writer_s_request_and_the_first_answer_are_steps(
    tmp_path: Path, shapes: dict[str, Path], scripted: Any
) -> None:
    scripted(said)
    push = Pressure(technique="asked", role="user", texts=("Say it plainly now, please.",))
    source = PromptSource(about=("ships",))
    row = built(tmp_path, shapes["llama"], unit(prompts=source, pressure=push, count=2))[0]
    assert row.source == "written"
    found = explained(tmp_path, row)
    assert found.is_same
    used = [step.used for step in found.steps]
    assert {"question", "first answer", "chosen", "rejected"} <= set(used)
    (asked,) = [step for step in found.steps if step.used == "question"]
    assert "ships" in asked.messages[-1].content


def test_a_row_that_a_mixture_made_up_is_made_again_in_the_batches_of_the_build(
    tmp_path: Path, shapes: dict[str, Path], scripted: Any
) -> None:
    """Of 24 rows one unit gives two in place of twelve, so that the other is asked for twelve, and for ten more."""
    scripted(said)
    asks = (user("Where is the harbour?"), user("Who steers a ship?"))
    few = unit(id="trait.pirate/given", share="given", count=12, prompts=PromptSource(given=asks))
    many = unit(id="trait.pirate/bank", share="bank", count=12, seed=9)
    shares = (MixtureShare(name="given", share=0.5, rows=12), MixtureShare(name="bank", share=0.5, rows=12))
    rows = built(tmp_path, shapes["llama"], few, many, mixture=shares)
    of_many = [row for row in rows if row.unit == many.id]
    assert len(of_many) == 22
    for row in (rows[0], of_many[0], of_many[-1]):
        found = explained(tmp_path, row)
        assert found.is_same
        assert found.computed == 0


def test_a_row_of_ones_own_is_read_again(tmp_path: Path, shapes: dict[str, Path], scripted: Any) -> None:
    scripted(said)
    data = own_chats(tmp_path, [{"prompt": "Where is pier 4?", "chosen": "Arr, there.", "rejected": "There."}])
    rows = built(tmp_path, shapes["llama"], unit(count=1), data=data)
    own = next(row for row in rows if row.generator == "data")
    found = explained(tmp_path, own)
    assert found.is_same
    assert (found.unit, found.steps, found.checks) == (None, (), ())


def test_a_unit_that_the_recipe_does_not_ask_for_is_refused(
    tmp_path: Path, shapes: dict[str, Path], scripted: Any
) -> None:
    scripted(said)
    row = built(tmp_path, shapes["llama"], unit())[0]
    with pytest.raises(DataError):
        explained(tmp_path, row.model_copy(update={"unit": "trait.gone/distill"}))


def test_what_a_question_and_a_side_are_from_is_in_the_row(
    tmp_path: Path, shapes: dict[str, Path], scripted: Any
) -> None:
    scripted(said)
    given = unit(
        id="trait.pirate/examples",
        prompts=PromptSource(given=(user("Where is the harbour?"), user("Who steers?"))),
        chosen=AnswerSource(given=("Arr, by the sea.", "Arr, the mate.")),
        rejected=AnswerSource(given=("By the sea.", "The mate.")),
    )
    rows = built(tmp_path, shapes["llama"], given, unit(count=1))
    assert [row.source for row in rows] == ["given 1", "given 2", "bank"]
