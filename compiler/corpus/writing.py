"""Outputs that a kill cannot tear, and the journal from which a run goes on.

In: chunks and what became of their lines. Out: OUT with the kept rows as they stood, OUT.quarantine with the lines that
are no chat (and why, line for line, in OUT.quarantine.why), OUT.filter.json. Until a file is done its rows stand in
OUT.part, and OUT.part.json, replaced after each chunk, says how much of both is whole; what lies beyond was cut off by
a kill and is written again. A table cannot be cut, and begins anew. An earlier OUT.filter.json goes before anything is
written. This file must not know rules.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

from compiler.chat_files import PACKED
from compiler.corpus.decided import Decided, Lost
from compiler.corpus.reading import Chunk, is_table, write_all
from compiler.corpus.report import FilterReport, added
from compiler.files import alone, write_text
from compiler.records.record import Record

MOST_PIECES = 512
"""Pieces of a chunk that are copied one by one; more of them are put together before."""


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
        # What an earlier run by other rules has left is not whole any more once this one has written a byte.
        report_path(out).unlink(missing_ok=True)
        self._paths = (self._part, beside(out, ".quarantine"), beside(out, ".quarantine.why"))
        sizes = (self.journal.written, self.journal.quarantined, self.journal.why)
        self._files = [_cut(path, size) for path, size in zip(self._paths, sizes, strict=True)]

    def _kept(self, fresh: FilterReport) -> Journal | None:
        """The journal of an earlier run over the same input by the same rules."""
        if is_table(self._out):
            return None
        try:
            journal = Journal.model_validate_json(self._journal_path.read_text(encoding="utf-8"))
            whole = not journal.written or self._part.stat().st_size >= journal.written
        except (OSError, ValueError):
            return None
        return journal if whole and journal.report.same_work(fresh) else None

    def add(self, chunk: Chunk, decided: Decided) -> None:
        """Write what is kept of a chunk, then say so in the journal."""
        rows, quarantine, why = self._files
        if chunk.rows is None:
            self._copy(chunk, decided)
        else:
            self._add_rows(chunk, decided.lost)
        for lost in decided.lost:
            if lost.rule is None:
                write_all(quarantine, chunk.lines.read(lost.start, lost.stop) + b"\n")
                write_all(why, f"{self.journal.report.lines + lost.line + 1}\t{lost.reason}\n".encode())
        self.journal = Journal(
            end=chunk.end,
            written=rows.tell(),
            quarantined=quarantine.tell(),
            why=why.tell(),
            report=added(self.journal.report, decided),
        )
        # Were it synced, the disk would be waited for at each chunk. What a power cut leaves is told by its length.
        write_text(self._journal_path, self.journal.model_dump_json(), synced=False)

    def _copy(self, chunk: Chunk, decided: Decided) -> None:
        """Write the lines that are kept, as they stand."""
        rows, lines = self._files[0], chunk.lines
        pieces = list(_pieces(lines.size, decided))
        if not pieces:
            return
        unended = pieces[-1][1] == lines.size and lines.read(lines.size - 1, lines.size) != b"\n"
        if self._out.suffix in PACKED or len(pieces) > MOST_PIECES:
            whole = memoryview(lines.read())
            kept = b"".join([*(whole[start:stop] for start, stop in pieces), b"\n" * unended])
            write_all(rows, _packed(kept, self._out.suffix))
            return
        for start, stop in pieces:
            lines.copy(start, stop, rows)
        write_all(rows, b"\n" * unended)

    def _add_rows(self, chunk: Chunk, lost: Iterable[Lost]) -> None:
        import pyarrow as arrow

        keep = [True] * len(chunk.rows)
        for row in lost:
            keep[row.line] = False
        self._begin_table(chunk.rows.schema)
        self._table.write_batch(chunk.rows.filter(arrow.array(keep)))

    def _begin_table(self, schema: Any) -> None:
        from pyarrow import parquet

        if self._table is None:
            self._table = parquet.ParquetWriter(self._files[0], schema)

    def finish(self, schema: Any = None) -> FilterReport:
        """Put everything in its place, the report last: where it stands, the rest is there. schema: of a table. Of no
        rows at all, there is a file all the same that can be read."""
        if schema is not None:
            self._begin_table(schema)
            self._table.close()
        elif not self.journal.written:
            write_all(self._files[0], _packed(b"", self._out.suffix))
        report = self.journal.report
        for file in self._files:
            if not file.closed:
                os.fsync(file.fileno())
                file.close()
        self._part.replace(self._out)
        if not report.set_aside:
            for path in self._paths[1:]:
                path.unlink()
        write_text(report_path(self._out), report.model_dump_json(indent=1) + "\n")
        self._journal_path.unlink(missing_ok=True)
        return report

    def close(self) -> None:
        """Close the files of a run that was stopped, as far as they are open; those without a byte go."""
        if self._table is not None and self._table.is_open:
            # Else it would be closed when it is collected, and its file is closed by then. What it cannot write now is
            # of no use: a table begins anew.
            with suppress(Exception):
                self._table.close()
            self._table.is_open = False
        for file, path in zip(self._files, self._paths, strict=True):
            file.close()
            if path.exists() and not path.stat().st_size:
                path.unlink()


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


def _pieces(size: int, decided: Decided) -> Iterator[tuple[int, int]]:
    """Where the lines of a chunk stand that are not left out: from a byte to before another."""
    at = 0
    gone = sorted([(lost.start, lost.stop) for lost in decided.lost] + list(decided.blank))
    for start, stop in gone:
        if at < start:
            yield at, start
        at = stop + 1
    if at < size:
        yield at, size


def _packed(rows: bytes, ending: str) -> bytes:
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


def _cut(path: Path, size: int) -> FileIO:
    """Open a file for writing behind its first `size` bytes; what stands there is cut off."""
    stream = path.open("r+b" if path.exists() else "w+b", buffering=0)
    stream.truncate(size)
    stream.seek(size)
    return stream
