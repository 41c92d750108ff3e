"""Fast decisions are plain ones, over lines with every known hazard; `python -m tests.corpus.rows` tries more."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from compiler.corpus.deciding import Decider, reference
from compiler.records.checks import PatternsCheck, PhrasesCheck
from compiler.records.filters import FilterRule, Filters
from tests.corpus import rows


@pytest.mark.parametrize("seed", range(8))
def test_fast_decisions_are_plain_ones(seed: int) -> None:
    dice = random.Random(seed)
    chunk = b"".join(rows.line(dice) for _ in range(500))
    assert rows.differences(chunk, rows.filters(dice)) == []


def forbid(*phrases: str) -> Filters:
    check = PhrasesCheck(phrases=phrases, present=False)
    return Filters(rules=(FilterRule(key="f", clause_ids=("f",), checks=(check,), reason="says it"),))


def chat(answer: str) -> bytes:
    return (
        b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "%s"}]}\n' % answer.encode()
    )


def test_lines_without_a_needed_letter_are_not_read() -> None:
    decider = Decider(forbid("Certainly!"))
    chunk = chat("Hello.") * 100 + chat("Cer\\ntain\\nly!") + chat("Certainly!") + chat("Caf\u00e9.")
    decided = decider.decide(chunk)
    assert [lost.line for lost in decided.lost] == [101]
    assert decided == reference(chunk, forbid("Certainly!"))
    must_read = decider._scanner.scan(chunk).must_read
    assert must_read.tolist() == [False] * 100 + [True, True, False]


def test_a_line_need_not_end() -> None:
    assert Decider(forbid("a")).decide(chat("b").rstrip()).rows == 1


def test_blank_lines_are_no_rows() -> None:
    decided = Decider(forbid("a")).decide(b"\n" + chat("b") + b"  \n")
    assert (decided.lines, decided.rows, decided.blank) == (3, 1, ((0, 0), (len(chat("b")) + 1, len(chat("b")) + 3)))


@pytest.mark.parametrize(
    "wide", [[f"a{n}.{{0,200}}b{n}" for n in range(200)], [f"a{n}.{{0,1000}}b" for n in range(30)]]
)
def test_expressions_that_are_too_large_together_are_asked_apart(wide: list[str]) -> None:
    check = PatternsCheck(patterns=tuple(wide), present=False)
    filters = Filters(rules=(FilterRule(key="f", clause_ids=("f",), checks=(check,), reason="matches"),))
    chunk = chat("Nothing.") * 3 + chat("a7 and then b7 b")
    assert [lost.line for lost in Decider(filters).decide(chunk).lost] == [3]


SAYS_IT = "Certainly! Hello."
ANSWERED = [{"role": "assistant", "content": SAYS_IT}]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"completion": SAYS_IT}, "says it"),
        ({"prompt": "Hi", "completion": ANSWERED}, "says it"),
        ({"chosen": SAYS_IT, "rejected": "Go."}, "says it"),
        ({"rejected": SAYS_IT}, "says it"),
        ({"text": SAYS_IT}, "says it"),
        ({"conversations": [{"from": "gpt", "value": SAYS_IT}]}, "says it"),
        ({"completion": 3}, "has a completion that is not text"),
        ({"chosen": "Hello.", "rejected": {"said": "Go."}}, "has a rejected that is not text"),
        ({"chosen": "Hello.", "rejected": SAYS_IT}, None),
        ({"prompt": SAYS_IT, "completion": "", "text": None}, None),
    ],
)
def test_all_columns_are_read_that_a_trainer_could_read(columns: dict[str, Any], reason: str | None) -> None:
    filters = forbid("Certainly!")
    chunk = chat("Hello.") * 100 + json.dumps(json.loads(chat("Hello.")) | columns).encode()
    decided = Decider(filters).decide(chunk)
    assert [(lost.line, lost.reason) for lost in decided.lost] == ([(100, reason)] if reason else [])
    assert decided == reference(chunk, filters)


def test_a_text_beside_a_completion_is_read() -> None:
    row = json.dumps({"prompt": "Hi", "completion": "Hello.", "text": SAYS_IT}).encode()
    assert [lost.reason for lost in Decider(forbid("Certainly!")).decide(row).lost] == ["says it"]
