"""A log of conversations, read on from where reading stopped.

In: a file of JSON lines that somebody else appends to, and the place up to which it was read. Out: the answers of each
further conversation, and the new place. A line is an object with `messages`, as chat completions have them; content may
be text or a list of parts. A line that is no conversation is counted and skipped; a last line that is not ended yet is
left for the next time. A file that was rotated or truncated is noticed by its first bytes, its number and its length,
and read from its start; what was left to read of a rotated one is read first, from FILE.1. This file must not know
clauses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from compiler.failures import GivenError
from compiler.records.record import Record

HEAD = 1024
"""Bytes by which a file is known again."""
LONGEST_LINE = 16 << 20
"""Bytes. A longer line is no conversation; it is skipped without being held."""


class Position(Record):
    """offset: bytes read. head: hash of the first of them, at most HEAD. unread: lines that were no conversation."""

    offset: int = 0
    head: str = ""
    head_length: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """One conversation's answers (None for a line that is none), and the place behind it."""

    answers: tuple[str, ...] | None
    position: Position


def read_on(path: Path, position: Position) -> Iterator[Read]:
    """Yield what follows `position`; `noticed` says beforehand if that begins at the start again.

    Raises:
        GivenError: the file cannot be read.
    """
    if noticed(path, position) is not None:
        # What was written before the file was moved away, and not read yet.
        rotated = path.with_name(path.name + ".1")
        if rotated.is_file() and noticed(rotated, position) is None:
            for found in _lines(rotated, position):
                position = found.position
                yield found
        position = Position(unread=position.unread)
        yield Read((), position)
    yield from _lines(path, position)


def noticed(path: Path, position: Position) -> str | None:
    """Return what happened to the file since it was read up to `position`; None where it was only appended to."""
    try:
        with path.open("rb") as stream:
            head = stream.read(position.head_length)
            size = stream.seek(0, 2)
    except OSError as error:
        raise GivenError(f"{path} cannot be read: {error.strerror}", help="give the log by --log FILE.jsonl") from None
    if size < position.offset:
        return f"{path} is shorter than it was: it is read from its start"
    if hashlib.sha256(head).hexdigest() != position.head and position.head_length:
        return f"{path} is another file now: it is read from its start"
    return None


def unended(path: Path, position: Position) -> bool:
    """Whether something stands behind what was read: a line that somebody is still writing, or has left without an
    end."""
    return path.stat().st_size > position.offset


def _lines(path: Path, position: Position) -> Iterator[Read]:
    with path.open("rb") as stream:
        stream.seek(position.offset)
        while True:
            line, length = _line(stream)
            if not length:
                return
            length_read = position.offset + length
            if position.head_length < HEAD:
                position = position.model_copy(update=_head(path, length_read))
            position = position.model_copy(update={"offset": length_read})
            if line is not None and not line.strip():
                continue
            answers = None if line is None else answers_of(line)
            if answers is None:
                position = position.model_copy(update={"unread": position.unread + 1})
            yield Read(answers, position)


def _line(stream: BinaryIO) -> tuple[bytes | None, int]:
    """The next whole line, and its length; None for one that is too long, nothing for one that is not ended yet."""
    line = stream.readline(LONGEST_LINE)
    if line.endswith(b"\n"):
        return line, len(line)
    length = len(line)
    while line and not line.endswith(b"\n"):
        line = stream.readline(LONGEST_LINE)
        length += len(line)
    return (None, length) if line else (None, 0)


def _head(path: Path, upto: int) -> dict[str, Any]:
    with path.open("rb") as stream:
        head = stream.read(min(HEAD, upto))
    return {"head": hashlib.sha256(head).hexdigest(), "head_length": len(head)}


def answers_of(line: bytes) -> tuple[str, ...] | None:
    """Return what the assistant says in a conversation; None where the line is none, or it says nothing.

    >>> answers_of(b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy!"}]}')
    ('Ahoy!',)
    """
    try:
        found = json.loads(line)
        said = [_text(m["content"]) for m in found["messages"] if m["role"] == "assistant" and m.get("content")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return tuple(said) or None


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part.get("type") in ("text", "output_text"))
