"""A document as `.tenet` text: what reading that text gives is the same document again.

In: a `Document`. Out: text in canonical layout, all files in one. The fields come from the records' annotations
(`spec/fields.py`), so that a new construct needs nothing here. Comments are not in a document, and so not in the text;
nor are parameters, which were filled in when it was read.

>>> import spec
>>> text = 'tenet 1\\n\\ntrait warm at user { means: "Be warm."  target: >= 80% }\\n'
>>> write(spec.loads(text).document) == text
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from spec.constructs import CONSTRUCTS
from spec.document import (
    And,
    Clause,
    Compare,
    Condition,
    Document,
    Example,
    Model,
    Not,
    Options,
    Or,
    Pattern,
    Section,
    Setting,
    Target,
    Train,
    Truth,
    Turn,
)
from spec.fields import (
    ChainShape,
    ConditionShape,
    FieldSpec,
    ListShape,
    NumbersShape,
    RecordShape,
    TargetShape,
    TextShape,
    TurnsShape,
    field_specs,
)
from spec.formatter import format_text, long_text, quote
from spec.inheritance import Given
from spec.lexer import OPERATORS, is_name
from spec.references import BUILT_IN
from spec.vocabulary import NAMED

# Fields whose names read better without quotes.
REFERRING = ("for", "style")


class CannotWrite(ValueError):
    """No text says this: the name of a file imported `as` something stands in front of a clause's."""


def write(document: Document) -> str:
    """Return the text of `document`.

    Raises:
        CannotWrite: a file was imported `as` something, so that names have dots, which only an import gives.
    """
    named: tuple[tuple[Any, ...], ...] = (
        document.clauses, document.sections, document.terms, document.grants, document.balances, document.alikes,
        document.probes,
    )  # fmt: skip
    for record in (record for records in named for record in records):
        if "." in record.name:
            raise CannotWrite(f"one text cannot call something {record.name}: its file is imported with a name")
    return format_text("tenet 1\n\n" + "\n\n".join(_statements(document)) + "\n", document.path)


def _statements(document: Document) -> Iterator[str]:
    for kind, settings, usual in (("model", document.model, Model()), ("train", document.train, Train())):
        if settings != usual:
            yield block(kind, fields_of(settings))
    if document.authority is not None:
        yield block("authority", fields_of(document.authority))
    for dimension in document.dimensions:
        if dimension not in BUILT_IN:
            yield block(f"dimension {dimension.name}", fields_of(dimension))
    yield from _named("term", document.terms)
    yield from _inside(document, None, Given())
    yield from _named("grant", document.grants)
    yield from _named("balance", document.balances)
    for priority in document.priorities:
        yield f"priority: {' > '.join(priority.names)}"
    yield from _named("alike", document.alikes)
    yield from _named("probe", document.probes)


def _named(kind: str, records: Iterable[Any]) -> Iterator[str]:
    assert kind in NAMED
    for record in records:
        level = f" at {record.level.name.lower()}" if kind == "grant" else ""
        yield block(f"{kind} {record.name}{level}", fields_of(record))


def _inside(document: Document, section: Section | None, given: Given) -> Iterator[str]:
    """Yield the clauses and sections of a section, or of the document, in their order."""
    for item in members(document, section):
        if isinstance(item, Clause):
            yield block(head_of(item, given), fields_of(item.body), fields_of(without(item, given)))
        else:
            level = f" at {item.level.name.lower()}" if item.level is not None else ""
            inner = list(_inside(document, item, given.within(item)))
            yield block(f"{item.kind} {item.name}{level}", fields_of(item), inner)


def members(document: Document, section: Section | None) -> list[Clause | Section]:
    """Return what stands in a section, or outside of all, in an order that keeps that of clauses and of sections."""
    name = section.name if section is not None else None
    clauses = [(place, clause) for place, clause in enumerate(document.clauses) if clause.section == name]
    found: list[Clause | Section] = []
    for inner in (s for s in document.sections if s.parent == name):
        first = _first(document, inner)
        while clauses and first is not None and clauses[0][0] < first:
            found.append(clauses.pop(0)[1])
        found.append(inner)
    return [*found, *(clause for _, clause in clauses)]


def _first(document: Document, section: Section) -> int | None:
    """Return the place of the first clause in a section, or in the sections of it."""
    names = {section.name}
    for other in document.sections:  # a section stands behind the one around it
        if other.parent in names:
            names.add(other.name)
    return next((place for place, clause in enumerate(document.clauses) if clause.section in names), None)


def head_of(clause: Clause, given: Given) -> str:
    usual = given.level or CONSTRUCTS[clause.kind].default_level
    level = "" if clause.level == usual else f" at {clause.level.name.lower()}"
    return f"{clause.kind} {clause.name}{level}"


def without(clause: Clause, given: Given) -> dict[str, Any]:
    """Return the common fields of a clause, by attribute, without what its sections give to it."""
    values = {s.attribute: getattr(clause, s.attribute) for s in field_specs(Clause).values()}
    for name, joint, outer in (("when", And, given.when), ("unless", Or, given.unless)):
        held = values[name]
        if outer is not None:
            own = isinstance(held, joint) and held.operands[0] == outer
            values[name] = held.operands[1] if own else None
    values["tags"] = tuple(tag for tag in clause.tags if tag not in given.tags)
    values["override"] = None if clause.override == given.override else clause.override
    return values


