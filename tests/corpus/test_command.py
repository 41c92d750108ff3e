"""`tenet filter` and `tenet lint-data` as commands: what they print, where things go, what they refuse."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from compiler.cli import execute

SPEC = 'tenet 1\nforbid canned { phrases: ["Certainly!"] }\n'


def chat(answer: str) -> str:
    said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": said}) + "\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tenet").write_text(SPEC, encoding="utf-8")
    (tmp_path / "in.jsonl").write_text(chat("Hello.") + chat("Certainly! Hello.") + "{\n", encoding="utf-8")
    return tmp_path


def test_what_is_kept_and_why_the_rest_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["filter", "a.tenet", "in.jsonl", "-o", "out.jsonl"]) == 0
    assert Path("out.jsonl").read_text(encoding="utf-8") == chat("Hello.")
    assert capsys.readouterr().out.splitlines() == [
        "out.jsonl: 1 of 3 rows kept (33.3%)",
        "          1 says what forbid.canned forbids  (a.tenet:2:1)",
        "            line 2: Certainly! Hello.",
        "          1 set aside: the row is not JSON  (first in line 3)",
    ]
    report = json.loads(Path("out.jsonl.filter.json").read_text(encoding="utf-8"))
    assert report["rules"][0]["clause_ids"] == ["forbid.canned"]


def test_a_reason_whose_first_line_is_not_told_has_no_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bin.jsonl").write_bytes(b"\xff\n" * 20 + b"{\n")
    assert execute(["filter", "a.tenet", "bin.jsonl", "-o", "out.jsonl"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "         20 set aside: the row is not UTF-8  (first in line 1)",
        "          1 set aside: the row is not JSON",
    ]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"prompt,completion\nHi,Hello.\n", "a.csv is a .csv file"),
        ("a.CSV.gz", gzip.compress(b"prompt,completion\n"), "is a .csv file"),
        ("a.json", b'\xef\xbb\xbf\n [\n  {"prompt": "Hi"}\n]\n', "a.json is a JSON array"),
        ("a.json.gz", gzip.compress(b"[]"), "is a JSON array"),
    ],
    ids=["csv", "packed csv", "json", "packed json"],
)
def test_what_has_no_row_in_a_line_is_refused(
    name: str, data: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(name).write_bytes(data)
    before = set(Path().iterdir())
    assert execute(["filter", "a.tenet", name, "-o", "out.jsonl"]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert said in told
    assert "JSON Lines (.jsonl, .gz, .zst), Parquet" in told
    assert set(Path().iterdir()) == before


def test_json_lines_may_be_called_json() -> None:
    Path("a.json").write_text(chat("Hello."), encoding="utf-8")
    assert execute(["filter", "a.tenet", "a.json", "-o", "out.jsonl"]) == 0
    assert Path("out.jsonl").read_text(encoding="utf-8") == chat("Hello.")


def test_several_inputs_go_into_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("more").mkdir()
    Path("more/b.jsonl").write_text(chat("Hi."), encoding="utf-8")
    assert execute(["filter", "a.tenet", "in.jsonl", "more/b.jsonl", "-o", "kept", "--json"]) == 0
    assert [report["kept"] for report in json.loads(capsys.readouterr().out)] == [1, 1]
    assert Path("kept/b.jsonl").read_text(encoding="utf-8") == chat("Hi.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in.jsonl", "-o", "in.jsonl"], "is the input itself"),
        (["in.jsonl", "-o", "out.parquet"], "goes into a file that ends in .jsonl"),
        (["in.jsonl", "more/in.jsonl", "-o", "kept"], "two inputs would both become kept/in.jsonl"),
    ],
)
def test_places_that_would_lose_something_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("more").mkdir()
    Path("more/in.jsonl").write_text(chat("Hi."), encoding="utf-8")
    before = Path("in.jsonl").read_bytes()
    assert execute(["filter", "a.tenet", *arguments]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert Path("in.jsonl").read_bytes() == before


@pytest.mark.parametrize(("name", "said"), [("none.jsonl", "is not there"), ("empty", "is a folder without rows")])
def test_an_input_that_cannot_be_used_is_a_fault_of_usage(
    name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    assert execute(["filter", "a.tenet", name, "-o", "out.jsonl"]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
