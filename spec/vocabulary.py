"""The words that statements start with, by what stands behind them.

In: the constructs and the records of `spec/document.py`. Out: tables that readers, the formatter and the reference
share. This file must not know how a statement is read.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from spec.balance import Landmarks
from spec.constructs import CONSTRUCTS
from spec.document import (
    Alike,
    Authority,
    Balance,
    Clause,
    Dimension,
    Grant,
    Model,
    Parameter,
    ProbeStatement,
    Section,
    Term,
    Train,
)
from spec.fields import RecordShape, field_specs

VERSION = "1"
CONTAINERS = ("section", "overlay")
"""Blocks that statements stand in."""
SETTINGS: dict[str, type[Model | Train | Authority]] = {"model": Model, "train": Train, "authority": Authority}
"""Blocks without a name, each once in a spec."""
NAMED: dict[str, type[Any]] = {
    "probe": ProbeStatement, "term": Term, "parameter": Parameter, "grant": Grant, "balance": Balance, "alike": Alike,
}  # fmt: skip
"""Blocks that have a name and state no behaviour; `dimension` is read by itself."""
BLOCKS = (*CONSTRUCTS, *CONTAINERS, *SETTINGS, *NAMED, "dimension")
"""The words that a statement in braces may start with."""
STATEMENTS = (*BLOCKS, "priority", "drop", "import", "extends")
RESERVED = ("at",)
"""Words that are no names of statements: `.tenet` text has another meaning for them there."""


@cache
def field_words() -> frozenset[str]:
    """Return the words that a `:` may follow: the fields of all blocks, turns, and two statements."""
    from spec.blocks import ROLES  # which this file's readers import

    waiting: list[type[Any]] = [*CONSTRUCTS.values(), *SETTINGS.values(), *NAMED.values(), Clause, Section, Dimension]
    found = {"priority", "drop", *ROLES}
    for record in waiting:
        for spec in field_specs(record).values():
            found.add(spec.name)
            if isinstance(spec.shape, RecordShape) and spec.shape.record not in waiting:
                waiting.append(spec.shape.record)
    return frozenset(found)


def homes(name: str) -> tuple[str, ...]:
    """Return the blocks that have a field of this name, by the words that they start with.

    >>> homes("watch")
    ('train',)
    """
    blocks: dict[str, type[Any]] = {**SETTINGS, **CONSTRUCTS, **NAMED, "dimension": Dimension}
    every = CONSTRUCTS if name in field_specs(Clause) else ()
    return tuple(word for word, record in blocks.items() if word in every or name in field_specs(record))


LANDMARKS = Landmarks(frozenset(STATEMENTS), frozenset(CONTAINERS), field_words)

# Settings that name files, and settings that may name a folder.
FILE_FIELDS = frozenset({"data", "chat_template"})
FOLDER_FIELDS = frozenset({"base", "teacher", "judge", "embedder"})
EITHER_FIELDS = frozenset({"prompts"})
"""Settings that name files or folders."""


def shape_of_statement(name: str) -> str:
    """Return an example of how the statement `name` is written, as help."""
    if name == "priority":
        return "for example `priority: safety > honesty`"
    if name == "drop":
        return "for example `drop: [trait.caring]`"
    if name in ("import", "extends"):
        return f'for example `{name} "house-style.tenet"`'
    if name in SETTINGS:
        return f"for example `{name} {{ ... }}`"
    return f"for example `{name} short_name {{ ... }}`"