# ------------------------------------------------------------------ fields


def block(head: str, *items: Iterable[str]) -> str:
    """Return a block, on one line where it holds no other; the formatter parts the line that is too long."""
    inside = [item for group in items for item in group]
    if any("\n" in item or item.endswith("}") for item in inside):
        return "\n".join([f"{head} {{", *inside, "}"])
    return f"{head} {{ {'  '.join(inside)} }}"


def fields_of(record: Any) -> Iterator[str]:
    """Yield the fields of a record that differ from what they are when left out."""
    values = record if isinstance(record, dict) else None
    for spec in field_specs(Clause if values is not None else type(record)).values():
        value = values[spec.attribute] if values is not None else getattr(record, spec.attribute)
        if value != (() if spec.default is None and isinstance(value, tuple) else spec.default) or spec.required:
            yield from _field(spec, value)


def _field(spec: FieldSpec, value: Any) -> Iterator[str]:
    shape = spec.shape
    if isinstance(shape, TurnsShape):
        yield from conversation(value)
    elif isinstance(shape, RecordShape):
        for record in value if shape.many else (value,):
            if isinstance(record, Options):
                yield block(spec.name, (f"{option.name}: {_setting(option.value)}" for option in record.given))
                continue
            yield block(spec.name, answered(record) if isinstance(record, Example) else fields_of(record))
    else:
        yield f"{spec.name}: {value_of(spec, value)}"


def _setting(value: Setting) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_setting(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return text(value) if isinstance(value, str) else number(value) if isinstance(value, int) else repr(value)


def conversation(turns: Iterable[Turn]) -> Iterator[str]:
    return (f"{turn.role}: {text(turn.text)}" for turn in turns)


def answered(example: Example) -> Iterator[str]:
    """Yield the fields of an example, each reason behind the answers that it explains."""
    if example.about is not None:
        yield f"about: {text(example.about)}"
    yield from conversation(example.turns)
    told: set[str] = set()
    for kind in ("good", "ok", "bad"):
        plain: list[str] = []
        for answer in getattr(example, kind):
            # An answer of two kinds has its reasons behind the first.
            reasons = [why for about, why in example.reasons if about == answer and answer not in told]
            told.add(answer)
            if not reasons:
                plain.append(text(answer))
                continue
            if plain:
                yield f"{kind}: [{', '.join(plain)}]"
                plain = []
            yield f"{kind}: {text(answer)}"
            yield from (f"why: {text(why)}" for why in reasons)
        if plain:
            yield f"{kind}: {plain[0]}" if len(plain) == 1 else f"{kind}: [{', '.join(plain)}]"


def value_of(spec: FieldSpec, value: Any) -> str:
    """Return a value as the field takes it."""
    match spec.shape:
        case ConditionShape():
            return condition(value)
        case TargetShape():
            return target(value)
        case ChainShape():
            return " > ".join(value)
        case NumbersShape():
            return f"[{', '.join(number(item) for item in value)}]"
        case ListShape(words=words):
            return f"[{', '.join(_item(item, words) for item in value)}]"
        case TextShape(word=word):
            return value if word and spec.name in REFERRING and _is_bare(value) else text(value)
        case _:
            if isinstance(value, bool):
                return "true" if value else "false"
            return value if isinstance(value, str) else number(value)


def _item(item: str | Pattern, words: bool) -> str:
    if isinstance(item, Pattern):
        return pattern(item)
    return item if words else text(item)


def pattern(value: Pattern) -> str:
    """Return a pattern as a literal; a slash that is not escaped gets its backslash."""
    written = re.sub(r"(\\.)|/", lambda m: m[1] or "\\/", value.text)
    return f"/{written}/{value.flags}"


def text(value: str) -> str:
    """Return a text in quotes; a `${` in it names no parameter."""
    plain = value.replace("${", "$${")
    return long_text(plain) if "\n" in plain.strip("\n") else quote(plain)


def number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def target(value: Target) -> str:
    percent = f"{value.share * 100:.12g}"
    return f"{value.comparison} {f'{percent}%' if float(percent) / 100 == value.share else repr(value.share)}"


def condition(value: Condition) -> str:
    """Return a condition in words and signs, with the parentheses that keep its shape."""
    match value:
        case Compare(name, "in", tuple() as values):
            return f"{name} in [{', '.join(_constant(v) for v in values)}]"
        case Compare(name, operator, wanted):
            return f"{name} {operator} {_constant(wanted)}"
        case Truth(name):
            return name
        case Not(Compare(name, "in", tuple() as values)):
            return f"{name} not in [{', '.join(_constant(v) for v in values)}]"
        case Not(operand):
            return f"not {_grouped(operand, (And, Or))}"
        case And(operands):
            return " and ".join(_grouped(operand, (And, Or)) for operand in operands)
        case Or(operands):
            return " or ".join(_grouped(operand, (Or,)) for operand in operands)


def _grouped(value: Condition, kinds: tuple[type, ...]) -> str:
    return f"({condition(value)})" if isinstance(value, kinds) else condition(value)


def _constant(value: Any) -> str:
    if isinstance(value, str):
        return value if _is_bare(value) else quote(value)
    return number(value)


def _is_bare(value: str) -> bool:
    """Whether a name may stand without quotes wherever a value may."""
    return is_name(value) and value not in OPERATORS
