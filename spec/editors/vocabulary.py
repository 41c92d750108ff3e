"""The words of the language, for what colours it.

In: nothing. Out: sets of words, read from the constructs and their fields, so that a highlighter that is built from
them, or tested against them, knows every construct.

>>> "trait" in statements(), "means" in fields(), "redirect" in choices()
(True, True, True)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spec.blocks import ANSWERS, LEVELS, ROLES
from spec.constructs import CONSTRUCTS, STYLES
from spec.document import Clause, Dimension, Section
from spec.fields import ChainShape, ChoiceShape, FieldSpec, RecordShape, TurnsShape, field_specs
from spec.vocabulary import NAMED, SETTINGS, STATEMENTS

OPERATOR_WORDS = frozenset({"and", "or", "not", "in"})
TRUTHS = frozenset({"true", "false"})


def statements() -> frozenset[str]:
    """Return the words that a statement may start with."""
    return frozenset({"tenet", *STATEMENTS})


def settings() -> frozenset[str]:
    """Return those that take no name."""
    return frozenset(SETTINGS)


def blocks() -> frozenset[str]:
    """Return the fields that hold a block."""
    return frozenset(field.name for field in _all_fields() if isinstance(field.shape, RecordShape))


def fields() -> frozenset[str]:
    """Return the names of fields, turns of a conversation among them."""
    names = (field.name for field in _all_fields() if not isinstance(field.shape, TurnsShape))
    return frozenset({*names, *ROLES, *ANSWERS})


def choices() -> frozenset[str]:
    """Return the words that a value may be: levels, styles, and what fields choose from."""
    chosen = (field.shape.choices for field in _all_fields() if isinstance(field.shape, ChoiceShape | ChainShape))
    return frozenset({*LEVELS, *STYLES, *(word for words in chosen for word in words)})


def _all_fields() -> Iterator[FieldSpec]:
    waiting: list[type[Any]] = [*CONSTRUCTS.values(), Clause, Section, Dimension, *SETTINGS.values(), *NAMED.values()]
    seen: set[type[Any]] = set()
    while waiting:
        record = waiting.pop()
        if record in seen:
            continue
        seen.add(record)
        for field in field_specs(record).values():
            yield field
            if isinstance(field.shape, RecordShape):
                waiting.append(field.shape.record)
