"""Where a name is declared, and where it is used.

In: a place in a file. Out: locations. A name that stands in a file which several specs include is looked up in each of
them; a term is also used where a text holds its word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lsprotocol import types

from compiler.lsp.names import Symbol, Use
from compiler.lsp.session import Session
from compiler.lsp.tree import field_of, texts
from compiler.lsp.workspace import File
from spec import ast

_TOP = types.Position(0, 0)


def definition(session: Session, params: types.DefinitionParams) -> list[types.Location]:
    place = session.at(params.text_document, params.position)
    if place is None:
        return []
    file, offset = place
    wanted = symbols_at(session, file, offset)
    files = [Path(symbol.name) for symbol in wanted if symbol.sort == "file"]
    found = [use for use in uses_of(session, file.path, wanted) if use.declares]
    starts = [types.Location(session.uri(path), types.Range(_TOP, _TOP)) for path in files if path.is_file()]
    return [*starts, *_locations(session, found)]


def references(session: Session, params: types.ReferenceParams) -> list[types.Location]:
    place = session.at(params.text_document, params.position)
    if place is None:
        return []
    file, offset = place
    wanted = symbols_at(session, file, offset)
    found = [
        use
        for use in (*uses_of(session, file.path, wanted), *_words(session, file.path, wanted))
        if params.context.include_declaration or not use.declares
    ]
    return _locations(session, found)


def highlights(session: Session, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
    place = session.at(params.text_document, params.position)
    if place is None:
        return []
    file, offset = place
    found = uses_of(session, file.path, symbols_at(session, file, offset))
    return [
        types.DocumentHighlight(
            file.text.range(use.start, use.end),
            types.DocumentHighlightKind.Write if use.declares else types.DocumentHighlightKind.Read,
        )
        for use in found
        if use.path == file.path
    ]


def symbols_at(session: Session, file: File, offset: int) -> list[Symbol]:
    """Return what the name at a place stands for: in a text, the term whose word is there."""
    found = {use.symbol: None for names in session.all_names(file.path) for use in names.at(file.path, offset)}
    if not found:
        text = next((t for t in texts(file.module.items) if t.start < offset < t.end), None)
        if text is not None:
            known = terms(session, file.path).items()
            said = (symbol for symbol, word in known for m in _said(file, text, word) if m.start() <= offset <= m.end())
            found.update(dict.fromkeys(said))
    return list(found)


def uses_of(session: Session, path: Path, symbols: Iterable[Symbol]) -> list[Use]:
    """Return every use of the symbols in the specs that a file belongs to, in order, each place once.

    What one spec calls `house.caring` is `caring` in another: places lead from one to the other until none is new.
    """
    found: dict[tuple[Path, int], Use] = {}
    seen: set[tuple[Path, Symbol]] = set()
    waiting = [(root, symbol) for root in session.workspace.roots(path) for symbol in symbols]
    while waiting:
        root, symbol = waiting.pop()
        if (root, symbol) in seen:
            continue
        seen.add((root, symbol))
        for use in session.names(root).of([symbol]):
            if (use.path, use.start) in found:
                continue
            found[use.path, use.start] = use
            for other in session.workspace.roots(use.path):
                waiting.extend((other, u.symbol) for u in session.names(other).at(use.path, use.start))
    return sorted(found.values(), key=lambda use: (use.path != path, use.path, use.start))


def terms(session: Session, path: Path) -> dict[Symbol, str]:
    """Return the terms of the specs that a file belongs to, each with its word."""
    found: dict[Symbol, str] = {}
    for root in session.workspace.roots(path):
        for file, prefix in session.workspace.included(root):
            for item in _statements(file.module.items):
                if item.kind.text == "term" and item.name is not None:
                    called = field_of(item, "called")
                    word = called.value.value if called and isinstance(called.value, ast.Text) else None
                    found[Symbol("term", prefix + item.name.text)] = word or item.name.text.replace("_", " ")
    return found


def _statements(items: Iterable[ast.Item]) -> Iterator[ast.Block]:
    for item in items:
        if isinstance(item, ast.Block):
            yield item
            yield from _statements(item.body.items)


def _words(session: Session, path: Path, symbols: Iterable[Symbol]) -> Iterator[Use]:
    """Yield where texts hold the words of terms."""
    known = terms(session, path)
    wanted = [(symbol, known[symbol]) for symbol in symbols if symbol in known]
    for below in dict.fromkeys(f for r in session.workspace.roots(path) for f, _ in session.workspace.included(r)):
        for symbol, word in wanted:
            for text in texts(below.module.items):
                for match in _said(below, text, word):
                    yield Use(symbol, below.path, *match.span())


def _said(file: File, text: ast.Text, word: str) -> Iterator[re.Match[str]]:
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?:s|es)?(?!\w)", re.IGNORECASE)
    return pattern.finditer(file.text.clean, text.start, text.end)


def _locations(session: Session, uses: Iterable[Use]) -> list[types.Location]:
    found = [session.location(use.path, use.start, use.end) for use in uses]
    return [location for location in found if location is not None]
