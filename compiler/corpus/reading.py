"""Files of rows -> chunks of whole lines.

In: JSON Lines, plain or packed (`.gz`, `.zst`), Parquet, Arrow files, and folders that `datasets` saved. Out: chunks in
order. Of a plain file, a chunk says where its lines stand, so that whoever decides reads them and nobody hands them on.
Of a table, a chunk holds the columns that make a chat, a line a row, and the rows themselves, so that what is kept goes
on as it was. This file must not know what a row means.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from compiler import chat_rows
from compiler.chat_files import PACKED, unpacked
from compiler.failures import GivenError

CHUNK = 8 << 20
"""Bytes of a chunk, about: enough to make calls into C few, little enough to stay near the processor."""
TABLE_ROWS = 8192
TABLES = (".parquet", ".arrow")
OTHERS = (".csv", ".tsv", ".xlsx", ".zip", ".tar", ".tgz", ".bz2", ".xz", ".orc", ".avro", ".feather")
"""Endings of files of rows that are not read; whatever else a file is called, it holds JSON Lines."""
FORMATS = "JSON Lines (.jsonl, .gz, .zst), Parquet, or a saved data set"
_MARK = b"\xef\xbb\xbf"
_LOOK_AHEAD = 1 << 16
"""Bytes that are looked at together for the end of a line."""
_NO_COPY = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF}
"""Why the system does not copy between these two files by itself."""


@dataclass(frozen=True, slots=True)
class Held:
    """Lines in memory."""

    lines: bytes

    @property
    def size(self) -> int:
        return len(self.lines)

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        return self.lines[start:stop]

    def copy(self, start: int, stop: int, to: FileIO) -> None:
        write_all(to, memoryview(self.lines)[start:stop])


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of a plain file that stand between two of its bytes."""

    path: Path
    start: int
    stop: int

    @property
    def size(self) -> int:
        return self.stop - self.start

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        stop = self.size if stop is None else stop
        with self.path.open("rb", buffering=0) as stream:
            stream.seek(self.start + start)
            return stream.read(stop - start)

    def copy(self, start: int, stop: int, to: FileIO) -> None:
        """Write a part of the lines behind what `to` holds, inside the system where that can be."""
        at, end = self.start + start, self.start + stop
        with self.path.open("rb", buffering=0) as stream:
            while at < end:
                try:
                    copied = os.copy_file_range(stream.fileno(), to.fileno(), end - at, offset_src=at)
                except (OSError, AttributeError) as error:
                    if isinstance(error, OSError) and error.errno not in _NO_COPY:
                        raise
                    copied = 0
                if not copied:
                    stream.seek(at)
                    write_all(to, stream.read(end - at))
                    return
                at += copied


@dataclass(frozen=True, slots=True)
class Chunk:
    """lines: whole lines. end: bytes of the unpacked file, or rows of the table, up to where the chunk ends. rows: the
    rows of a table, None for lines."""

    lines: Held | Stretch
    end: int
    rows: Any = None


def write_all(to: FileIO, data: bytes | memoryview) -> None:
    """Write all of `data`, in as many steps as the system takes."""
    view = memoryview(data)
    while view:
        view = view[to.write(view) :]


def is_table(path: Path) -> bool:
    return path.is_dir() or path.suffix in TABLES


def files_of(path: Path) -> list[Path]:
    """Return the files of an input: itself, or the Arrow files of a data set saved by `datasets`.

    Raises:
        GivenError: nothing is there, a folder holds something else, or a file is of a kind that is not read.
    """
    if path.is_file():
        _refuse_others(path)
        return [path]
    if not path.exists():
        raise GivenError(f"{path} is not there", help=f"name {FORMATS}")
    if (path / "dataset_dict.json").is_file():
        splits = ", ".join(str(path / name) for name in json.loads((path / "dataset_dict.json").read_text())["splits"])
        raise GivenError(f"{path} holds several splits", help=f"filter each by itself: {splits}")
    found = sorted(path.glob("*.arrow"))
    if not found:
        raise GivenError(f"{path} is a folder without rows", help="name the files in it")
    return found


def _refuse_others(path: Path) -> None:
    """Refuse a file of which no line would be a row."""
    ending = (path.with_suffix("") if path.suffix in PACKED else path).suffix.lower()
    if ending in OTHERS:
        raise GivenError(f"{path} is a {ending} file, which is not read", help=f"write its rows as {FORMATS}")
    if ending == ".json" and _first(path).removeprefix(_MARK).lstrip().startswith(b"["):
        raise GivenError(
            f"{path} is a JSON array, which is not read; what is: {FORMATS}",
            help="write one object a line: jq -c '.[]' OLD > NEW.jsonl",
        )


def _first(path: Path) -> bytes:
    """How a file of lines begins; nothing of one that cannot be read, which is said where it is read."""
    try:
        with unpacked(path) if path.suffix in PACKED else path.open("rb") as stream:
            return stream.read(_LOOK_AHEAD)
    except OSError:
        return b""


