"""What may be typed at a place, seen from the tokens before it.

In: a text and an offset. Out: a `Context`. It reads tokens and not the tree, since what is being typed is most often no
tree yet. A statement at the start of a line ends whatever was left open above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from compiler.lsp.language import block_path
from spec.diagnostics import Report
from spec.lexer import CLOSERS, OPENERS, Token, scan
from spec.parser import tables
from spec.reference import statements
from spec.source import Source
from spec.vocabulary import CONTAINERS

Place = Literal["item", "value", "level", "after name", "path", "parameter", "after path", "nothing"]
_NAMES = ("NAME", "DOTTED")
_STRINGS = ("STRING", "LONG_STRING", "OPEN_STRING")
_WHOLE = ("STRING", "LONG_STRING", "NUMBER", "REGEX", "RBRACE", "RSQB", "RPAR", "SEMICOLON", "COMMA")


@dataclass(frozen=True, slots=True)
class Context:
    """place: what is expected. start, end: what is there already, to be replaced.

    blocks: the words of the blocks around, the outermost first, sections included. field: whose value it is.
    before: the tokens of that value, or of the item, so far. listed: inside `[ ]`. given: fields that the block has.
    colon: a `:` follows.
    """

    place: Place
    start: int
    end: int
    blocks: tuple[str, ...] = ()
    field: str = ""
    before: tuple[Token, ...] = ()
    listed: bool = False
    given: frozenset[str] = frozenset()
    colon: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        """The blocks around without the sections that hold the statement."""
        return block_path(self.blocks)

    @property
    def holds_statements(self) -> bool:
        return all(word in CONTAINERS for word in self.blocks)


@dataclass(slots=True)
class _Open:
    """An opening sign and the word of its block; empty for a list or a group."""

    kind: str
    word: str
    at: int


def context_at(text: str, offset: int) -> Context:
    scanned = scan(Report(Source("", text)), tables())
    tokens = scanned.tokens[:-1]
    nothing = Context("nothing", offset, offset)
    if any(c.start < offset and "\n" not in text[c.start : offset] for c in scanned.comments):
        return nothing
    inside = next((t for t in tokens if t.kind in _STRINGS and t.start < offset and _holds(t, offset)), None)
    if inside is not None:
        return _in_string(text, tokens, inside, offset)
    if any(t.kind in ("NUMBER", "REGEX") and t.start < offset < t.end for t in tokens):
        return nothing
    word = next((t for t in tokens if t.kind in (*_NAMES, "NOT", "IN") and t.start < offset <= t.end), None)
    start, end = (word.start, word.end) if word else (offset, offset)
    before = [t for t in tokens if t.end <= start and t is not word]
    after = [t for t in tokens if t.start >= end and t is not word]
    opened = _opened(text, before)
    colon = bool(after) and after[0].kind == "COLON"
    blocks = tuple(o.word for o in opened if o.kind == "LBRACE")
    listed = bool(opened) and opened[-1].kind == "LSQB"
    brace = next((o for o in reversed(opened) if o.kind == "LBRACE"), None)
    begun = before[brace.at + 1 :] if brace else before
    place, field, value = _place(begun, opened, brace, text, start)
    given = _given(tokens, brace, start) if place == "item" else frozenset()
    return Context(place, start, end, blocks, field, tuple(value), listed, given, colon)


def _holds(token: Token, offset: int) -> bool:
    """Whether a place is inside a string; one that is not closed holds its end as well."""
    return offset <= token.end if token.broken else offset < token.end


def _in_string(text: str, tokens: Sequence[Token], inside: Token, offset: int) -> Context:
    before = [t for t in tokens if t.end <= inside.start]
    quote = 3 if inside.text.startswith('"""') else 1
    closed = not inside.broken
    if before and before[-1].text in ("import", "extends") and _starts_item(before, len(before) - 1):
        return Context("path", inside.start + quote, inside.end - (quote if closed else 0))
    hole = text.rfind("${", inside.start, offset)
    if hole >= 0 and all(char.isalnum() or char in "_- " for char in text[hole + 2 : offset]):
        return Context("parameter", hole + 2, offset, colon=text[offset : offset + 1] == "}")
    return Context("nothing", offset, offset)


