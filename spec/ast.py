"""The syntax tree: what stands in a file, whatever it means.

In: nothing. Out: frozen nodes that know where they stand (`start` and `end` are offsets into the source's text). The
tree is generic: it knows blocks, fields and values, and no construct. Comments are kept beside it, by position, so
that the formatter loses nothing. Equality compares what is written and ignores where.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from spec.frozen import dataclass


def _place() -> int:
    return field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Word:
    """A name (`caring`), a dotted name (`user.role`), or an operator inside a comparison (`==`, `not in`)."""

    text: str
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Text:
    """A string; `value` is what it says, escapes resolved and indentation of a `\"\"\"` string removed."""

    value: str
    start: int = _place()
    end: int = _place()
    long: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """`written` is kept so that `0.80` and `90%` print as they were written."""

    value: float
    percent: bool
    written: str = field(compare=False)
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Regex:
    """`/text/flags`"""

    text: str
    flags: str
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Bound:
    """`>= 90%`"""

    operator: Word
    number: Number | Missing
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Array:
    """`[a, b]`"""

    items: tuple[Value, ...]
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Body:
    """`{ ... }`: the body of a block, or a map as a field's value. `start` and `end` include the braces."""

    items: tuple[Item, ...]
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Group:
    """A parenthesised condition."""

    inner: Value
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Negation:
    """`not operand`"""

    operand: Value
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Junction:
    """`a and b and c`, or the same with `or`."""

    operator: str
    operands: tuple[Value, ...]
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Comparison:
    """`user.role == clinician`, and the chain `safety > honesty > brevity`."""

    operands: tuple[Value, ...]
    operators: tuple[Word, ...]
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Missing:
    """Where recovery put a value that the author left out."""

    start: int = _place()
    end: int = _place()


Value = Word | Text | Number | Regex | Bound | Array | Body | Group | Negation | Junction | Comparison | Missing


@dataclass(frozen=True, slots=True)
class Field:
    """`name: value`"""

    name: Word
    value: Value
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Block:
    """`kind name at level { ... }`"""

    kind: Word
    name: Word | None
    level: Word | None
    body: Body
    start: int = _place()
    end: int = _place()

    @property
    def head_end(self) -> int:
        """Where the header ends, the opening brace left out."""
        return (self.level or self.name or self.kind).end


@dataclass(frozen=True, slots=True)
class Directive:
    """`tenet 1` or `import "house.tenet" as house { maker: "Harbor Marine" }`"""

    keyword: Word
    argument: Text | Number | Missing
    alias: Word | None = None
    body: Body | None = None
    start: int = _place()
    end: int = _place()


Item = Directive | Block | Field


@dataclass(frozen=True, slots=True)
class Comment:
    """`text` starts with `#` and holds no line end."""

    text: str
    start: int = _place()
    end: int = _place()


@dataclass(frozen=True, slots=True)
class Module:
    """One file. `broken` holds the stretches that recovery skipped or mended: what lies in one is not to be judged.

    signs: how many words and signs it was written with.
    """

    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = ()
    broken: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    signs: int = field(default=0, compare=False)


def blocks(items: tuple[Item, ...], kind: str) -> Iterator[Block]:
    """Yield the blocks of `kind` among `items`, whether written `kind { ... }` or `kind: { ... }`.

    The second way yields a block without a name, so that readers need to know one shape only.
    """
    for item in items:
        match item:
            case Block(kind=Word(text=text)) if text == kind:
                yield item
            case Field(name=Word(text=text) as word, value=Body() as body) if text == kind:
                yield Block(word, None, None, body, item.start, item.end)
            case _:
                pass
