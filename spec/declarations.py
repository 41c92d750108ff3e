"""Blocks that state no behaviour: settings, dimensions, and the named blocks of `spec/vocabulary.py`.

In: one such block. Out: its record in the part, or diagnostics. Files that settings name are looked for by
`spec/loading.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spec import ast
from spec.blocks import Filled
from spec.document import (
    Alike,
    Authority,
    Balance,
    Dimension,
    Grant,
    Level,
    Model,
    Parameter,
    ProbeStatement,
    Term,
    Train,
)
from spec.fields import field_specs
from spec.inheritance import Given
from spec.part import Declared, FileUse
from spec.reading import Reading
from spec.source import Span
from spec.vocabulary import EITHER_FIELDS, FILE_FIELDS, FOLDER_FIELDS, NAMED, SETTINGS

NAMING = ("for", "over", "of")
"""Fields that name clauses."""


def read_settings(reading: Reading, block: ast.Block) -> None:
    kind = block.kind.text
    reading.blocks.needless(block)
    record = SETTINGS[kind]
    filled = reading.blocks.fill(block.body, field_specs(record), f"`{kind}`", reading.blocks.head(block))
    reading.part.declared.append(Declared(kind, "", reading.blocks.head(block)))
    _paths(reading, block.body)
    if not filled.ok:
        return
    base = reading.inherited.settings.get(record, record())
    given = replace(base, **filled.values, span=reading.blocks.span(block))
    match given:
        case Model():
            reading.part.models.append(given)
        case Train():
            reading.part.trains.append(given)
        case Authority():
            reading.part.authorities.append(given)


def _paths(reading: Reading, body: ast.Body) -> None:
    """Note the paths in a block of settings; a model's name is one where it is written as a folder."""
    for item in body.items:
        if not isinstance(item, ast.Field) or item.name.text not in FILE_FIELDS | FOLDER_FIELDS | EITHER_FIELDS:
            continue
        for value in item.value.items if isinstance(item.value, ast.Array) else (item.value,):
            if not isinstance(value, ast.Text) or not value.value.strip():
                continue
            if item.name.text not in FOLDER_FIELDS or value.value.startswith(("./", "../", "/")):
                reading.part.paths.append(FileUse(item.name.text, value.value, reading.blocks.span(value)))


def read_named(reading: Reading, block: ast.Block, given: Given) -> None:
    """Read a block that has a name and states no behaviour: a record of `NAMED`."""
    kind = block.kind.text
    record = NAMED[kind]
    name = reading.blocks.name(block, dotted=False)
    owner = f"{kind} `{name.text}`" if name else kind
    extra: dict[str, Any] = {}
    if record is Grant:
        extra["level"] = reading.blocks.level(block) or given.level or Level.DEVELOPER
    else:
        reading.blocks.no_level(block)
    filled = reading.blocks.fill(block.body, field_specs(record), owner, reading.blocks.head(block))
    reading.refer(block.body, NAMING)
    if name is None:
        return
    # A parameter is known in its own file only.
    prefix = "" if record is Parameter else reading.part.prefix
    reading.part.declared.append(Declared(kind, prefix + name.text, reading.blocks.span(name)))
    if not filled.ok:
        return
    made = record(name=prefix + name.text, **filled.values, **extra, span=reading.blocks.span(block))
    if _fits(reading, made, filled, owner, reading.blocks.head(block)):
        _kept(reading, made)


def _kept(reading: Reading, made: Any) -> None:
    part = reading.part
    match made:
        case ProbeStatement():
            part.probes.append(made)
        case Term():
            part.terms.append(made)
        case Parameter():
            part.parameters.append(made)
        case Grant():
            part.grants.append(made)
        case Balance():
            part.balances.append(made)
        case Alike():
            part.alikes.append(made)


def _fits(reading: Reading, made: Any, filled: Filled, owner: str, head: Span) -> bool:
    """Report fields of one block that cannot both hold."""
    match made:
        case Balance() if len(made.of) != len(made.weights):
            message, field = f"{owner} has {len(made.of)} clauses and {len(made.weights)} weights", "weights"
        case Balance() if len(made.of) < 2:
            message, field = f"{owner} weighs one clause against nothing", "of"
        case Alike() if len(made.asks) < 2:
            message, field = f"{owner} has one prompt, and nothing to treat it like", "asks"
        case ProbeStatement() if made.at_least is not None and made.at_least > made.repeats:
            message, field = f"{owner} asks {made.repeats} times and wants {made.at_least} to pass", "at_least"
        case _:
            return True
    reading.report.add("T0216", message, filled.place(field) or head, label="does not fit")
    return False


def read_dimension(reading: Reading, block: ast.Block) -> None:
    name = reading.blocks.name(block, dotted=True)
    reading.blocks.no_level(block)
    specs = field_specs(Dimension)
    owner = f"dimension `{name.text}`" if name else "dimension"
    filled = reading.blocks.fill(block.body, specs, owner, reading.blocks.head(block))
    values = filled.values
    if filled.place("type") is None and filled.ok and filled.whole:
        guess = "enum" if "values" in values else "judged" if "means" in values else None
        if guess is None:
            reading.report.add(
                "T0215", f"{owner} does not say what its values are", reading.blocks.head(block),
                label="needs `values`, `means` or `type`",
                help="for example `values: [customer, clinician]`, or `type: boolean`",
            )  # fmt: skip
            filled.ok = False
        values["type"] = guess
    kind = values.get("type")
    filled.ok = filled.ok and kind is not None  # it may be what could not be read
    for needed, owner_type in (("values", "enum"), ("means", "judged")):
        if not filled.ok:
            break
        if (kind == owner_type) != (needed in values) and not (needed == "means" and needed in values):
            span = filled.place(needed) or filled.place("type") or reading.blocks.head(block)
            reading.report.add(
                "T0216", f"a dimension of type {kind} {'needs' if kind == owner_type else 'has no'} `{needed}`",
                span, label=f"type is {kind}",
            )  # fmt: skip
            filled.ok = False
    if name is None:
        return
    reading.part.declared.append(Declared("dimension", name.text, reading.blocks.span(name)))
    if filled.ok:
        reading.part.dimensions.append(Dimension(name.text, **values, span=reading.blocks.span(block)))
