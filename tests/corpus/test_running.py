"""Files through the filter: same rows however they are packed and decided, and after every interruption."""

from __future__ import annotations

import gc
import gzip
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from compiler.corpus import reading, running, writing
from compiler.corpus.deciding import Decided, Decider, reference
from compiler.corpus.report import FilterReport, started
from compiler.failures import DataError
from compiler.progress import silent
from compiler.records.checks import PhrasesCheck
from compiler.records.filters import FilterRule, Filters
from tests.corpus import rows

FILTERS = Filters(
    rules=(
        FilterRule(
            key="forbid.canned",
            clause_ids=("forbid.canned",),
            checks=(PhrasesCheck(phrases=("Certainly!", "café"), present=False),),
            reason="says what forbid.canned forbids",
            spans=("a.tenet:1:1",),
        ),
    )
)


class Stopping(Decider):
    """Interrupted at the chunk of number `at`, and at no other."""

    def __init__(self, at: int) -> None:
        super().__init__(FILTERS)
        self.at = at
        self.seen: list[int] = []

    def decide(self, chunk: bytes) -> Decided:
        self.seen.append(len(chunk))
        if len(self.seen) == self.at:
            raise KeyboardInterrupt
        return super().decide(chunk)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 20_000)
    monkeypatch.setattr(reading, "TABLE_ROWS", 100)


def corpus(count: int = 1000) -> bytes:
    dice = random.Random(5)
    return b"".join(rows.line(dice) for _ in range(count))


def kept(lines: bytes) -> bytes:
    decided = reference(lines, FILTERS)
    gone = {(lost.start, lost.stop) for lost in decided.lost} | set(decided.blank)
    out, at = b"", 0
    for line in lines.split(b"\n")[:-1]:
        if (at, at + len(line)) not in gone:
            out += line + b"\n"
        at += len(line) + 1
    return out


def filtered(source: Path, out: Path) -> FilterReport:
    return running.filter_file(source, out, FILTERS, Decider(FILTERS), silent)


def packed(lines: bytes) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(lines)
    return bytes(sink.getvalue())


def plain(data: bytes) -> bytes:
    return data


def unpacked(data: bytes) -> bytes:
    out = b""
    while data:
        with pyarrow.CompressedInputStream(pyarrow.BufferReader(data), "zstd") as stream:
            return bytes(stream.read())
    return out


PACKINGS = [(".jsonl", plain, plain), (".jsonl.gz", gzip.compress, gzip.decompress), (".jsonl.zst", packed, unpacked)]


@pytest.mark.parametrize(("ending", "pack", "unpack"), PACKINGS)
def test_kept_rows_stand_as_they_stood(
    tmp_path: Path, ending: str, pack: Callable[[bytes], bytes], unpack: Callable[[bytes], bytes]
) -> None:
    lines = corpus()
    source, out = tmp_path / f"in{ending}", tmp_path / f"out{ending}"
    source.write_bytes(pack(lines))
    report = filtered(source, out)
    assert unpack(out.read_bytes()) == kept(lines)
    assert report.lines == 1000
    assert report.rows == report.kept + report.dropped + sum(report.set_aside.values())
    assert 0 < report.dropped < report.rows
    set_aside = (tmp_path / f"out{ending}.quarantine").read_bytes().split(b"\n")[:-1]
    why = (tmp_path / f"out{ending}.quarantine.why").read_text().split("\n")[:-1]
    assert len(set_aside) == len(why) == sum(report.set_aside.values())
    whole = lines.split(b"\n")
    for raw, reason in zip(set_aside, why, strict=True):
        number, _, words = reason.partition("\t")
        assert whole[int(number) - 1] == raw
        assert words in report.set_aside
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {
        source.name,
        *(f"out{ending}{name}" for name in ("", ".quarantine", ".quarantine.why", ".filter.json")),
    }


def test_an_interrupted_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(corpus())
    decider = Stopping(4)
    with pytest.raises(KeyboardInterrupt):
        running.filter_file(source, out, FILTERS, decider, silent)
    assert not out.exists()
    # What was written behind the journal's back is cut off.
    with (tmp_path / "out.jsonl.part").open("ab") as part:
        part.write(b'{"torn')
    report = running.filter_file(source, out, FILTERS, decider, silent)
    assert sum(decider.seen) - decider.seen[3] == len(source.read_bytes())
    assert out.read_bytes() == kept(source.read_bytes())
    other = tmp_path / "again.jsonl"
    assert filtered(source, other).model_dump() == report.model_dump()


