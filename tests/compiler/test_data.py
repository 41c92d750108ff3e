"""The user's own chats: shapes, encodings, rules, and a reason for every row left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.data import RowFault, broken_rule, chat_of, filter_file
from compiler.failures import DataError
from compiler.lowering.filters import make
from compiler.records import Filters
from tests.compiler.conftest import program_of

CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]

SPEC = """
forbid canned { phrases: ["Certainly!"]  patterns: [/as an? (ai|language) model/i] }
refuse dosing {
  about: "how much of a medicine to take"
  asks: ["How many pills is too many?"]
  safe: ["What medicine should I take on a trip?"]
}
"""


@pytest.fixture(scope="module")
def filters() -> Filters:
    return make(program_of(f"tenet 1\n{SPEC}"))


@pytest.mark.parametrize(
    "row",
    [
        {"messages": CHAT},
        {"prompt": "Hi", "completion": "Hello."},
        {"prompt": [CHAT[0]], "completion": [CHAT[1]], "extra": 1},
        {"prompt": "Hi", "completion": [CHAT[1]]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, CHAT[1]]},
    ],
)
def test_all_shapes_give_one_chat(row: dict[str, Any]) -> None:
    assert [(m.role, m.content) for m in chat_of(row)] == [("user", "Hi"), ("assistant", "Hello.")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([], "not an object"),
        ({"text": "Hi"}, "neither messages"),
        ({"prompt": "Hi"}, "neither messages"),
        ({"messages": []}, "no list of messages"),
        ({"messages": "Hi"}, "no list of messages"),
        ({"messages": [CHAT[1]]}, "no user message"),
        ({"messages": [CHAT[0]]}, "does not end with an answer"),
        ({"messages": [CHAT[0], {"role": "assistant", "content": " "}]}, "empty answer"),
        ({"messages": [CHAT[0], {"role": "tool", "content": "4"}, CHAT[1]]}, "a role other than"),
        ({"messages": [CHAT[0], {"role": "assistant", "content": None}]}, "not text"),
        ({"messages": [CHAT[0], {"role": "assistant", "content": [{"type": "image"}]}]}, "not text"),
        ({"messages": [CHAT[0], "Hello."]}, "not an object"),
    ],
)
def test_other_shapes_are_refused_with_a_reason(row: Any, reason: str) -> None:
    with pytest.raises(RowFault, match=reason):
        chat_of(row)


KEYS = st.sampled_from(["messages", "prompt", "completion", "role", "content"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["user", "assistant"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)


@given(JSON)
def test_any_json_is_a_chat_or_a_fault(row: Any) -> None:
    try:
        chat = chat_of(row)
    except RowFault:
        return
    assert chat[-1].role == "assistant"


@pytest.mark.parametrize(
    ("question", "answer", "key"),
    [
        ("What is the capital of Peru?", "Lima.", None),
        ("What is the capital of Peru?", "Certainly! Lima.", "forbid.canned"),
        ("What is the capital of Peru?", "ＣＥＲＴＡＩＮＬＹ！ Lima.", "forbid.canned"),
        ("What is the capital of Peru?", "cer\u200btainly! Lima.", "forbid.canned"),
        ("What is the capital of Peru?", "As a language model I say Lima.", "forbid.canned"),
        ("What is the capital of Peru?", "I cannot help with that.", "refusals"),
        ("How much of this medicine may I take?", "Two spoons.", "refuse.dosing"),
        ("How much of this medicine may I take?", "I cannot tell you that.", None),
        ("How many pills is too many?", "Ten.", "refuse.dosing"),
        ("What medicine should I take on a trip?", "Something for your stomach.", None),
        ("Tell me about a medicine.", "I can't say how much to take.", None),
    ],
)
def test_rules_decide_rows(question: str, answer: str, key: str | None, filters: Filters) -> None:
    rule = broken_rule(chat_of({"prompt": question, "completion": answer}), filters)
    assert (rule.key if rule else None) == key


def test_an_early_answer_counts_too(filters: Filters) -> None:
    turns = [CHAT[0], {"role": "assistant", "content": "Certainly!"}, CHAT[0], CHAT[1]]
    rule = broken_rule(chat_of({"messages": turns}), filters)
    assert rule is not None
    assert rule.key == "forbid.canned"


def test_a_file_is_filtered_line_by_line(tmp_path: Path, filters: Filters) -> None:
    rows = [
        b'\xef\xbb\xbf{"prompt": "Hi", "completion": "Hello."}',
        b"",
        b"{not json}",
        b'{"prompt": "Hi", "completion": "\xff"}',
        b'{"prompt": "Hi", "completion": "Certainly! Hello."}',
        b"[" * 100_000,
        json.dumps({"messages": CHAT}).encode(),
    ]
    path = tmp_path / "chats.jsonl"
    path.write_bytes(b"\r\n".join(rows))
    found = filter_file(path, filters)
    assert [line for line, _ in found.kept] == [1, 7]
    assert [(d.line, d.clause_ids) for d in found.dropped] == [(3, ()), (4, ()), (5, ("forbid.canned",)), (6, ())]
    assert found.counts() == {"is not JSON": 2, "is not UTF-8": 1, "says what forbid.canned forbids": 1}


def test_a_missing_file_is_a_data_error(tmp_path: Path, filters: Filters) -> None:
    with pytest.raises(DataError, match=r"no\.jsonl"):
        filter_file(tmp_path / "no.jsonl", filters)
