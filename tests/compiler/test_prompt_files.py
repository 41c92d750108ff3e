"""The user's own prompts: every kind of file gives the same, and a row without one is named by file and line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import ipc, parquet

from compiler.chat_rows import RowFault
from compiler.failures import DataError
from compiler.prompt_files import content_digest, count_prompts, read_prompts

ROWS: list[dict[str, Any]] = [
    {"prompt": "Is it late?", "clause": None},
    {"prompt": "How do I open\na lock?", "clause": "locks"},
    {"prompt": "Who are you?", "clause": "persona.Polly"},
]
CLAUSES = (("refuse.locks", "locks"), ("persona.Polly", "Polly"))


def json_lines(path: Path) -> None:
    path.write_text("".join(json.dumps({k: v for k, v in row.items() if v}) + "\n" for row in ROWS))


def comma(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.DictWriter(stream, ["clause", "prompt"])
        writer.writeheader()
        writer.writerows(ROWS)


def parquet_file(path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist(ROWS), path)


def arrow_stream(path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    with ipc.new_stream(str(path), table.schema) as sink:
        sink.write_table(table, max_chunksize=2)


def arrow_file(path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    with ipc.new_file(str(path), table.schema) as sink:
        sink.write_table(table)


def saved(path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.DatasetDict({"train": datasets.Dataset.from_list(ROWS[:2]), "test": datasets.Dataset.from_list(ROWS[2:])})\
        .save_to_disk(str(path))  # fmt: skip


KINDS: dict[str, Callable[[Path], None]] = {
    "a.jsonl": json_lines, "a.csv": comma, "a.parquet": parquet_file, "a.arrow": arrow_stream, "b.arrow": arrow_file,
    "a_set": saved,
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_file_gives_the_same_prompts(name: str, tmp_path: Path) -> None:
    KINDS[name](tmp_path / name)
    found = [prompt for _, prompt in read_prompts(tmp_path / name, name)]
    assert not any(isinstance(prompt, RowFault) for prompt in found)
    assert [(p.messages[-1].content, p.clause) for p in found if not isinstance(p, RowFault)] == [
        (row["prompt"], row["clause"]) for row in ROWS
    ]
    counted = count_prompts(tmp_path / name, name, CLAUSES)
    assert counted.by_clause == {"persona.Polly": 1, "refuse.locks": 1}
    assert counted.everyday == 1


def test_a_text_file_holds_a_prompt_a_line_and_messages_end_with_the_user(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Is it late?\n\n  Who are you?\n")
    assert [line for line, _ in read_prompts(tmp_path / "a.txt", "a.txt")] == [1, 3]
    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]
    rows = [{"messages": [*talk, {"role": "user", "content": "Is it late?"}, talk[1]]}, "Who are you?"]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = [
        prompt.messages for _, prompt in read_prompts(tmp_path / "a.jsonl", "a") if not isinstance(prompt, RowFault)
    ]
    assert [[m.content for m in messages] for messages in found] == [["Hi", "Yes?", "Is it late?"], ["Who are you?"]]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.jsonl", '{"prompt": "Hi"}\n{"prompt": ""}\n', "a.jsonl:2 has no prompt"),
        ("a.jsonl", '{"prompt": "Hi"}\n\n{"prompt"\n', "a.jsonl:3 is not JSON"),
        ("a.jsonl", '{"messages": [{"role": "assistant", "content": "Hi"}]}\n', "a.jsonl:1 holds nothing that a user"),
        ("a.jsonl", '{"prompt": "Hi", "clause": "refuse.lock"}\n', "a.jsonl:1 names refuse.lock, which is no clause"),
        ("a.csv", 'prompt,clause\n"Is\nit?",\nHi\n', "a.csv:4 has not the header's 2 columns"),
        ("a.csv", "question_text,topic\nHi,locks\n", "a.csv:1 names no column of prompts"),
        ("a.txt", "\n\n", "a.txt holds no prompt"),
        ("a.arrow", "no arrow", "a.arrow cannot be read"),
    ],
)
def test_a_row_without_a_prompt_is_named_by_file_and_line(name: str, text: str, place: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as caught:
        count_prompts(tmp_path / name, name, CLAUSES)
    assert place in caught.value.message
    assert caught.value.help


def test_the_hash_of_a_folder_covers_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a").write_text("1")
    first = content_digest(tmp_path / "set")
    (tmp_path / "set" / "a").rename(tmp_path / "set" / "b")
    renamed = content_digest(tmp_path / "set")
    (tmp_path / "set" / "b").write_text("23")
    assert len({first, renamed, content_digest(tmp_path / "set")}) == 3
