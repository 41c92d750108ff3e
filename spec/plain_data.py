"""A syntax tree to plain data: dictionaries, lists, texts and numbers, as YAML and JSON have them.

In: a `Module` without errors. Out: what `spec/plain_reading.py` turns back into a tree that means the same. Comments
and layout are lost, and nothing else. This file must not know how YAML or JSON is laid out.

>>> from spec.source import Source
>>> from spec.doors import read
>>> data_of(read(Source("a.tenet", 'tenet 1 trait calm at user { means: "Is calm."  target: >= 80% }'))[0])
{'tenet': 1, 'trait': {'calm': {'at': 'user', 'means': 'Is calm.', 'target': '>= 80%'}}}
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from spec import ast
from spec.blocks import ANSWERS, ROLES
from spec.constructs import CONSTRUCTS
from spec.document import Clause, Dimension, Example, ProbeStatement, Section
from spec.fields import ListShape, RecordShape, field_specs
from spec.formatter import quote
from spec.plain_reading import GROUP
from spec.plain_values import REGEX
from spec.vocabulary import CONTAINERS, NAMED, SETTINGS, STATEMENTS

Data = dict[str, Any]

_RECORDS = (*CONSTRUCTS.values(), Clause, Example, ProbeStatement)
_SPECS = [spec for record in _RECORDS for spec in field_specs(record).values()]
MIXED = frozenset(s.name for s in _SPECS if isinstance(s.shape, ListShape) and s.shape.texts and s.shape.patterns)
"""Fields whose lists hold texts and patterns, so that a text which looks like a pattern has to say that it is none."""
REPEATED = frozenset(s.name for s in _SPECS if isinstance(s.shape, RecordShape) and s.shape.many)
"""Fields that may stand several times."""
NAMES = frozenset(
    s.name for record in (*_RECORDS, Section, Dimension, *NAMED.values()) for s in field_specs(record).values()
    if isinstance(s.shape, ListShape) and s.shape.words
)  # fmt: skip
"""Fields whose lists hold names, which may be digits: they stay as they are written."""
FIRST = ("drop", *SETTINGS, "parameter", "dimension", "term")
LAST = ("grant", "balance", "priority", "alike", "probe")
ORDERED = (*CONSTRUCTS, *CONTAINERS)
"""What has one order among all of its kinds: that of the prompt."""


def data_of(module: ast.Module) -> Data:
    """Return what a file says."""
    included = [item for item in module.items if isinstance(item, ast.Directive) and item.keyword.text != "tenet"]
    groups: list[Data] = []
    for item in included:
        kind = item.keyword.text
        if not groups or kind not in groups[-1]:
            groups.append({})
        _more(groups[-1], kind, _directive(item))
    found = _statements(item for item in module.items if item not in included)
    # Clauses stand in the order of the files that they come from.
    apart = len(groups) > len({kind for group in groups for kind in group})
    header = {"tenet": found.pop("tenet")}
    if not apart:
        header.update({kind: value for group in groups for kind, value in group.items()})
    settings = {kind: found.pop(kind) for kind in FIRST if kind in found}
    if apart:
        groups.extend(found.pop(GROUP, [{kind: found.pop(kind) for kind in ORDERED if kind in found}]))
        found = {GROUP: [group for group in groups if group], **found}
    return {**header, **settings, **found}


def _statements(items: Iterable[ast.Item]) -> Data:
    """Return statements by kind, those of one kind together; in groups, where that would change their order."""
    named: dict[str, Data] = {}
    ordered: list[tuple[str, str, Data]] = []
    single: Data = {}
    for item in items:
        match item:
            case ast.Directive(keyword):
                _more(single, keyword.text, _directive(item))
            case ast.Field(name, value) if name.text == "drop":
                single["drop"] = value_of(name.text, value)
            case ast.Field(name, value):
                _more(single, name.text, value_of(name.text, value))
            case ast.Block(kind, name, level, body) if kind.text in ORDERED and name is not None:
                ordered.append((kind.text, name.text, _block(level, body, inside=kind.text in CONTAINERS)))
            case ast.Block(kind, None, _, body):
                single[kind.text] = _fields(body.items)
            case ast.Block(kind, ast.Word() as name, level, body):
                named.setdefault(kind.text, {})[name.text] = _block(level, body)
    before = {**single, **named}
    last = {kind: before.pop(kind) for kind in LAST if kind in before}
    return {**before, **_grouped(ordered), **last}


def _more(found: Data, name: str, value: Any) -> None:
    """Put a value beside those of the same name."""
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]


def _grouped(ordered: Sequence[tuple[str, str, Data]]) -> Data:
    groups: list[dict[str, Data]] = []
    for kind, name, data in ordered:
        if not groups or (kind in groups[-1] and kind != next(reversed(groups[-1]))):
            groups.append({})
        groups[-1].setdefault(kind, {})[name] = data
    return dict(groups[0]) if len(groups) == 1 else {GROUP: groups} if groups else {}


def _directive(item: ast.Directive) -> Any:
    match item.argument:
        case ast.Number(value):
            return int(value)
        case ast.Text(path) if item.alias is None and item.body is None:
            return path
        case ast.Text(path):
            alias = {"as": item.alias.text} if item.alias is not None else {}
            given = {"with": _fields(item.body.items)} if item.body is not None else {}
            return {"file": path, **alias, **given}
        case ast.Missing():
            raise AssertionError("a file with errors is not converted")


def _block(level: ast.Word | None, body: ast.Body, *, inside: bool = False) -> Data:
    at = {"at": level.text} if level is not None else {}
    if not inside:
        return {**at, **_fields(body.items)}
    own = [item for item in body.items if _is_own(item)]
    return {**at, **_fields(own), **_statements(item for item in body.items if not _is_own(item))}


def _is_own(item: ast.Item) -> bool:
    """Whether an item of a section is a field of it, and no statement."""
    return isinstance(item, ast.Field) and item.name.text not in STATEMENTS


# ---- fields


def _fields(items: Iterable[ast.Item]) -> Data:
    found: Data = {}
    turns: list[tuple[str, Any]] = []
    answers: dict[str, list[Data]] = {}
    latest: list[Data] = []
    for item in items:
        name, value = (item.name.text, item.value) if isinstance(item, ast.Field) else (_kind(item), None)
        body = item.body if isinstance(item, ast.Block) else value if isinstance(value, ast.Body) else None
        if body is not None:
            inner = _fields(body.items)
            if name in REPEATED:
                _more(found, name, inner)
            else:
                found[name] = inner
        elif name in ROLES and isinstance(value, ast.Text):
            turns.append((name, value.value))
            found.setdefault("turns", None)
        elif name in ANSWERS and value is not None:
            texts = value.items if isinstance(value, ast.Array) else (value,)
            latest = [{"text": _plain(text)} for text in texts]
            answers.setdefault(name, []).extend(latest)
            found.setdefault(name, None)
        elif name == "why" and value is not None:
            for answer in latest:
                _more(answer, "why", _plain(value))
        elif value is not None:
            found[name] = value_of(name, value)
    return {key: held for name, value in found.items() for key, held in _said(name, value, turns, answers)}


def _said(
    name: str, value: Any, turns: list[tuple[str, Any]], answers: dict[str, list[Data]]
) -> Iterable[tuple[str, Any]]:
    """Yield a field, with a conversation or answers in the shortest way in which they can be said."""
    if name == "turns":
        roles = [role for role, _ in turns]
        alone = len(set(roles)) == len(roles)
        yield from turns if alone else [("turns", [{role: text} for role, text in turns])]
    elif name in answers:
        said = [answer if "why" in answer else answer["text"] for answer in answers[name]]
        yield name, said[0] if len(said) == 1 else said
    else:
        yield name, value


def _kind(item: ast.Item) -> str:
    assert isinstance(item, ast.Block), "directives stand at the top level only"
    return item.kind.text


def value_of(name: str, value: ast.Value) -> Any:
    """Return the value of the field `name`."""
    if isinstance(value, ast.Body):
        return _fields(value.items)
    if isinstance(value, ast.Array):
        return [_item(name, item) for item in value.items]
    return _item(name, value)


def _item(name: str, value: ast.Value) -> Any:
    if isinstance(value, ast.Text) and name in MIXED and REGEX.fullmatch(value.value):
        return {"text": value.value}
    if isinstance(value, ast.Number) and name in NAMES and str(_plain(value)) != value.written:
        return value.written
    return _plain(value)


def _plain(value: ast.Value) -> Any:
    match value:
        case ast.Word("true" | "false" as text):
            return text == "true"
        case ast.Word(text) | ast.Text(text):
            return text
        case ast.Number(number, percent, written):
            return written if percent else int(number) if _is_whole(written) else number
        case ast.Regex(text, flags):
            return f"/{text}/{flags}"
        case ast.Array(items):
            return [_plain(item) for item in items]
        case _:
            return expression(value)


def _is_whole(written: str) -> bool:
    return written.lstrip("+-").isdecimal()


def expression(value: ast.Value) -> str:
    """Return a condition, target or ranking as `.tenet` text has it, on one line."""
    match value:
        case ast.Word(text):
            return text
        case ast.Text(text):
            return quote(text)
        case ast.Number(written=written):
            return written
        case ast.Regex(text, flags):
            return f"/{text}/{flags}"
        case ast.Bound(operator, number):
            return f"{operator.text} {expression(number)}"
        case ast.Array(items):
            return f"[{', '.join(expression(item) for item in items)}]"
        case ast.Group(inner):
            return f"({expression(inner)})"
        case ast.Negation(operand):
            return f"not {expression(operand)}"
        case ast.Junction(operator, operands):
            return f" {operator} ".join(expression(operand) for operand in operands)
        case ast.Comparison(operands, operators):
            signs = [
                f" {sign.text} {expression(operand)}" for sign, operand in zip(operators, operands[1:], strict=True)
            ]
            return expression(operands[0]) + "".join(signs)
        case ast.Body() | ast.Missing():
            raise AssertionError("a file with errors is not converted")
