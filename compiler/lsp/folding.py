"""What can be folded: blocks, lists and long strings over several lines, runs of comments and of imports.

In: a file's tree. Out: the protocol's ranges, in lines. The line of a closing brace stays in sight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from compiler.lsp.session import Session
from compiler.lsp.texts import Text
from compiler.lsp.tree import body_of, values
from spec import ast


def folding(session: Session, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    file = session.file(params.text_document.uri)
    if file is None:
        return []
    found = [*_blocks(file.text, file.module.items), *_comments(file.text, file.module.comments)]
    imports = [item for item in file.module.items if isinstance(item, ast.Directive) and item.keyword.text == "import"]
    if imports:
        first, last = file.text.line_of(imports[0].start), file.text.line_of(imports[-1].end)
        if first < last:
            found.append(types.FoldingRange(first, last, kind=types.FoldingRangeKind.Imports))
    return found


def _blocks(text: Text, items: Iterable[ast.Item]) -> Iterator[types.FoldingRange]:
    for item in items:
        body = body_of(item)
        if body is not None:
            yield from _closed(text, body)
            yield from _blocks(text, body.items)
        elif isinstance(item, ast.Field):
            for value in values(item.value):
                if isinstance(value, ast.Array) or (isinstance(value, ast.Text) and value.long):
                    yield from _closed(text, value)


def _closed(text: Text, node: ast.Body | ast.Array | ast.Text) -> Iterator[types.FoldingRange]:
    first, last = text.line_of(node.start), text.line_of(node.end) - 1
    if first < last:
        yield types.FoldingRange(first, last)


def _comments(text: Text, comments: Iterable[ast.Comment]) -> Iterator[types.FoldingRange]:
    """Yield runs of comments on lines of their own."""
    lines = [text.line_of(c.start) for c in comments if text.line(text.line_of(c.start)).lstrip().startswith("#")]
    start = 0
    for at in range(1, len(lines) + 1):
        if at == len(lines) or lines[at] != lines[at - 1] + 1:
            if at - 1 > start:
                yield types.FoldingRange(lines[start], lines[at - 1], kind=types.FoldingRangeKind.Comment)
            start = at
