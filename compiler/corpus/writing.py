"""Outputs that a kill cannot tear, and the journal from which a run goes on.

In: chunks and what became of their lines. Out: OUT with the kept rows as they stood, OUT.quarantine with the lines that
are no chat (and why, line for line, in OUT.quarantine.why), OUT.filter.json. Until a file is done its rows stand in
OUT.part, and OUT.part.json, replaced after each chunk, says how much of both is whole; what lies beyond was cut off by
a kill and is written again. A table cannot be cut, and begins anew. This file must not know rules.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from compiler.corpus.deciding import Decided, Lost
from compiler.corpus.reading import Chunk, is_table
from compiler.corpus.report import FilterReport, added
from compiler.files import alone, write_text
from compiler.records.record import Record


class Journal(Record):
    """end: how far the input was read. written: bytes of OUT.part; quarantined, why: of the lines set aside."""

    end: int = 0
    written: int = 0
    quarantined: int = 0
    why: int = 0
    report: FilterReport


def beside(out: Path, ending: str) -> Path:
    return out.with_name(out.name + ending)


def report_path(out: Path) -> Path:
    return beside(out, ".filter.json")


class Output:
    """The output of one input. `end` says from where the input must be read."""

    def __init__(self, out: Path, fresh: FilterReport) -> None:
        self._out = out
        self._part = beside(out, ".part")
        self._journal_path = beside(out, ".part.json")
        self._table: Any = None
        self.journal = self._kept(fresh) or Journal(report=fresh)
        self._files = [
            _cut(self._part, self.journal.written),
            _cut(beside(out, ".quarantine"), self.journal.quarantined),
            _cut(beside(out, ".quarantine.why"), self.journal.why),
        ]

    def _kept(self, fresh: FilterReport) -> Journal | None:
        """The journal of an earlier run over the same input by the same rules."""
        if is_table(self._out):
            return None
        try:
            journal = Journal.model_validate_json(self._journal_path.read_text(encoding="utf-8"))
            whole = self._part.stat().st_size >= journal.written
        except (OSError, ValueError):
            return None
        return journal if whole and journal.report.same_work(fresh) else None

    def add(self, chunk: Chunk, decided: Decided) -> None:
        """Write what is kept of a chunk, then say so in the journal."""
        rows, quarantine, why = self._files
        if chunk.rows is None:
            rows.write(_packed(b"".join(_pieces(chunk.lines, decided)), self._out.suffix))
        else:
            self._add_rows(chunk, decided.lost)
        for lost in decided.lost:
            if lost.rule is None:
                quarantine.write(chunk.lines[lost.start : lost.stop] + b"\n")
                why.write(f"{self.journal.report.lines + lost.line + 1}\t{lost.reason}\n".encode())
        for file in self._files:
            file.flush()
        self.journal = Journal(
            end=chunk.end,
            written=rows.tell(),
            quarantined=quarantine.tell(),
            why=why.tell(),
            report=added(self.journal.report, decided),
        )
        # Were it synced, the disk would be waited for at each chunk. What a power cut leaves is told by its length.
        write_text(self._journal_path, self.journal.model_dump_json(), synced=False)

    def _add_rows(self, chunk: Chunk, lost: Iterable[Lost]) -> None:
        import pyarrow as arrow
        from pyarrow import parquet

        keep = [True] * len(chunk.rows)
        for row in lost:
            keep[row.line] = False
        if self._table is None:
            self._table = parquet.ParquetWriter(self._files[0], chunk.rows.schema)
        self._table.write_batch(chunk.rows.filter(arrow.array(keep)))

    def finish(self) -> FilterReport:
        """Put everything in its place, the report last: where it stands, the rest is there."""
        if self._table is not None:
            self._table.close()
        report = self.journal.report
        for file in self._files:
            if not file.closed:
                file.flush()
                os.fsync(file.fileno())
                file.close()
        self._part.replace(self._out)
        if not report.set_aside:
            beside(self._out, ".quarantine").unlink()
            beside(self._out, ".quarantine.why").unlink()
        write_text(report_path(self._out), report.model_dump_json(indent=1) + "\n")
        self._journal_path.unlink(missing_ok=True)
        return report

    def close(self) -> None:
        for file in self._files:
            file.close()


@contextmanager
def output(out: Path, fresh: FilterReport) -> Iterator[Output]:
    """Open the output, alone.

    Raises:
        GivenError: another process writes it.
    """
    with alone(out, help="wait for it, or give another -o"):
        opened = Output(out, fresh)
        try:
            yield opened
        finally:
            opened.close()


def finished(out: Path, fresh: FilterReport) -> FilterReport | None:
    """The report of an output that is done, for the same input and rules."""
    try:
        report = FilterReport.model_validate_json(report_path(out).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return report if out.is_file() and report.same_work(fresh) else None


def _pieces(lines: bytes, decided: Decided) -> Iterator[memoryview | bytes]:
    """The bytes of a chunk without the lines that are left out."""
    view, at = memoryview(lines), 0
    gone = sorted([(lost.start, lost.stop) for lost in decided.lost] + list(decided.blank))
    for start, stop in gone:
        if at < start:
            yield view[at:start]
        at = stop + 1
    if at < len(lines):
        yield view[at:]
        if not lines.endswith(b"\n"):
            yield b"\n"


def _packed(rows: bytes, ending: str) -> bytes:
    if not rows:
        return rows
    if ending == ".gz":
        return gzip.compress(rows, compresslevel=6, mtime=0)
    if ending == ".zst":
        import pyarrow

        sink = pyarrow.BufferOutputStream()
        with pyarrow.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(rows)
        packed: bytes = sink.getvalue().to_pybytes()
        return packed
    return rows


def _cut(path: Path, size: int) -> BinaryIO:
    """Open a file for writing behind its first `size` bytes; what stands there is cut off."""
    stream = path.open("r+b" if path.exists() else "w+b")
    stream.truncate(size)
    stream.seek(size)
    return stream
