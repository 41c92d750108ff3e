"""The reference entry of a statement or block of the language: what it states, its fields, an example.

In: a word of the language. Out: `Entry`. The fields come from the annotations of the record that holds them, what it
states from the record's docstring, and the example from the README, whose tests load every one of its examples.

>>> entry("trait").example.splitlines()[2]
'trait caring {'
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from spec.constructs import CONSTRUCTS
from spec.document import Clause, Dimension, Grant, Priority, Section
from spec.fields import FieldSpec, RecordShape, field_specs
from spec.vocabulary import NAMED, SETTINGS

README = Path(__file__).with_name("README.md")

_RECORDS: dict[str, type[Any]] = {
    **CONSTRUCTS, "section": Section, "overlay": Section, "dimension": Dimension, **NAMED, "priority": Priority,
    **SETTINGS,
}  # fmt: skip
_OTHERS = {
    "tenet": ("The version of the language that a file is written in: its first line.", "tenet 1"),
    "import": (
        "Another file's statements before this file's. With `as`, a name stands in front of its clauses; the braces"
        " give texts to its parameters. The path starts at the importing file.",
        'import "house-style.tenet" as house { maker: "Harbor Marine" }',
    ),
    "extends": (
        "What another file says, changed by what this file says: a clause with the same id changes the fields that it"
        " gives.",
        'extends "house-style.tenet"',
    ),
    "drop": ("Clauses of the extended file that shall not count.", "drop: [trait.caring]"),
    "clause": (
        "One statement of behaviour, with the id `kind.name`. These are the fields that every kind has.",
        "kind name at level { ... }",
    ),
}
_OVERLAY = "A section with a condition, which stands on top of all other clauses of its level."


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one block. owner: whose they are, where they are not the entry's own."""

    owner: str
    fields: tuple[FieldSpec, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """shape: how it is written. level: where the statement names none. target: the way it points."""

    word: str
    states: str
    shape: str
    fields: tuple[Fields, ...]
    example: str
    level: str | None = None
    target: str | None = None


def statements() -> tuple[str, ...]:
    """Return the words that a statement may start with, clauses first."""
    return (*_RECORDS, *(word for word in _OTHERS if word != "clause"))


def words() -> tuple[str, ...]:
    """Return all words that have an entry."""
    return (*statements(), "clause", *(word for word in blocks() if word not in _RECORDS))


def entry(word: str) -> Entry:
    """Return the entry of a statement, of a block inside one, or of `clause`.

    Raises:
        KeyError: the language has no such word.
    """
    if word in _OTHERS:
        states, shape = _OTHERS[word]
        return Entry(word, states, shape, (_fields(Clause),) if word == "clause" else (), _example(word, Clause))
    if word not in _RECORDS:
        record = blocks()[word]
        return Entry(word, _states(record), f"{word} {{ ... }}", (_fields(record),), _example(word, record))
    record = _RECORDS[word]
    fields = [_fields(record)]
    fields.extend(
        _fields(spec.shape.record, f"inside `{spec.name}`")
        for spec in fields[0].fields
        if isinstance(spec.shape, RecordShape)
    )
    shape = f"{word} name at level {{ ... }}"
    if record is Priority:
        shape = "priority: a > b > c"
    elif word in SETTINGS:
        shape = f"{word} {{ ... }}"
    elif word not in CONSTRUCTS and record not in (Section, Grant):
        shape = f"{word} name {{ ... }}"
    return Entry(
        word,
        _OVERLAY if word == "overlay" else _states(record),
        shape,
        tuple(f for f in fields if f.fields),
        _example(word, record),
        CONSTRUCTS[word].default_level.name.lower() if word in CONSTRUCTS else None,
        CONSTRUCTS[word].target_comparison if word in CONSTRUCTS else None,
    )


def records() -> dict[str, type[Any]]:
    """Return what holds the fields of each statement that has any."""
    return _RECORDS


def blocks() -> dict[str, type[Any]]:
    """Return the blocks that stand inside others, by the names of their fields."""
    found: dict[str, type[Any]] = {}
    for record in (*_RECORDS.values(), Clause):
        for spec in field_specs(record).values():
            if isinstance(spec.shape, RecordShape):
                found[spec.name] = spec.shape.record
    return found


def _fields(record: type[Any], owner: str = "") -> Fields:
    return Fields(owner, tuple(field_specs(record).values()))


def _states(record: type[Any]) -> str:
    """Return the first paragraph of a record's docstring, without the example that it may start with.

    What the docstring says of attributes is for readers of the code.
    """
    text = " ".join((inspect.getdoc(record) or "").split("\n\n")[0].split())
    text = re.sub(r"^`[^`]*`: ", "", text).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


@cache
def _sections() -> tuple[str, ...]:
    return tuple(re.split(r"^#+ ", README.read_text(encoding="utf-8"), flags=re.MULTILINE))


def _example(word: str, record: type[Any] | None) -> str:
    """Return the README's example below the table of the record's fields, else its first one with the word.

    Empty where it has none.
    """
    # Of every kind of clause the first example will do.
    uses = re.compile("" if word == "clause" else rf"^\s*{word}\b|\b{word}:? \{{", re.MULTILINE)
    blocks = (*(examples(record) if record else ()), *examples())
    return next((block for block in blocks if uses.search(block)), "")


def examples(*shown: type[Any]) -> Iterator[str]:
    """Yield the README's examples: those below the tables of these records' fields; without records, all.

    What needs another file cannot be shown as one.
    """
    for section in _sections():
        if not shown or any(f"<!-- fields: {record.__name__} -->" in section for record in shown):
            for block in re.findall(r"^```tenet\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
                if not re.search(r"^(import|extends) ", block, re.MULTILINE):
                    yield block
