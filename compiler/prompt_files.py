"""The user's own prompts (`train { prompts: ... }`): read row by row from the files that people keep them in.

In: a text file (a prompt a line), JSON Lines, CSV or TSV with a header, Parquet, Arrow, or the folder that
`datasets.save_to_disk` writes. Out: prompts with the clause that they name, and their counts. A row is a text, or has
`prompt` (a text or messages), `messages`, `question`, `instruction` or `text`; `clause` names a clause by id or name.
What an assistant says after the last user message is left out. A file is read as a stream. A row without a prompt is an
error that names file and line. This file must not know units.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from compiler.chat_files import MOST_NAMED, read_rows
from compiler.chat_rows import RowFault, side_of
from compiler.digests import file_digest
from compiler.failures import DataError
from compiler.records.recipe import PromptFile
from compiler.records.record import Message

COLUMNS = ("prompt", "messages", "question", "instruction", "text")
"""Where a row's prompt stands; the first that is there."""
SEPARATORS = {".csv": ",", ".tsv": "\t"}
TEXT = frozenset({".txt", ".text", ".md"})
ARROW = frozenset({".arrow", ".feather"})
LONGEST_CELL = 10_000_000


class Prompt(NamedTuple):
    """messages: end with what a user says. clause: as the row names it, None for nobody's."""

    messages: tuple[Message, ...]
    clause: str | None


def read_prompts(path: Path, name: str) -> Iterator[tuple[int, Prompt | RowFault]]:
    """Yield each row's number (from 1; of a text file or CSV, the line it ends on) and its prompt, or its fault.

    Args:
        path: a file, or the folder of a saved data set.
        name: as the user wrote it, for messages.

    Raises:
        DataError: the file cannot be read as what its name says.
    """
    for line, row in _rows(path, name):
        try:
            yield line, prompt_of(row)
        except RowFault as fault:
            yield line, fault


def prompt_of(row: Any) -> Prompt:
    """Return a row's prompt.

    Raises:
        RowFault: it has none.

    >>> prompt_of({"prompt": "Is it going to rain?", "clause": "trait.pirate"}).clause
    'trait.pirate'
    """
    if isinstance(row, RowFault):
        raise row
    if isinstance(row, str):
        row = {"prompt": row}
    if not isinstance(row, dict):
        raise RowFault("is neither a text nor an object")
    column = next((name for name in COLUMNS if row.get(name) not in (None, "", [])), None)
    if column is None:
        raise RowFault(f"has no prompt: none of {', '.join(COLUMNS)} holds one")
    value = row[column]
    said = side_of(value.strip() if isinstance(value, str) else value, "user", column)
    while said and said[-1].role == "assistant":
        said = said[:-1]
    if not said or said[-1].role != "user" or not said[-1].content.strip():
        raise RowFault("holds nothing that a user says")
    clause = row.get("clause")
    if clause is not None and not isinstance(clause, str):
        raise RowFault("has a `clause` that is no text")
    return Prompt(said, clause.strip() or None if clause else None)


def count_prompts(path: Path, name: str, clauses: Iterable[tuple[str, str]], span: str = "") -> PromptFile:
    """Read a whole file or folder, and count its prompts by the clause they name.

    Args:
        clauses: id and name of each clause of the spec.

    Raises:
        DataError: nothing is in it, a row has no prompt, or it names a clause that is not there; the message names the
            lines.
    """
    ids = {}
    for clause_id, clause_name in clauses:
        ids[clause_name] = ids[clause_id] = clause_id
    by_clause: Counter[str] = Counter()
    everyday = 0
    faults: list[tuple[int, str]] = []
    for line, prompt in read_prompts(path, name):
        if isinstance(prompt, RowFault):
            faults.append((line, str(prompt)))
        elif prompt.clause is None:
            everyday += 1
        elif prompt.clause in ids:
            by_clause[ids[prompt.clause]] += 1
        else:
            faults.append((line, f"names {prompt.clause}, which is no clause of the spec"))
    if faults:
        shown = [f"{name}:{line} {why}" for line, why in faults[:MOST_NAMED]]
        more = len(faults) - len(shown)
        raise DataError(
            "; ".join([*shown, *([f"and {more} more rows like these"] if more else [])]),
            help='mend or remove these rows; a row is {"prompt": "..."}, with "clause" where it is about one: '
            + (", ".join(dict.fromkeys(ids.values())) or "the spec has none"),
        )
    if not everyday and not by_clause:
        raise DataError(f"{name} holds no prompt", help="put one into it, a line each, or leave it out of `prompts`")
    found = dict(sorted(by_clause.items()))
    return PromptFile(path=name, sha256=content_digest(path), by_clause=found, everyday=everyday, span=span)


