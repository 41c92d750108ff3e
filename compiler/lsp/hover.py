"""What a word means: the reference entry of a statement or field, and what a name stands for.

In: a place in a file. Out: Markdown. Of a clause that is what its kind states, where it stands in the order of
authority, and its lines of the compiled prompt, as they were when the spec last compiled.
"""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from compiler.lsp import language
from compiler.lsp.definition import symbols_at, uses_of
from compiler.lsp.names import BUILT_IN_DIMENSIONS, Symbol
from compiler.lsp.session import Session
from compiler.lsp.tree import around, word_of
from compiler.lsp.workspace import File
from spec import ast
from spec.blocks import LEVELS
from spec.reference import entry, words
from spec.vocabulary import STATEMENTS

MOST_LINES = 12
"""Of a declaration that is shown."""


def hover(session: Session, params: types.HoverParams) -> types.Hover | None:
    place = session.at(params.text_document, params.position)
    if place is None:
        return None
    file, offset = place
    symbols = symbols_at(session, file, offset)
    if symbols:
        pages = [page for symbol in symbols if (page := "\n\n".join(_of_symbol(session, file, symbol)))]
        span = next(((u.start, u.end) for n in session.all_names(file.path) for u in n.at(file.path, offset)), None)
        return _hover(file, "\n\n---\n\n".join(pages), *(span or (offset, offset)))
    return _of_word(file, offset)


def _hover(file: File, page: str, start: int, end: int) -> types.Hover | None:
    if not page:
        return None
    place = file.text.range(start, end) if end > start else None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, page), place)


def _of_word(file: File, offset: int) -> types.Hover | None:
    """Return the page of the word of the language at a place."""
    items = around(file.module.items, offset)
    if not items:
        return None
    item = items[-1]
    word = word_of(item)
    outer = language.block_path([word_of(above).text for above in items[:-1]])
    if word.start <= offset <= word.end:
        field = language.fields_of(outer).get(word.text)
        if field is not None:
            return _hover(file, language.field_page(field, outer[-1]), word.start, word.end)
        if word.text in (*STATEMENTS, "tenet") and word.text in words():
            return _hover(file, language.word_page(word.text), word.start, word.end)
        return None
    if isinstance(item, ast.Block) and item.level is not None and item.level.start <= offset <= item.level.end:
        page = language.level_page(item.level.text) if item.level.text in LEVELS else ""
        return _hover(file, page, item.level.start, item.level.end)
    if isinstance(item, ast.Field) and not isinstance(item.value, ast.Text | ast.Body):
        field = language.fields_of(outer).get(word.text)
        if field is not None:
            return _hover(file, language.field_page(field, outer[-1]), item.value.start, item.value.end)
    return None


# ---- names


def _of_symbol(session: Session, file: File, symbol: Symbol) -> Iterator[str]:
    match symbol.sort:
        case "clause":
            yield from _of_clause(session, file, symbol)
        case "file":
            yield f"`{symbol.name}`"
        case "alias":
            yield f"`{symbol.name}.` stands before the names of an imported file"
        case "value":
            dimension, _, value = symbol.name.partition("=")
            yield f"`{value}`: a value of the dimension `{dimension}`"
        case "tag":
            count = len(uses_of(session, file.path, [symbol]))
            yield f"**{symbol.name}**: a tag, named {count} time{'s' if count != 1 else ''}"
        case "dimension" if not any(u.declares for u in uses_of(session, file.path, [symbol])):
            built_in = BUILT_IN_DIMENSIONS.get(symbol.name)
            if built_in is not None:
                values = f" Its values: {', '.join(built_in.values)}." if built_in.values else " It takes any name."
                yield f"**{symbol.name}**: a dimension that needs no declaration.{values}\n\n{built_in.says}"
        case _:
            yield from _declaration(session, file, symbol)


def _of_clause(session: Session, file: File, symbol: Symbol) -> Iterator[str]:
    kind = symbol.name.partition(".")[0]
    for compiled in session.compiled_of(file.path):
        program = compiled.program
        clause = next((c for c in program.clauses if c.id == symbol.name), None) if program is not None else None
        if clause is None:
            continue
        target = f"{clause.target.comparison} {clause.target.share * 100:g}%"
        yield f"**{clause.id}** at `{clause.level.name.lower()}`, target `{target}`"
        if clause.because:
            yield clause.because
        lines = compiled.lines.get(clause.id, ())
        if lines:
            yield "In the prompt:\n\n" + "\n".join(f"> {line.removeprefix('- ')}" for line in lines)
        break
    else:
        yield f"**{symbol.name}**"
        yield from _declaration(session, file, symbol)
    yield entry(kind).states


def _declaration(session: Session, file: File, symbol: Symbol) -> Iterator[str]:
    """Yield a statement as it is written, short of its examples."""
    for use in uses_of(session, file.path, [symbol]):
        declaring = session.workspace.file(use.path) if use.declares else None
        if declaring is None:
            continue
        blocks = [i for i in around(declaring.module.items, use.start) if isinstance(i, ast.Block)]
        if blocks:
            text = declaring.text.clean[blocks[-1].start : blocks[-1].end]
            lines = text.split("\n")
            shown = [*lines[:MOST_LINES], "..."] if len(lines) > MOST_LINES else lines
            yield "```tenet\n" + "\n".join(shown) + "\n```"
            return
