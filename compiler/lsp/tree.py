"""Places in a syntax tree: what stands around an offset, and every node below one.

In: a module. Out: items and words. This file knows the tree's shape and nothing of names or fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from spec import ast

Node = ast.Item | ast.Value


def around(items: Iterable[ast.Item], offset: int) -> list[ast.Item]:
    """Return the items that hold `offset`, the outermost first; ends count as inside."""
    found: list[ast.Item] = []
    inside: Iterable[ast.Item] = items
    while True:
        here = next((item for item in inside if item.start <= offset <= item.end), None)
        if here is None:
            return found
        found.append(here)
        body = body_of(here)
        if body is None or not body.start < offset < body.end:
            return found
        inside = body.items


def body_of(item: ast.Item) -> ast.Body | None:
    match item:
        case ast.Block(body=body):
            return body
        case ast.Field(value=ast.Body() as body):
            return body
        case ast.Directive(body=found):
            return found
        case ast.Field():
            return None


def field_of(block: ast.Block, name: str) -> ast.Field | None:
    """Return the field of a block, the first of its name."""
    return next((i for i in block.body.items if isinstance(i, ast.Field) and i.name.text == name), None)


def word_of(item: ast.Item) -> ast.Word:
    """Return the word that an item starts with."""
    match item:
        case ast.Block(kind=word) | ast.Field(name=word) | ast.Directive(keyword=word):
            return word
    assert_never(item)


def values(node: ast.Value) -> Iterator[ast.Value]:
    """Yield a value and the values in it, but for those in the items of a body."""
    yield node
    match node:
        case ast.Array(items=inner):
            for item in inner:
                yield from values(item)
        case ast.Group(inner=one) | ast.Negation(operand=one):
            yield from values(one)
        case ast.Junction(operands=several) | ast.Comparison(operands=several):
            for operand in several:
                yield from values(operand)
        case _:
            pass


def texts(items: Iterable[ast.Item]) -> Iterator[ast.Text]:
    """Yield every string below `items`, paths of imports left out."""
    for item in items:
        if isinstance(item, ast.Field) and not isinstance(item.value, ast.Body):
            yield from (value for value in values(item.value) if isinstance(value, ast.Text))
        elif (body := body_of(item)) is not None:
            yield from texts(body.items)