def content_digest(path: Path) -> str:
    """Hash a file's bytes, or the names and bytes of all files of a folder."""
    if path.is_file():
        return file_digest(path)
    state = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        state.update(f"{file.relative_to(path).as_posix()}\0{file_digest(file)}\n".encode())
    return state.hexdigest()


# ------------------------------------------------------------------ rows of each kind of file


def _rows(path: Path, name: str) -> Iterator[tuple[int, Any]]:
    if path.is_dir():
        return _saved_data_set(path, name)
    suffix = path.suffix.lower()
    if suffix in TEXT:
        return _lines(path, name)
    if suffix in SEPARATORS:
        return _table(path, name, SEPARATORS[suffix])
    if suffix in ARROW:
        return _arrow(path, name, 0)
    return read_rows(path, name)


def _lines(path: Path, name: str) -> Iterator[tuple[int, Any]]:
    with _named(name), path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                yield number, RowFault("is not UTF-8")
                continue
            if text:
                yield number, text


def _table(path: Path, name: str, separator: str) -> Iterator[tuple[int, Any]]:
    """Rows of a table with a header; one column alone is the prompts', whatever it is called."""
    csv.field_size_limit(LONGEST_CELL)
    with _named(name), path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, delimiter=separator)
        header = reader.fieldnames or []
        if len(header) > 1 and not set(header) & set(COLUMNS):
            raise DataError(
                f"{name}:1 names no column of prompts: {', '.join(header)}",
                help=f"call one of them `prompt` ({', '.join(COLUMNS)} are known)",
            )
        for row in reader:
            if len(header) == 1:
                yield reader.line_num, row[header[0]] or RowFault("holds no prompt")
            elif None in row or None in row.values():
                yield reader.line_num, RowFault(f"has not the header's {len(header)} columns")
            else:
                yield reader.line_num, {key: value for key, value in row.items() if value != ""}


def _saved_data_set(path: Path, name: str) -> Iterator[tuple[int, Any]]:
    """Rows of what `datasets.save_to_disk` writes: one data set, or a folder of splits, in their order."""
    before = 0
    for folder in _splits(path, name):
        with _named(name):
            state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            files = [folder / str(entry["filename"]) for entry in state["_data_files"]]
        for file in files:
            number = before
            for number, row in _arrow(file, f"{name}/{file.relative_to(path).as_posix()}", before):
                yield number, row
            before = number


def _splits(path: Path, name: str) -> list[Path]:
    if (path / "state.json").is_file():
        return [path]
    splits: Any = None
    with suppress(OSError, ValueError, AttributeError):
        splits = json.loads((path / "dataset_dict.json").read_text(encoding="utf-8")).get("splits")
    if not isinstance(splits, list) or not splits:
        raise DataError(
            f"{name} is a folder, and no saved data set",
            help="write it with `datasets.save_to_disk`, or name a file of it",
        )
    return [path / str(split) for split in splits]


def _arrow(path: Path, name: str, before: int) -> Iterator[tuple[int, Any]]:
    """Rows of an Arrow file, of either form, numbered after `before`; read batch by batch."""
    import pyarrow as pa
    from pyarrow import ipc

    number = before
    try:
        with _named(name), pa.memory_map(str(path)) as source:
            for batch in _batches(ipc, pa, source):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        raise DataError(f"{name} is no Arrow file that can be read: {error}", help="write the file anew") from error


def _batches(ipc: Any, pa: Any, source: Any) -> Iterator[Any]:
    try:
        file = ipc.open_file(source)
    except pa.ArrowInvalid:
        source.seek(0)
        yield from ipc.open_stream(source)
        return
    for place in range(file.num_record_batches):
        yield file.get_batch(place)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Tell what the system, a decoder or `csv` has against a file as an error that names it."""
    try:
        yield
    except (OSError, csv.Error, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{name} cannot be read: {reason}", help="check `train { prompts: ... }`") from error
