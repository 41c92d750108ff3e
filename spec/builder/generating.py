"""The builder's functions, written from the records: one for each statement and block of the language.

In: nothing. Out: the text of `spec/builder/statements.py`, which a test keeps current. Names, types and docstrings come
from the annotations that checking reads, so that a new construct or field is in the builder as soon as this has run:

    python -m spec.builder.generating > spec/builder/statements.py
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from textwrap import wrap
from typing import Any, get_args

from spec.constructs import CONSTRUCTS, Voice
from spec.document import Adapter, Clause, Dimension, Example, Grant, Mixture, ProbeStatement, Role, Section, Watch
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
    field_specs,
)
from spec.reference import entry
from spec.vocabulary import CONTAINERS, NAMED, SETTINGS

WIDTH = 120
BLOCKS: dict[str, type[Any]] = {
    "voice": Voice,
    "adapter": Adapter,
    "mixture": Mixture,
    "watch": Watch,
    "example": Example,
}
"""Blocks that stand inside of others, and are built by a call of their own."""
_HEAD = '''"""One function for each statement and block of the language; made by `spec/builder/generating.py`.

In: names and fields, as keyword arguments. Out: records that `Spec` puts together. What a value means is told by
`tenet explain`; a name that Python keeps for itself ends with `_`: `not_`, `except_`, `for_`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from spec.builder.core import Fields, Statement, fields_of, place_of_call, statement
from spec.builder.speaking import named

Level = Literal["root", "system", "developer", "user", "guideline"]
Role = Literal["system", "developer", "user", "assistant", "tool"]
Texts = str | Sequence[str]
Patterns = str | re.Pattern[str] | Sequence[str | re.Pattern[str]]
Answers = str | Fields | Sequence[str | Fields]
Turns = Sequence[tuple[Role, str]]
Number = int | float | str
"""A number, or a percentage such as `"80%"`."""
'''
_OTHERS = ("answer", "drop", "extends", "import_", "options", "priority")
_TAIL = '''

@named
def answer(text: str, *, why: Texts) -> Fields:
    """An answer of an example with what it gets right or wrong, which is never trained on."""
    return fields_of(locals(), place_of_call())


@named
def priority(chain: str, /) -> Statement:
    """Which clauses win over which: `"safety > honesty > brevity"`, the first over the others."""
    return Statement("priority", None, chain, place_of_call())


@named
def options(**settings: bool | float | str | Sequence[bool | float | str]) -> Fields:
    """Settings of the trainer by the library's own names."""
    return fields_of({**settings}, place_of_call())


@named
def drop(*names: str) -> Statement:
    """Clauses of the extended file that shall not count."""
    return Statement("drop", None, list(names), place_of_call())


@named
def import_(file: str, /, *, as_: str | None = None, **texts: str) -> Statement:
    """Another file's statements before those of this spec. `as_` stands before the names of its clauses; the other
    arguments are the texts of its parameters."""
    place = place_of_call()
    given = fields_of({**texts}, place) if texts else None
    return Statement("import", None, fields_of({"file": file, "as": as_, "with": given}, place), place)


@named
def extends(file: str, /, **texts: str) -> Statement:
    """What another file says, changed by what this spec says; the other arguments are the texts of its parameters."""
    place = place_of_call()
    given = fields_of({**texts}, place) if texts else None
    return Statement("extends", None, fields_of({"file": file, "with": given}, place), place)
