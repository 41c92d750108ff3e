"""The outline of a file: its statements, those of a section below it; and the statements of a whole workspace by name.

In: a file's tree, be it broken. Out: the protocol's symbols.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from compiler.lsp.session import Session
from compiler.lsp.tree import body_of, word_of
from compiler.lsp.workspace import File
from spec import ast
from spec.constructs import CONSTRUCTS
from spec.reference import statements

_KINDS = {
    "section": types.SymbolKind.Namespace, "overlay": types.SymbolKind.Namespace, "dimension": types.SymbolKind.Enum,
    "term": types.SymbolKind.Key, "parameter": types.SymbolKind.Variable, "priority": types.SymbolKind.Operator,
    "import": types.SymbolKind.File, "extends": types.SymbolKind.File,
}  # fmt: skip
MOST_FOUND = 500


def symbols(session: Session, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    file = session.file(params.text_document.uri)
    return list(_below(file, file.module.items)) if file is not None else []


def _below(file: File, items: Iterable[ast.Item]) -> Iterator[types.DocumentSymbol]:
    for item in items:
        word = word_of(item)
        if word.text not in statements() or word.text == "tenet":
            continue
        name, place = _named(file, item)
        level = f" at {item.level.text}" if isinstance(item, ast.Block) and item.level else ""
        inner = body_of(item)
        yield types.DocumentSymbol(
            name=name or word.text,
            detail=f"{word.text}{level}" if name else "",
            kind=_KINDS.get(word.text, types.SymbolKind.Class if word.text in CONSTRUCTS else types.SymbolKind.Object),
            range=file.text.range(item.start, item.end),
            selection_range=file.text.range(place.start, place.end),
            children=list(_below(file, inner.items)) if inner is not None else None,
        )


def _named(file: File, item: ast.Item) -> tuple[str, ast.Word | ast.Value]:
    """Return what a reader calls a statement, and where that stands."""
    match item:
        case ast.Block(name=ast.Word(text) as word) if text:
            return text, word
        case ast.Directive(argument=ast.Text(path) as written):
            return path, written
        case ast.Field(value=ast.Comparison() as chain):
            return " ".join(file.text.clean[chain.start : chain.end].split()), item.name
        case _:
            return "", word_of(item)


def workspace_symbols(session: Session, params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
    """Return the named statements whose name holds the letters of the query in their order."""
    wanted = params.query.lower()
    found: list[types.WorkspaceSymbol] = []
    for path in session.workspace.known():
        file = session.workspace.file(path)
        for symbol in _spread(_below(file, file.module.items)) if file is not None else ():
            if symbol.detail and _holds(symbol.name.lower(), wanted):
                location = types.Location(session.uri(path), symbol.selection_range)
                found.append(types.WorkspaceSymbol(location, symbol.name, symbol.kind, container_name=path.name))
                if len(found) == MOST_FOUND:
                    return found
    return found


def _spread(found: Iterable[types.DocumentSymbol]) -> Iterator[types.DocumentSymbol]:
    for symbol in found:
        yield symbol
        yield from _spread(symbol.children or ())


def _holds(name: str, letters: str) -> bool:
    rest = iter(name)
    return all(letter in rest for letter in letters)