def chunks(path: Path, start: int = 0) -> Iterator[Chunk]:
    """Yield chunks from `start` on, which is where a chunk ended.

    Raises:
        GivenError: the file cannot be opened, or is not what its name says.
    """
    try:
        if is_table(path):
            yield from _table(path, start)
        elif path.suffix in PACKED or not path.is_file():
            yield from _streamed(path, start)
        else:
            yield from _stretches(path, start)
    except OSError as error:
        raise GivenError(f"{path} cannot be read: {error.strerror or error}", help="look at the file") from error


def size(path: Path) -> int:
    """Bytes of a file of lines as far as they are known before it is read, else 0."""
    return path.stat().st_size if not is_table(path) and path.suffix not in PACKED else 0


def _stretches(path: Path, start: int) -> Iterator[Chunk]:
    """Chunks of a plain file; no more of it is looked at than the ends of the lines that end them."""
    with path.open("rb", buffering=0) as stream:
        size = os.fstat(stream.fileno()).st_size
        while start < size:
            end = _end_of_line(stream, min(start + CHUNK, size) - 1, size)
            marked = start == 0 and _at(stream, 0, len(_MARK)) == _MARK
            yield Chunk(Stretch(path, start + (len(_MARK) if marked else 0), end), end)
            start = end


def _end_of_line(stream: FileIO, at: int, size: int) -> int:
    """Where the line ends that holds byte `at`: behind its last byte."""
    while at < size:
        read = _at(stream, at, _LOOK_AHEAD)
        found = read.find(b"\n")
        if found >= 0:
            return at + found + 1
        if not read:
            break  # cut off meanwhile
        at += len(read)
    return size


def _at(stream: FileIO, start: int, count: int) -> bytes:
    stream.seek(start)
    return stream.read(count)


def _streamed(path: Path, start: int) -> Iterator[Chunk]:
    with unpacked(path) if path.suffix in PACKED else path.open("rb") as stream:
        left = start
        while left and (passed := stream.read(min(left, CHUNK))):
            left -= len(passed)
        end, rest = start, b""
        while read := stream.read(CHUNK):
            cut = read.rfind(b"\n") + 1
            if not cut:
                rest += read
                continue
            lines, rest = rest + read[:cut], read[cut:]
            yield Chunk(_unmarked(lines, end), end + len(lines))
            end += len(lines)
        if rest:
            yield Chunk(_unmarked(rest, end), end + len(rest))


def _unmarked(lines: bytes, at: int) -> Held:
    """Without the byte order mark that some programs put before the first line."""
    return Held(lines.removeprefix(_MARK) if at == 0 else lines)


def _table(path: Path, start: int) -> Iterator[Chunk]:
    import msgspec
    import pyarrow as arrow

    encoder = msgspec.json.Encoder(enc_hook=str)
    end = 0
    try:
        columns = schema(path)
        told = [name for name in columns.names if name in chat_rows.READ]
        if not any(name in chat_rows.COLUMNS for name in told):
            known = ", ".join(chat_rows.COLUMNS)
            raise GivenError(
                f"{path} has no column of a chat: it has {', '.join(columns.names)}", help=f"a chat's are {known}"
            )
        as_it_is = all(_is_json(field.type) for field in columns if field.name in told)
        for batch in _batches(path):
            end += len(batch)
            if end <= start:
                continue
            rows = batch.select(told).to_pylist()
            if not as_it_is:
                rows = _as_json(rows)
            yield Chunk(Held(encoder.encode_lines(rows)), end, batch)
    except arrow.ArrowException as error:
        raise GivenError(f"{path} is no {path.suffix} file that can be read: {error}", help="write it anew") from error


def schema(path: Path) -> Any:
    """The columns of a table, which stand there without a row as well."""
    import pyarrow as arrow
    from pyarrow import parquet

    if path.suffix == ".parquet":
        return parquet.read_schema(path)
    with arrow.memory_map(str(path)) as source:
        try:
            return arrow.ipc.open_stream(source).schema
        except arrow.ArrowInvalid:
            return arrow.ipc.open_file(source).schema


def _is_json(kind: Any) -> bool:
    """Whether every value of a column's type is read as JSON has it."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_json(kind.value_type)
    if types.is_struct(kind):
        return all(_is_json(kind.field(number).type) for number in range(kind.num_fields))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_json(kind.value_type)
    plain = (types.is_string, types.is_large_string, types.is_boolean, types.is_integer, types.is_floating)
    return types.is_null(kind) or any(is_plain(kind) for is_plain in plain)


def _as_json(value: Any) -> Any:
    """Bytes and whatever else JSON has no form for stand in an object, so that nobody takes their code for text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(inner) for inner in value]
    return {"not text": value}


def _batches(path: Path) -> Iterator[Any]:
    import pyarrow as arrow
    from pyarrow import parquet

    if path.suffix == ".parquet":
        yield from parquet.ParquetFile(path).iter_batches(batch_size=TABLE_ROWS)
        return
    with arrow.memory_map(str(path)) as source:
        try:
            reader = arrow.ipc.open_stream(source)
        except arrow.ArrowInvalid:
            file = arrow.ipc.open_file(source)
            reader = (file.get_batch(number) for number in range(file.num_record_batches))
        for batch in reader:
            for at in range(0, len(batch), TABLE_ROWS):
                yield batch.slice(at, TABLE_ROWS)