def test_an_interrupted_table_is_closed_before_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chats = [[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]] * 250
    parquet.write_table(pyarrow.table({"messages": chats}), tmp_path / "in.parquet")
    ignored: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)

    with suppress(KeyboardInterrupt):
        running.filter_file(tmp_path / "in.parquet", tmp_path / "out.parquet", FILTERS, Stopping(2), silent)
    gc.collect()
    assert ignored == []
    assert filtered(tmp_path / "in.parquet", tmp_path / "out.parquet").kept == 250


def test_a_run_that_kept_nothing_yet_goes_on(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    canned = {"prompt": "Hi", "completion": "Certainly!"}
    source.write_bytes((json.dumps(canned) + "\n").encode() * 2000)
    decider = Stopping(3)
    with pytest.raises(KeyboardInterrupt):
        running.filter_file(source, out, FILTERS, decider, silent)
    assert {path.name for path in tmp_path.iterdir()} == {"in.jsonl", "out.jsonl.part.json"}
    assert running.filter_file(source, out, FILTERS, decider, silent).dropped == 2000
    assert sum(decider.seen) - decider.seen[2] == len(source.read_bytes())


def test_what_is_done_is_not_done_again_unless_the_input_or_a_rule_has_changed(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(corpus(100))
    first = filtered(source, out)
    out.write_bytes(b"mine\n")
    assert filtered(source, out) == first
    assert out.read_bytes() == b"mine\n"
    source.write_bytes(corpus(101))
    filtered(source, out)
    assert out.read_bytes() == kept(corpus(101))


OTHER = Filters(rules=(FILTERS.rules[0].model_copy(update={"checks": (PhrasesCheck(phrases=("e",), present=False),)}),))


@pytest.mark.parametrize("late", [False, True])
def test_what_was_done_is_done_again_once_other_rules_have_written_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    """The run by other rules is stopped after its first chunk, or before its report."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(corpus())
    first = filtered(source, out)
    told = {path: path.read_bytes() for path in tmp_path.iterdir()}
    write = writing.write_text

    def stopping(path: Path, text: str, **how: bool) -> None:
        if path == writing.report_path(out):
            raise KeyboardInterrupt
        write(path, text, **how)
        if not late:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(writing, "write_text", stopping)
        with pytest.raises(KeyboardInterrupt):
            running.filter_file(source, out, OTHER, Decider(OTHER), silent)
    assert {path: path.read_bytes() for path in told if path.exists()} != told
    assert filtered(source, out) == first
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == told


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(corpus(4000))
    rules = tmp_path / "rules.json"
    rules.write_text(FILTERS.model_dump_json())
    code = (
        "import sys; from pathlib import Path; from compiler.corpus import reading, running; reading.CHUNK = 5000\n"
        "from compiler.corpus.deciding import Decider; from compiler.records.filters import Filters\n"
        "from compiler.progress import silent\n"
        "filters = Filters.model_validate_json(Path(sys.argv[3]).read_text())\n"
        "running.filter_file(Path(sys.argv[1]), Path(sys.argv[2]), filters, Decider(filters), silent)\n"
    )
    kills = 0
    for _ in range(40):
        process = subprocess.Popen([sys.executable, "-c", code, str(source), str(out), str(rules)])
        journal = out.with_name("out.jsonl.part.json")
        before = _end(journal)
        while process.poll() is None and _end(journal) <= before:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        if process.wait() == -signal.SIGKILL:
            kills += 1
        else:
            break
        if kills == 6:
            filtered(source, out)
            break
    assert kills
    assert out.read_bytes() == kept(source.read_bytes())


def _end(journal: Path) -> int:
    try:
        return int(json.loads(journal.read_text())["end"])
    except (OSError, ValueError):
        return 0


def test_tables_keep_every_column(tmp_path: Path) -> None:
    answers = ["Hello.", "Certainly! Hello.", "", "Bonjour, café.", "Hi."] * 50
    chats = [[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": a}] for a in answers]
    table = pyarrow.table({"messages": chats, "score": list(range(250))})
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    parquet.write_table(table, source)
    report = filtered(source, out)
    result = parquet.read_table(out)
    assert result.schema == table.schema
    assert result["score"].to_pylist() == [n for n in range(250) if n % 5 in (0, 4)]
    assert (report.rows, report.kept, report.set_aside) == (250, 100, {"has an empty answer": 50})


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"prompt": ["Hi"], "completion": [b"Certainly! x"]}, "has a completion that is not text"),
        ({"prompt": [b"Hi"], "completion": ["Hello."]}, "has a prompt that is not text"),
        ({"prompt": ["Hi"], "completion": [date(2026, 1, 1)]}, "has a completion that is not text"),
        ({"messages": [[{"role": "assistant", "content": b"Certainly!"}]]}, "has content that is not text"),
    ],
)
def test_what_a_table_holds_instead_of_text_is_set_aside(
    tmp_path: Path, columns: dict[str, list[object]], reason: str
) -> None:
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    parquet.write_table(pyarrow.table(columns), source)
    assert filtered(source, out).set_aside == {reason: 1}
    assert (tmp_path / "out.parquet.quarantine").read_bytes().count(b"not text") == 1
    assert (tmp_path / "out.parquet.quarantine.why").read_text() == f"1\t{reason}\n"


def test_a_data_set_that_datasets_has_saved_is_read(tmp_path: Path) -> None:
    import datasets

    chats = [[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": f"Hello {n}."}] for n in range(10)]
    saved = datasets.Dataset.from_dict({"messages": chats})
    saved.save_to_disk(str(tmp_path / "set"))
    (file,) = reading.files_of(tmp_path / "set")
    assert filtered(file, tmp_path / "out.parquet").kept == 10
    datasets.DatasetDict({"train": saved}).save_to_disk(str(tmp_path / "sets"))
    with pytest.raises(DataError, match="several splits"):
        reading.files_of(tmp_path / "sets")


def test_several_processes_write_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(corpus())
    with running.pool(FILTERS, 2) as deciders:
        running.filter_file(source, tmp_path / "two.jsonl", FILTERS, deciders, silent)
    assert (tmp_path / "two.jsonl").read_bytes() == kept(source.read_bytes())


def test_one_output_has_one_writer(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(corpus(10))
    with writing.output(out, _fresh(source)), pytest.raises(DataError, match="another process writes"):
        filtered(source, out)


def _fresh(source: Path) -> FilterReport:
    return started(source.name, 0, 0, "", FILTERS)


@pytest.mark.parametrize(("ending", "pack", "unpack"), PACKINGS)
@pytest.mark.parametrize("lines", [b"", b"{\n"])
def test_packed_rows_are_unpacked_also_where_there_are_none(
    tmp_path: Path, lines: bytes, ending: str, pack: Callable[[bytes], bytes], unpack: Callable[[bytes], bytes]
) -> None:
    source, out = tmp_path / f"in{ending}", tmp_path / f"out{ending}"
    source.write_bytes(pack(lines))
    filtered(source, out)
    assert bool(out.read_bytes()) == (ending != ".jsonl")
    assert unpack(out.read_bytes()) == b""


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_a_table_without_rows_keeps_its_columns(tmp_path: Path, ending: str) -> None:
    table = pyarrow.table({"prompt": ["Hi"], "completion": ["Hello."], "score": [1]}).slice(0, 0)
    source, out = tmp_path / f"in{ending}", tmp_path / "out.parquet"
    if ending == ".parquet":
        parquet.write_table(table, source)
    else:
        with pyarrow.OSFile(str(source), "wb") as sink, pyarrow.ipc.new_file(sink, table.schema):
            pass
    assert filtered(source, out).rows == 0
    assert parquet.read_table(out).equals(table)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf" + corpus(3), corpus(3).rstrip(b"\n")])
def test_odd_ends(tmp_path: Path, data: bytes) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(data)
    filtered(source, out)
    bare = data.removeprefix(b"\xef\xbb\xbf")
    assert out.read_bytes() == kept(bare if bare.endswith(b"\n") or not bare else bare + b"\n")


def test_what_is_no_file_of_its_kind_is_said(tmp_path: Path) -> None:
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"PAR0")
    with pytest.raises(DataError, match=r"no \.parquet file"):
        filtered(bad, tmp_path / "out.parquet")
    torn = tmp_path / "torn.jsonl.gz"
    torn.write_bytes(gzip.compress(corpus(50))[:-30])
    with pytest.raises(DataError, match="cannot be read"):
        filtered(torn, tmp_path / "out.jsonl")
    with pytest.raises(DataError, match="is not there"):
        reading.files_of(tmp_path / "none")
    assert {path.name for path in tmp_path.iterdir()} == {"bad.parquet", "torn.jsonl.gz"}
