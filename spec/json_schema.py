"""The JSON Schema of specs in YAML and JSON, derived from the records that checking fills.

In: nothing. Out: a schema of draft 2020-12, with which an editor completes and explains a spec as it is written. It
says what `spec/plain_reading.py` reads, and no more than a schema can: what crosses statements is for `tenet check`.
Names, meanings and examples are those of the reference (`spec/reference.py`).
"""

from __future__ import annotations

import json
from typing import Any, get_args

from spec import ast
from spec.blocks import LEVELS
from spec.constructs import CONSTRUCTS
from spec.document import Clause, Dimension, Grant, Options, ProbeStatement, Role, Section
from spec.doors import read
from spec.fields import (
    ChainShape,
    ChoiceShape,
    ConditionShape,
    FieldSpec,
    FlagShape,
    ListShape,
    NumberShape,
    NumbersShape,
    RecordShape,
    Shape,
    TargetShape,
    TextShape,
    TurnsShape,
    field_specs,
)
from spec.plain_data import value_of
from spec.plain_reading import GROUP, INCLUSION, SCHEMA
from spec.reference import Entry, entry
from spec.source import Source
from spec.vocabulary import CONTAINERS, NAMED, SETTINGS, VERSION

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LETTER = "A-Za-z_\u00aa-\uffff"  # `\\w` has other letters in other programs
_WORD = f"[{_LETTER}][0-9{_LETTER}]*(?:[-+][0-9{_LETTER}]+)*"
_NAME, _DOTTED = f"^{_WORD}$", rf"^{_WORD}(?:\.{_WORD})*$"
_SHARE = r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
_TEXT: Schema = {"type": "string", "pattern": r"\S"}


def schema() -> Schema:
    """Return the schema of a spec."""
    statements = _statements()
    inclusion = {word: _inclusion(word) for word in INCLUSION}
    return {
        "$schema": DIALECT,
        "title": "A spec of how a model should behave",
        "description": "A Tenet spec, as YAML or JSON. `tenet check` tells what a schema cannot.",
        "type": "object",
        "required": ["tenet"],
        "properties": {
            SCHEMA: {"type": "string", "description": "Where an editor finds this schema. Read by no command."},
            "tenet": {"const": int(VERSION), "description": entry("tenet").states},
            **inclusion,
            "drop": {**_names(), "description": entry("drop").states},
            **statements,
        },
        "additionalProperties": False,
        "$defs": {
            **{kind: _statement(kind) for kind in (*CONSTRUCTS, *CONTAINERS, *SETTINGS, *NAMED, "dimension")},
            "example": _record(entry("example"), required=()),
            "answers": _some({"anyOf": [_TEXT, _answer()]}),
            "condition": {**_TEXT, "description": "Such as `user.role == clinician and not user.age_band in [teen]`."},
            "target": {"type": "string", "pattern": rf"^\s*(?:>=|<=)\s*{_SHARE}%?\s*$"},
            "clause": _object(field_specs(Clause), entry("clause")),
            "group": {"type": "object", "properties": _pointers({**inclusion, **statements}),
                      "additionalProperties": False},
        },
    }  # fmt: skip


def to_text() -> str:
    """Return the schema as the file that is published."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


# ---- statements


def _statements() -> dict[str, Schema]:
    """Return the properties that hold statements, of a spec or of a section."""
    kinds = {
        kind: {
            "type": "object",
            "description": entry(kind).states,
            "propertyNames": {"pattern": _DOTTED if kind == "dimension" else _NAME, "not": {"const": "at"}},
            "additionalProperties": {"$ref": f"#/$defs/{kind}"},
        }
        for kind in (*CONSTRUCTS, *CONTAINERS, *NAMED, "dimension")
    }
    chain = {"type": "string", "pattern": ">", "examples": ["safety > honesty > brevity"]}
    groups = {
        "description": "Groups of statements in order, where the order of clauses is not that of their kinds.",
        **_some({"$ref": "#/$defs/group"}),
    }
    return {
        **{kind: {"$ref": f"#/$defs/{kind}"} for kind in SETTINGS},
        **kinds,
        "priority": {**_some(chain), "description": entry("priority").states},
        GROUP: groups,
    }


def _pointers(statements: Schema) -> Schema:
    """Return the same properties, said once for all: by where they stand in the schema of a spec."""
    return {name: {"$ref": f"#/properties/{name}"} for name in statements}


def _statement(kind: str) -> Schema:
    """Return the schema of what stands behind a statement's name."""
    found = entry(kind)
    if kind in CONSTRUCTS:
        # What the kind needs, an extended file may give.
        body = _object(field_specs(CONSTRUCTS[kind]), found, required=())
        common = {name: {"$ref": f"#/$defs/clause/properties/{name}"} for name in field_specs(Clause)}
        body["properties"] = {"at": _level(found.level), **body["properties"], **common}
        rivals = CONSTRUCTS[kind].only_one
        if rivals:
            body["maxProperties"] = len(body["properties"]) - len(rivals) + 1
            body["dependentSchemas"] = {
                name: {"not": {"anyOf": [{"required": [other]} for other in rivals if other != name]}}
                for name in rivals
            }
        return body
    if kind in CONTAINERS:
        body = _object(field_specs(Section), found)
        body["properties"] = {"at": _level(None), **body["properties"], **_pointers(_statements())}
        return body
    record = Dimension if kind == "dimension" else SETTINGS.get(kind) or NAMED[kind]
    body = _object(field_specs(record), found)
    if record is Grant:
        body["properties"] = {"at": _level("developer"), **body["properties"]}
    if record is ProbeStatement:
        body["properties"]["ask"] = {**_TEXT, "description": "The question, where it is one turn."}
    return body