def _opened(text: str, tokens: Sequence[Token]) -> list[_Open]:
    """Return what is open behind the last token."""
    opened: list[_Open] = []
    for at, token in enumerate(tokens):
        if token.first and opened and token.text in statements() and token.kind == "NAME":
            column = token.start - (text.rfind("\n", 0, token.start) + 1)
            followed = at + 1 < len(tokens) and tokens[at + 1].kind in (*_NAMES, "LBRACE", "STRING")
            if column == 0 and followed:
                opened.clear()
        if token.kind in OPENERS:
            opened.append(_Open(token.kind, _header(tokens, at) if token.kind == "LBRACE" else "", at))
        elif token.kind in CLOSERS:
            wanted = CLOSERS[token.kind]
            kinds = [o.kind for o in opened]
            if wanted in kinds:
                del opened[len(kinds) - 1 - kinds[::-1].index(wanted) :]
    return opened


def _header(tokens: Sequence[Token], brace: int) -> str:
    """Return the word that a block starts with: of `trait a at root {`, `trait`."""
    if brace and tokens[brace - 1].kind == "COLON":
        return tokens[brace - 2].text if brace > 1 else ""
    for at in range(brace - 1, max(brace - 5, -1), -1):
        path = tokens[at].kind == "STRING" and at > 0 and tokens[at - 1].text in ("import", "extends")
        if tokens[at].kind not in _NAMES and not path:
            break
        if tokens[at].text in statements() and _starts_item(tokens, at):
            return tokens[at].text
    return tokens[brace - 1].text if brace and tokens[brace - 1].kind == "NAME" else ""


def _starts_item(tokens: Sequence[Token], at: int) -> bool:
    """Whether an item may start with a token: at the start of a line, or behind something that is whole."""
    before = tokens[at - 1] if at else None
    return before is None or tokens[at].first or before.kind in ("LBRACE", *_WHOLE)


def _place(
    begun: Sequence[Token], opened: Sequence[_Open], brace: _Open | None, text: str, start: int
) -> tuple[Place, str, Sequence[Token]]:
    """Return what is expected behind `begun`, the tokens of the innermost block so far."""
    if not begun:
        return "item", "", ()
    last = begun[-1]
    new_line = "\n" in text[last.end : start]
    if last.text == "at" and len(begun) > 1 and begun[-2].kind in _NAMES:
        return "level", "", ()
    field = next((i for i in range(len(begun) - 1, -1, -1) if begun[i].kind == "COLON"), None)
    inside = bool(opened) and opened[-1].kind != "LBRACE"
    if field is not None and field > 0 and begun[field - 1].kind in ("NAME", "NOT"):
        name, value = begun[field - 1].text, begun[field + 1 :]
        unfinished = not value or inside or last.kind in ("COMPARE", "NOT", "IN", "NOT_IN")
        if unfinished or (last.text in ("and", "or") and len(value) > 1):
            return "value", name, value
        if not new_line and name in ("when", "unless") and last.kind in (*_NAMES, *_WHOLE):
            return "item", name, value
    if not new_line and last.kind in _NAMES:
        if last.text in statements() and _starts_item(begun, len(begun) - 1):
            return "nothing", "", ()
        if len(begun) > 1 and begun[-2].text in statements() and _starts_item(begun, len(begun) - 2):
            return "after name", begun[-2].text, ()
    if not new_line and last.kind == "STRING" and len(begun) > 1 and begun[-2].text in ("import", "extends"):
        return "after path", begun[-2].text, ()
    return "item", "", ()


def _given(tokens: Sequence[Token], brace: _Open | None, place: int) -> frozenset[str]:
    """Return the fields that the block around a place has, before and behind it."""
    found, depth = set(), 0
    first = brace.at + 1 if brace else 0
    for at in range(first, len(tokens)):
        token = tokens[at]
        if token.kind in OPENERS:
            depth += 1
        elif token.kind in CLOSERS:
            depth -= 1
            if depth < 0:
                break
        elif depth == 0 and token.kind in ("NAME", "NOT") and not token.start <= place <= token.end:
            follows = tokens[at + 1].kind if at + 1 < len(tokens) else ""
            if follows in ("COLON", "LBRACE"):
                found.add(token.text)
    return frozenset(found)
