"""The fields of the language, read from the dataclasses that hold them.

In: a record class whose annotations carry `Says`. Out: its `FieldSpec`s. The annotation is the one place that says
what a field is called, which values it takes and what it means; checking, messages, documentation and the formatter
all read it here. A record's field without `Says` is not a field of the language.

>>> from typing import Annotated
>>> @dataclass(frozen=True)
... class Tide:
...     height: Annotated[float, Says("In metres.", low=0, example="1.5")] = 0.0
>>> field_specs(Tide)["height"].shape
NumberShape(whole=False, low=0, high=None, positive=False, percent=False)
"""

from __future__ import annotations

import dataclasses
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from spec.document import Condition, Pattern, Target, Turn
from spec.frozen import dataclass
from spec.says import Says


@dataclass(frozen=True, slots=True)
class TextShape:
    """A string; `word`: a bare name will do. `name`: the value is a name, and a string will do."""

    word: bool = False


@dataclass(frozen=True, slots=True)
class ChoiceShape:
    """One of a few words."""

    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NumberShape:
    """whole: an integer; low and high are included, positive: more than zero; percent: a share, `90%` will do."""

    whole: bool = False
    low: float | None = None
    high: float | None = None
    positive: bool = False
    percent: bool = False


@dataclass(frozen=True, slots=True)
class FlagShape:
    pass


@dataclass(frozen=True, slots=True)
class ListShape:
    """Texts or patterns; with `words`, bare names alone (tags, values)."""

    texts: bool = True
    patterns: bool = False
    words: bool = False


@dataclass(frozen=True, slots=True)
class NumbersShape:
    """A list of numbers."""

    item: NumberShape


@dataclass(frozen=True, slots=True)
class ChainShape:
    """A ranking `a > b > c` of some of a few words."""

    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordShape:
    """`{ ... }` holding the fields of `record`; `many`: any number of them."""

    record: type[Any]
    many: bool = False


@dataclass(frozen=True, slots=True)
class ConditionShape:
    pass


@dataclass(frozen=True, slots=True)
class TargetShape:
    pass


@dataclass(frozen=True, slots=True)
class TurnsShape:
    """`user:` and `assistant:` fields in order, read by the block that holds them."""


Shape = (
    TextShape | ChoiceShape | NumberShape | FlagShape | ListShape | NumbersShape | ChainShape | RecordShape
    | ConditionShape | TargetShape | TurnsShape
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """name: as the language spells it; attribute: as the record does."""

    name: str
    attribute: str
    shape: Shape
    required: bool
    default: object
    says: Says


def field_specs(record: type[Any]) -> dict[str, FieldSpec]:
    """Return the fields of `record` by the names that the language gives them, in the order of the class."""
    if record not in _KNOWN:
        _KNOWN[record] = _read(record)
    return _KNOWN[record]


_KNOWN: dict[type[Any], dict[str, FieldSpec]] = {}


def _read(record: type[Any]) -> dict[str, FieldSpec]:
    import spec.constructs as constructs  # the records' annotations name each other
    import spec.document as document

    names = {**vars(document), **vars(constructs)}
    hints = get_type_hints(record, localns=names, include_extras=True)
    found: dict[str, FieldSpec] = {}
    for field in dataclasses.fields(record):
        hint = hints[field.name]
        says = next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Says)), None)
        if says is None:
            continue
        required = not says.optional and field.default is dataclasses.MISSING
        name = says.spelled or field.name
        default = None if field.default is dataclasses.MISSING else field.default
        found[name] = FieldSpec(name, field.name, _shape(get_args(hint)[0], says), required, default, says)
    return found


def _shape(hint: Any, says: Says) -> Shape:
    if hint == Condition or hint == Condition | None:
        return ConditionShape()
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = [a for a in get_args(hint) if a is not type(None)]
        assert len(inner) == 1, f"no shape for {hint}"
        return _shape(inner[0], says)
    if origin is Literal:
        return ChoiceShape(tuple(str(choice) for choice in get_args(hint)))
    if origin is tuple:
        item = get_args(hint)[0]
        if item is Turn:
            return TurnsShape()
        if get_origin(item) is tuple:
            return TextShape()  # a reason, which its block puts to the answers before it
        if dataclasses.is_dataclass(item) and item is not Pattern:
            return RecordShape(item, many=True)  # type: ignore[arg-type]  # a dataclass in an annotation is a class
        if says.chain:
            return ChainShape(says.chain)
        if item is float:
            return NumbersShape(NumberShape(False, says.low, says.high, says.positive, says.percent))
        kinds = get_args(item) or (item,)
        return ListShape(texts=str in kinds and not says.words, patterns=Pattern in kinds, words=says.words)
    if hint is bool:
        return FlagShape()
    if hint in (int, float):
        return NumberShape(hint is int, says.low, says.high, says.positive, says.percent)
    if hint is str:
        return TextShape(says.words)
    if hint is Target:
        return TargetShape()
    assert dataclasses.is_dataclass(hint), f"no shape for {hint}"
    return RecordShape(hint)  # type: ignore[arg-type]  # a dataclass found in an annotation is a class
