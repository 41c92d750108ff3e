"""What is put in when a statement, a field or a value is completed, with the places to fill in.

In: field specs and words of the language. Out: snippets in the protocol's syntax (`$1`, `${2:name}`, `${3|a,b|}`), and
plain text for clients that know none. Nothing of it is listed here: a new construct has its snippet.
"""

from __future__ import annotations

import re
from typing import assert_never

from compiler.lsp.language import fields_of
from spec.blocks import LEVELS
from spec.constructs import CONSTRUCTS
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
    TargetShape,
    TextShape,
    TurnsShape,
)
from spec.vocabulary import CONTAINERS, SETTINGS

_LINES = {
    "tenet": "tenet 1",
    "import": 'import "$1"',
    "extends": 'extends "$1"',
    "priority": "priority: ${1:first} > ${2:second}",
    "drop": "drop: [$1]",
}
# Fields that a statement should have, though others may stand for them.
_ASKED = {"dimension": ("values",), "probe": ("ask",), "parameter": ("default",)}
_TEXT_FIELD = re.compile(r'(\w+): "\.\.\."')
_HOLE = re.compile(r"\$\{\d+\|([^,|}]*)[^}]*\|\}|\$\{\d+:([^}]*)\}|\$\d+")


def statement(word: str) -> str:
    """Return the snippet of a statement: its name, and the fields that it cannot do without."""
    if word in _LINES:
        return _LINES[word]
    if word in SETTINGS:
        return f"{word} {{\n  $0\n}}"
    if word in CONTAINERS:
        when = "  when: $2\n" if word == "overlay" else ""
        return f"{word} ${{1:name}} at ${{3|{','.join(LEVELS)}|}} {{\n{when}  $0\n}}"
    fields = fields_of((word,))
    needed = [field for field in fields.values() if field.required]
    construct = CONSTRUCTS.get(word)
    if construct is not None and construct.needs and not needed:
        needed = [fields[construct.needs[0]]]
    needed.extend(fields[name] for name in _ASKED.get(word, ()))
    lines = [f"  {field_line(field, number, word)}" for number, field in enumerate(needed, 2)]
    return "\n".join([f"{word} ${{1:name}} {{", *lines, "  $0", "}"])


def field_line(field: FieldSpec, number: int = 1, word: str = "") -> str:
    """Return the snippet of a field with its value."""
    if isinstance(field.shape, RecordShape):
        texts = _TEXT_FIELD.findall(field.says.example)
        lines = [f'  {name}: "${hole}"' for hole, name in enumerate(texts, number)] or [f"  ${number}"]
        return "\n".join([f"{field.name} {{", *lines, "}"])
    return f"{field.name}: {value(field, number, word)}"


def value(field: FieldSpec, number: int = 1, word: str = "") -> str:
    """Return the snippet of a field's value; word: of the block that holds it."""
    match field.shape:
        case TextShape(word=True) | NumberShape() | ConditionShape() | TurnsShape():
            return f"${number}"
        case TextShape():
            return f'"${number}"'
        case ChoiceShape(choices):
            return f"${{{number}|{','.join(choices)}|}}"
        case FlagShape():
            return f"${{{number}|true,false|}}"
        case ListShape(texts=texts):
            return f'["${number}"]' if texts else f"[${number}]" if field.shape.words else f"[/${number}/]"
        case NumbersShape():
            return f"[${number}]"
        case ChainShape():
            return f"${number}"
        case TargetShape():
            construct = CONSTRUCTS.get(word)
            comparison = construct.target_comparison if construct else ">="
            return f"{comparison} ${{{number}:{'1' if comparison == '<=' else '90'}}}%"
        case RecordShape():
            return f"{{ ${number} }}"
    assert_never(field.shape)


def plain(snippet: str) -> str:
    """Return a snippet as text: the first of its choices, its defaults, nothing where one types.

    >>> plain("target: >= ${1:90}%"), plain("emoji: ${1|never,any|}"), plain('means: "$1"')
    ('target: >= 90%', 'emoji: never', 'means: ""')
    """
    return _HOLE.sub(lambda match: match[1] or match[2] or "", snippet)