def _level(usual: str | None) -> Schema:
    says = f"The level of authority; left out, {usual}." if usual else "The level of authority of what is inside."
    return {"enum": list(LEVELS), "description": says}


def _inclusion(word: str) -> Schema:
    fields: dict[str, Schema] = {
        "file": {**_TEXT, "description": "The path, from this file's folder."},
        "as": {"type": "string", "pattern": _NAME, "description": "What stands before the names of its clauses."},
        "with": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Texts for its parameters.",
        },
    }
    known = {name: fields[name] for name in INCLUSION[word]}
    whole = {"type": "object", "properties": known, "required": ["file"], "additionalProperties": False}
    return {**_some({"anyOf": [_TEXT, whole]}), "description": entry(word).states}


# ---- fields


def _record(found: Entry, required: tuple[str, ...] | None = None) -> Schema:
    specs = {spec.name: spec for fields in found.fields for spec in fields.fields}
    return _object(specs, found, required)


def _object(specs: dict[str, FieldSpec], found: Entry, required: tuple[str, ...] | None = None) -> Schema:
    properties: dict[str, Schema] = {}
    for name, spec in specs.items():
        if isinstance(spec.shape, TurnsShape):
            properties.update(_conversation(spec))
        else:
            properties[name] = _field(spec)
    needed = [n for n, s in specs.items() if s.required and not isinstance(s.shape, TurnsShape)]
    needed = list(required) if required is not None else needed
    body: Schema = {
        "type": "object",
        "description": found.states,
        "properties": properties,
        "additionalProperties": False,
    }
    return {**body, "required": needed} if needed else body


def _conversation(spec: FieldSpec) -> dict[str, Schema]:
    turn = {
        "type": "object",
        "properties": {role: {"type": "string", "pattern": r"\S"} for role in get_args(Role)},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
    roles = {role: {**_TEXT, "description": f"What the {role} says; `turns`, where anybody speaks twice."}
             for role in get_args(Role)}  # fmt: skip
    turns = {"type": "array", "items": turn, "minItems": 1, "description": spec.says.meaning,
             "examples": [[{"user": "Hello"}, {"assistant": "Ahoy!"}, {"user": "What is a berth?"}]]}  # fmt: skip
    return {**roles, "turns": turns}


def _answer() -> Schema:
    why = {**_some(_TEXT), "description": "What it gets right or wrong. Never trained on."}
    return {
        "type": "object",
        "properties": {"text": _TEXT, "why": why},
        "required": ["text"],
        "additionalProperties": False,
    }


def _field(spec: FieldSpec) -> Schema:
    if spec.name in ("good", "ok", "bad"):
        return {"$ref": "#/$defs/answers", "description": spec.says.meaning}
    said = {"description": spec.says.meaning}
    if not isinstance(spec.shape, RecordShape) or not spec.shape.many:
        said["examples"] = [_example(spec)]  # type: ignore[assignment]  # a list of whatever the field takes
    return {**_value(spec.shape, spec), **said}


def _value(shape: Shape, spec: FieldSpec) -> Schema:
    match shape:
        case TextShape():
            return _some(_TEXT) if spec.name == "why" else dict(_TEXT)
        case ChoiceShape(choices):
            return {"enum": list(choices)}
        case FlagShape():
            return {"type": "boolean"}
        case NumberShape():
            return _number(shape)
        case NumbersShape(item):
            return _some(_number(item))
        case ListShape(words=True):
            return _names()
        case ListShape(texts, patterns):
            kinds: list[Schema] = [_TEXT, {"type": "object", "properties": {"text": _TEXT}, "required": ["text"],
                                           "additionalProperties": False}]  # fmt: skip
            pattern: Schema = {"type": "string", "pattern": r"^/[^/](?:.|\n)*/[ims]*$"}
            return _some({"anyOf": kinds} if patterns else _TEXT) if texts else _some(pattern)
        case ChainShape(choices):
            word = f"(?:{'|'.join(choices)})"
            return {"type": "string", "pattern": rf"^\s*{word}(?:\s*>\s*{word})+\s*$"}
        case ConditionShape():
            return {"$ref": "#/$defs/condition"}
        case TargetShape():
            return {"$ref": "#/$defs/target"}
        case RecordShape(record) if record is Options:
            one: Schema = {"type": ["string", "number", "boolean"]}
            return {"type": "object", "additionalProperties": _some(one), "description": entry(spec.name).states}
        case RecordShape(record, many):
            named = "example" if many else None
            inner = {"$ref": f"#/$defs/{named}"} if named else _object(field_specs(record), entry(spec.name))
            return _some(inner) if many else inner
        case TurnsShape():
            raise AssertionError("a conversation is several fields")


def _number(shape: NumberShape) -> Schema:
    found: Schema = {"type": "integer" if shape.whole else "number"}
    if shape.positive:
        found["exclusiveMinimum"] = 0
    elif shape.low is not None:
        found["minimum"] = shape.low
    if shape.high is not None:
        found["maximum"] = shape.high
    return {"anyOf": [found, {"type": "string", "pattern": rf"^{_SHARE}%$"}]} if shape.percent else found


def _names() -> Schema:
    name = {
        "anyOf": [{"type": "string", "pattern": rf"^(?:{_DOTTED[1:-1]}|{_SHARE}%?)$"}, {"type": ["number", "boolean"]}]
    }
    return _some(name)


def _some(item: Schema) -> Schema:
    """One value needs no list."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def _example(spec: FieldSpec) -> Any:
    """Return the reference's example as YAML and JSON have it."""
    module, _ = read(Source("example.tenet", f"{spec.name}: {spec.says.example}"))
    field = module.items[0]
    assert isinstance(field, ast.Field)
    return value_of(spec.name, field.value)
