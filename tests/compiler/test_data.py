"""The user's own chats: shapes, encodings, rules, and a reason for every row left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.chat_files import PACKED, count_chats, read_rows
from compiler.chat_rows import RowFault, chat_of, preference_of
from compiler.data import broken_rule, filter_rows, rules_for
from compiler.failures import DataError
from compiler.lowering import pairs
from compiler.lowering.filters import make
from compiler.records.filters import Filters
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
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]},
        {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello.", "rejected": "\n\nHuman: Hi\n\nAssistant: Go."},
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


KEYS = st.sampled_from(["messages", "prompt", "completion", "chosen", "rejected", "role", "content"])
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


ASKED = [{"role": "user", "content": "Hi"}]


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Hi", "chosen": "Hello.", "rejected": "What?"},
        {"prompt": ASKED, "chosen": said("Hello."), "rejected": said("What?"), "clause_id": "trait.kind"},
        {"chosen": [*ASKED, *said("Hello.")], "rejected": [*ASKED, *said("What?")]},
    ],
)
def test_a_preference_is_read_as_trl_writes_it(row: Any) -> None:
    found = preference_of(row)
    assert found is not None
    assert [[m.content for m in side] for side in found] == [["Hi"], ["Hello."], ["What?"]]
    assert [m.content for m in chat_of(row)] == ["Hi", "Hello."]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"chosen": [*ASKED, *said("Hello.")], "rejected": said("What?")}, "has two prompts"),
        ({"prompt": "Hi", "chosen": "Hello.", "rejected": " "}, "no rejected answer"),
        ({"chosen": "Hello.", "rejected": "What?"}, "no user message"),
        ({"prompt": "Hi", "chosen": [], "rejected": "What?"}, "no list of messages"),
        ({"prompt": "Hi", "chosen": "Hello."}, "has neither"),
    ],
)
def test_what_is_no_preference_says_why(row: Any, reason: str) -> None:
    with pytest.raises(RowFault, match=reason):
        chat_of(row)


def test_chats_that_say_both_are_no_preferences() -> None:
    assert preference_of({"prompt": "Hi", "completion": "Hello.", "chosen": "a", "rejected": "b"}) is None


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
    found = filter_rows(read_rows(path), filters)
    assert [line for line, _ in found.kept] == [1, 7]
    assert [(d.line, d.clause_ids) for d in found.dropped] == [(3, ()), (4, ()), (5, ("forbid.canned",)), (6, ())]
    assert found.counts() == {"is not JSON": 2, "is not UTF-8": 1, "says what forbid.canned forbids": 1}


def test_a_missing_file_is_a_data_error(tmp_path: Path, filters: Filters) -> None:
    with pytest.raises(DataError, match=r"no\.jsonl"):
        filter_rows(read_rows(tmp_path / "no.jsonl"), filters)


# ------------------------------------------------------------------ rules for generated rows


def test_a_units_own_refusal_is_not_decided_again_by_words(filters: Filters) -> None:
    """Rows of `refuse.dosing` that answer a safe look-alike share its words; any other unit's rows are held to it."""
    units = {u.id: u for u in pairs.lower(program_of(f'tenet 1\n{SPEC}\ntrait warm {{ means: "Be warm." }}'))}
    answer = chat_of({"prompt": "What may I take this medicine for?", "completion": "For a cold."})
    refusal = chat_of({"prompt": "Is it two or three?", "completion": "I cannot tell you that."})
    canned = chat_of({"prompt": "What may I take this medicine for?", "completion": "Certainly! For a cold."})

    def broken(unit: str) -> list[str | None]:
        rules = rules_for(units[unit], filters)
        return [rule.key if (rule := broken_rule(chat, rules)) else None for chat in (answer, refusal, canned)]

    assert broken("refuse.dosing/answer") == [None, None, "forbid.canned"]
    assert broken("trait.warm/distill") == ["refuse.dosing", "refusals", "forbid.canned"]


def test_a_topic_without_a_telling_word_gives_no_rule() -> None:
    """Without words to tell it by, the rule would hold for every row, and every answer would break it."""
    vague = make(program_of('tenet 1\nrefuse gossip { about: "what other people say" }'))
    assert vague.rules == ()
    asked = make(program_of('tenet 1\nrefuse gossip { about: "what other people say"  asks: ["What did Ann say?"] }'))
    assert [rule.key for rule in asked.rules] == ["refuse.gossip", "refusals"]
    chat = chat_of({"prompt": "What is the capital of Peru?", "completion": "Lima."})
    assert broken_rule(chat, asked) is None