'''


WIDTH = 120
"""Characters of a line."""


def generated() -> str:
    """Return the module."""
    kinds = (*CONSTRUCTS, *CONTAINERS, "dimension", *NAMED, *SETTINGS)
    names = sorted([*BLOCKS, *kinds, *_OTHERS])
    listed = "".join(f'    "{name}",\n' for name in names)
    blocks = ["\n".join(_block(name, record)) for name, record in BLOCKS.items()]
    statements = ["\n".join(_statement(kind)) for kind in kinds]
    return "\n\n".join([f"{_HEAD}\n__all__ = [\n{listed}]\n", *blocks, *statements]) + _TAIL


def _block(name: str, record: type[Any]) -> Iterator[str]:
    yield from ("@named", f"def {name}(", "    *,")
    yield from _parameters(field_specs(record), needed=True)
    yield ") -> Fields:"
    yield from _docstring(name, field_specs(record), False)
    yield "    return fields_of(locals(), place_of_call())\n"


def _statement(kind: str) -> Iterator[str]:
    specs = _specs(kind)
    leveled = kind in CONSTRUCTS or kind in CONTAINERS or NAMED.get(kind) is Grant
    yield "@named"
    yield f"def {kind}("
    if kind not in SETTINGS:
        yield from ("    name: str,", "    /,")
    yield "    *inside: Statement," if kind in CONTAINERS else "    *,"
    if leveled:
        yield "    at: Level | None = None,"
    yield from _parameters(specs, needed=kind not in CONSTRUCTS)
    if NAMED.get(kind) is ProbeStatement:
        yield "    ask: str | None = None,"
    yield ") -> Statement:"
    yield from _docstring(kind, specs, leveled)
    yield f'    return statement("{kind}", locals(), place_of_call())\n'


def _specs(kind: str) -> dict[str, FieldSpec]:
    if kind in CONSTRUCTS:
        return {**field_specs(CONSTRUCTS[kind]), **field_specs(Clause)}
    if kind in CONTAINERS:
        return field_specs(Section)
    return field_specs(Dimension if kind == "dimension" else SETTINGS.get(kind) or NAMED[kind])


def _names(name: str, spec: FieldSpec) -> tuple[str, ...]:
    return (*get_args(Role), "turns") if isinstance(spec.shape, TurnsShape) else (name,)


def _parameters(specs: dict[str, FieldSpec], *, needed: bool) -> Iterator[str]:
    """Yield parameters; a clause may leave all to the file that it extends, and the check says what is missing."""
    for name, spec in specs.items():
        for own in _names(name, spec):
            kind = "Turns" if own == "turns" else "str" if isinstance(spec.shape, TurnsShape) else _type(spec)
            must = needed and spec.required and not isinstance(spec.shape, TurnsShape)
            yield from _broken(f"    {_python(own)}: {kind}," if must else f"    {_python(own)}: {kind} | None = None,")


def _broken(line: str) -> Iterator[str]:
    """A parameter of many choices, as a formatter breaks it."""
    head, bracket, rest = line.partition("[")
    if len(line) <= WIDTH or not bracket:
        yield line
        return
    choices, _, tail = rest.rpartition("]")
    lines = [f"        {choices}"]
    if len(lines[0]) > WIDTH:
        lines = [f"        {choice}," for choice in choices.split(", ")]
    yield from (f"{head}[", *lines, f"    ]{tail.removesuffix(' | None = None,')}")
    if tail.endswith(" | None = None,"):
        yield "    | None = None,"


def _type(spec: FieldSpec) -> str:
    if spec.name in ("good", "ok", "bad"):
        return "Answers"
    match spec.shape:
        case ChoiceShape(choices):
            return f"Literal[{', '.join(f'{choice!r}' for choice in choices)}]".replace("'", '"')
        case NumberShape(whole=True):
            return "int"
        case NumberShape(percent=True):
            return "Number"
        case NumberShape():
            return "float"
        case NumbersShape():
            return "Sequence[Number]"
        case FlagShape():
            return "bool"
        case ListShape(patterns=True):
            return "Patterns"
        case ListShape():
            return "Texts"
        case RecordShape(many=True):
            return "Fields | Sequence[Fields]"
        case RecordShape():
            return "Fields"
        case TextShape() | ConditionShape() | TargetShape() | ChainShape():
            return "Texts" if spec.name == "why" else "str"
        case TurnsShape():
            raise AssertionError("a conversation is several fields")


def _docstring(word: str, specs: dict[str, FieldSpec], leveled: bool) -> Iterator[str]:
    found = entry(word)
    yield from wrap(f'    """{found.states}', WIDTH, subsequent_indent="    ")
    yield ""
    yield "    Args:"
    if leveled:
        yield f"        at: The level of authority; left out, {found.level or 'that around it, or developer'}."
    for name, spec in specs.items():
        shown = "turns" if isinstance(spec.shape, TurnsShape) else _python(name)
        example = " ".join(spec.says.example.split())
        text = f"{shown}: {spec.says.meaning} For example `{example}`.".replace("\\", "\\\\")
        yield from wrap(text, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 12, break_long_words=False)
    yield '    """'


def _python(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


if __name__ == "__main__":
    print(generated(), end="")
