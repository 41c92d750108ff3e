"""What each word of a file is, for colours that know the language.

In: a file's tokens and tree. Out: the protocol's numbers: five for each token, relative to the one before. The scanner
tells strings from signs; what a name is, only the tree knows. A token over several lines is one for each line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from compiler.lsp.names import BUILT_IN_DIMENSIONS, PARAMETER, named_by
from compiler.lsp.session import Session
from compiler.lsp.texts import Text
from compiler.lsp.tree import body_of, values, word_of
from compiler.lsp.workspace import File
from spec import ast
from spec.constructs import STYLES
from spec.diagnostics import Report
from spec.lexer import scan
from spec.parser import tables
from spec.source import Source
from spec.vocabulary import CONTAINERS

TYPES = (
    "keyword", "property", "class", "namespace", "type", "enumMember", "variable", "parameter", "string", "regexp",
    "number", "operator", "comment",
)  # fmt: skip
MODIFIERS = ("declaration", "defaultLibrary")
LEGEND = types.SemanticTokensLegend(list(TYPES), list(MODIFIERS))

Kind = tuple[str, int]
"""A token's type and its modifiers, one bit each."""
_DECLARATION, _BUILT_IN = 1, 2
_BY_TOKEN = {
    "STRING": "string", "LONG_STRING": "string", "REGEX": "regexp", "NUMBER": "number", "COMPARE": "operator",
    "IN": "keyword", "NOT_IN": "keyword", "NOT": "keyword", "NAME": "variable", "DOTTED": "variable",
}  # fmt: skip
_WORDS = frozenset({"and", "or", "at", "as"})


def full(session: Session, params: types.SemanticTokensParams) -> types.SemanticTokens:
    file = session.file(params.text_document.uri)
    return types.SemanticTokens(_encoded(file.text, tokens(file)) if file is not None else [])


def part(session: Session, params: types.SemanticTokensRangeParams) -> types.SemanticTokens:
    file = session.file(params.text_document.uri)
    if file is None:
        return types.SemanticTokens([])
    start, end = file.text.offset(params.range.start), file.text.offset(params.range.end)
    return types.SemanticTokens(_encoded(file.text, (t for t in tokens(file) if t[0] < end and t[1] > start)))


def tokens(file: File) -> list[tuple[int, int, Kind]]:
    """Return the tokens of a file in order: start, end, what they are."""
    source = Source("", file.text.clean)
    scanned = scan(Report(source), tables())
    known = dict(_in_items(file.module.items))
    found: list[tuple[int, int, Kind]] = [(c.start, c.end, ("comment", 0)) for c in scanned.comments]
    for token in scanned.tokens:
        kind = known.get(token.start) or (("keyword", 0) if token.text in _WORDS else None)
        if kind is None and token.kind in _BY_TOKEN:
            kind = _BY_TOKEN[token.kind], 0
        if kind is None or token.end <= token.start:
            continue
        if kind[0] == "string" and "${" in token.text:
            found.extend(_filled(token.start, token.text))
        else:
            found.append((token.start, token.end, kind))
    return sorted(found)


def _filled(start: int, text: str) -> Iterator[tuple[int, int, Kind]]:
    """Yield the parts of a string and the parameters in it."""
    at = 0
    for match in PARAMETER.finditer(text):
        if match.start() > at:
            yield start + at, start + match.start(), ("string", 0)
        yield start + match.start(), start + match.end(), ("parameter", 0)
        at = match.end()
    if at < len(text):
        yield start + at, start + len(text), ("string", 0)


def _in_items(items: Iterable[ast.Item], block: str = "") -> Iterator[tuple[int, Kind]]:
    """Yield where each name starts that the tree knows, and what it is. block: the word of the block around."""
    top = block == "" or block in CONTAINERS
    for item in items:
        match item:
            case ast.Directive(keyword=keyword, alias=alias):
                yield keyword.start, ("keyword", 0)
                if alias is not None:
                    yield alias.start, ("namespace", _DECLARATION)
            case ast.Block(kind=kind, name=name, level=level):
                yield kind.start, ("keyword" if top else "property", 0)
                if name is not None:
                    what = "namespace" if kind.text in CONTAINERS else "type" if kind.text == "dimension" else "class"
                    yield name.start, (what, _DECLARATION)
                if level is not None:
                    yield level.start, ("enumMember", _BUILT_IN)
            case ast.Field(name=name, value=value):
                statement = name.text in ("priority", "drop") or isinstance(value, ast.Body)
                yield name.start, ("keyword" if top and statement else "property", 0)
                yield from _in_value(block, name.text, value)
        body = body_of(item)
        if body is not None:
            yield from _in_items(body.items, word_of(item).text)


_OF_EARLIER_VERSIONS = ("was", "supersedes")


def _in_value(block: str, field: str, value: ast.Value) -> Iterator[tuple[int, Kind]]:
    if field in ("when", "unless"):
        yield from _in_condition(value)
        return
    for inner in values(value):
        if not isinstance(inner, ast.Word) or not inner.text:
            continue
        if inner.text in ("true", "false"):
            yield inner.start, ("keyword", 0)
        elif field == "style" and inner.text in STYLES:
            yield inner.start, ("enumMember", _BUILT_IN)
        elif "clause" in named_by(field, block) or field in _OF_EARLIER_VERSIONS:
            yield inner.start, ("class", 0)
        elif field == "tags":
            yield inner.start, ("variable", 0)
        else:
            yield inner.start, ("enumMember", 0 if field == "values" else _BUILT_IN)


def _in_condition(value: ast.Value) -> Iterator[tuple[int, Kind]]:
    compared = {
        word.start
        for inner in values(value) if isinstance(inner, ast.Comparison)
        for operand in inner.operands[1:]
        for word in values(operand) if isinstance(word, ast.Word)
    }  # fmt: skip
    for word in values(value):
        if isinstance(word, ast.Word):
            if word.text in ("true", "false"):
                yield word.start, ("keyword", 0)
            elif word.start in compared:
                yield word.start, ("enumMember", 0)
            else:
                yield word.start, ("type", _BUILT_IN if word.text in BUILT_IN_DIMENSIONS else 0)


def _encoded(text: Text, found: Iterable[tuple[int, int, Kind]]) -> list[int]:
    data: list[int] = []
    line, column = 0, 0
    for start, end, (name, modifiers) in found:
        for number in range(text.line_of(start), text.line_of(end - 1) + 1):
            first = max(start, text.line_start(number))
            last = min(end, text.line_start(number) + len(text.line(number)))
            if last <= first:
                continue
            place = text.position(first)
            length = text.units(text.clean[first:last])
            data += (
                place.line - line,
                place.character - (column if place.line == line else 0),
                length,
                TYPES.index(name),
                modifiers,
            )
            line, column = place.line, place.character
    return data