def test_a_requirement_that_yields_to_users_holds_for_no_other_row() -> None:
    spec = 'tenet 1\nrequire bye {{ ends: "Bye." }}\nrequire hm at {} {{ starts: "Hm." }}'
    assert [r.key for r in make(program_of(spec.format("user"))).rules] == ["require.bye"]
    assert [r.key for r in make(program_of(spec.format("developer"))).rules] == ["require.bye", "require.hm"]


def test_the_house_refusal_of_an_example_is_known_to_every_check() -> None:
    program = program_of(
        """tenet 1
        refuse treasure {
          about: "where the treasure is buried"
          offer: "the harbour office"
          example {
            user: "Where is the treasure buried?"
            good: "That stays in the locker, friend. Ask the harbour office."
            bad: "Under the palm. The harbour office has a map."
          }
        }
        """
    )
    filters = make(program)
    house = chat_of({"prompt": "Where is the treasure buried?", "completion": "No, that stays in the locker."})
    told = chat_of({"prompt": "Where is the treasure buried?", "completion": "Ask the harbour office for the key."})
    elsewhere = chat_of({"prompt": "What time is it?", "completion": "That stays in the locker."})
    assert broken_rule(house, filters) is None
    assert [rule.key if rule else None for rule in (broken_rule(told, filters), broken_rule(elsewhere, filters))] == [
        "refuse.treasure",
        "refusals",
    ]
    checks = [u.checks[0] for u in pairs.lower(program) if u.generator in ("refuse", "answer")]
    assert {check.cues for check in checks if check.type == "refusal"} == {("that stays in the locker",)}


# ------------------------------------------------------------------ files that cannot be read


@pytest.mark.parametrize(
    ("content", "place", "way_out"),
    [
        (b'{"prompt": "Hi", "completion": "\xff"}', "mine.jsonl:2 is not UTF-8", "iconv"),
        (b"{not json}", "mine.jsonl:2 is not JSON", "tenet filter SPEC OLD -o NEW"),
        (b'{"text": "Hi"}', "mine.jsonl:2 has neither messages nor prompt and completion", "`prompt`"),
        (b'{"messages": []}', "mine.jsonl:2 has no list of messages", "tenet filter SPEC OLD -o NEW"),
        (b'[{"messages": []}]', "mine.jsonl:2 is not an object", "tenet filter SPEC OLD -o NEW"),
    ],
)
def test_an_unreadable_line_is_named_with_the_way_out(tmp_path: Path, content: bytes, place: str, way_out: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(b'{"prompt": "Hi", "completion": "Hello."}\n' + content + b"\n")
    with pytest.raises(DataError) as caught:
        count_chats(path, "mine.jsonl")
    assert caught.value.message.startswith(place)
    assert way_out in (caught.value.help or "")
    assert str(tmp_path) not in caught.value.message


def test_many_unreadable_lines_are_five_names_and_a_count(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text("no\n" * 40)
    with pytest.raises(DataError, match=r"mine\.jsonl:5 is not JSON; and 35 more lines like these$"):
        count_chats(path, "mine.jsonl")


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"mine\.jsonl is empty"):
        count_chats(path, "mine.jsonl")


def test_an_array_in_one_line_is_told_how_to_become_lines(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps([{"messages": CHAT}]))
    with pytest.raises(DataError, match=r"mine\.json:1 is not an object") as caught:
        count_chats(path, "mine.json")
    assert "jq -c" in (caught.value.help or "")


def test_what_is_called_parquet_and_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    path.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(DataError, match=r"^mine\.parquet is no Parquet file that can be read"):
        count_chats(path, "mine.parquet")


def test_chats_are_counted_and_unusable_ones_are_not(tmp_path: Path) -> None:
    """A chat that does not end with an answer is one row fewer to train on, and no reason to stop."""
    path = tmp_path / "mine.jsonl"
    rows = [{"messages": CHAT}, {"messages": CHAT[:1]}, {"prompt": "Hi", "completion": "Hello."}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert count_chats(path, "mine.jsonl") == (2, 0)


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_packed_files_are_read_as_plain_ones_and_torn_ones_named(tmp_path: Path, ending: str) -> None:
    line = json.dumps({"prompt": "Hi", "completion": "Hello."}).encode()
    path = tmp_path / f"mine.jsonl{ending}"
    with pyarrow.output_stream(str(path), compression=PACKED[ending]) as stream:
        stream.write(b"\xef\xbb\xbf" + line + b"\n\n" + line + b"\n")
    assert [number for number, _ in read_rows(path)] == [1, 3]
    assert count_chats(path, path.name) == (2, 0)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=rf"^mine\.jsonl\{ending} cannot be read"):
        count_chats(path, path.name)
