"""Which value of an enumeration a number in a condition names: `tier == 2` asks about the value `2`.

In: a condition's value, or a whole document. Out: names, as the dimension declares them. The values of an enumeration
are names, even where they are digits, and what a condition compares with is read before the dimension is known. This
file must not know how a condition is decided.

>>> tier = Dimension("tier", "enum", ("1", "2"))
>>> values = Values(tier)
>>> values.named(2.0), values.named("02"), values.named("gold")
('2', '2', 'gold')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from spec.document import And, Clause, Compare, Condition, Dimension, Document, Not, Or, Section, Truth

Scoped = TypeVar("Scoped", Clause, Section)


class Values:
    """The values of an enumeration, found by name and by number."""

    def __init__(self, dimension: Dimension) -> None:
        self.names = frozenset(dimension.values)
        self.numbers: dict[float, str] = {}
        for name in dimension.values:
            if (number := _number(name)) is not None:
                self.numbers.setdefault(number, name)

    def named(self, value: str | float) -> str:
        """Return the declared value that is meant: the one written so, or the same number; else `value` in words."""
        text = value if isinstance(value, str) else _written(value)
        if text in self.names:
            return text
        wanted = _number(text)
        return text if wanted is None else self.numbers.get(wanted, text)


def settled(document: Document) -> Document:
    """Return the document with names in every comparison with an enumeration."""
    enums = {d.name: Values(d) for d in document.dimensions if d.type == "enum"}
    return replace(
        document,
        clauses=tuple(_scoped(clause, enums) for clause in document.clauses),
        sections=tuple(_scoped(section, enums) for section in document.sections),
    )


def _scoped(item: Scoped, enums: Mapping[str, Values]) -> Scoped:
    when, unless = (_condition(c, enums) if c is not None else None for c in (item.when, item.unless))
    return item if (when, unless) == (item.when, item.unless) else replace(item, when=when, unless=unless)


def _condition(condition: Condition, enums: Mapping[str, Values]) -> Condition:
    match condition:
        case Compare(dimension=name, value=value) if name in enums and not isinstance(value, bool):
            return replace(condition, value=_named(value, enums[name]))
        case Compare() | Truth():
            return condition
        case Not(operand=operand):
            return Not(_condition(operand, enums))
        case And(operands=operands):
            return And(tuple(_condition(operand, enums) for operand in operands))
        case Or(operands=operands):
            return Or(tuple(_condition(operand, enums) for operand in operands))


def _named(value: str | float | Sequence[str], values: Values) -> str | tuple[str, ...]:
    return values.named(value) if isinstance(value, str | float | int) else tuple(values.named(v) for v in value)


def _written(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def _number(text: str) -> float | None:
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None
