"""Fields on lines of their own, parted before a broken file is parsed anew.

In: the tokens of a file with a syntax error. Out: the same with a `;` before each line that starts a statement, or that
starts a field while the value above it is not finished: else the first word would pass for a part of what stands above,
and two mistakes on two lines for one.

    max_words:                 max_words: ;
    tags: [style, length       tags: [style, length ;
    because: "..."             because: "..."
"""

from __future__ import annotations

from collections.abc import Container
from itertools import pairwise

from spec.balance import UNFINISHED, UNFINISHED_WORDS, column_of, margin_of
from spec.diagnostics import Report
from spec.lexer import CLOSERS, OPENERS, Token

_VALUES = ("STRING", "LONG_STRING", "NUMBER", "REGEX", *OPENERS)
_INFIX = ("and", "or", "at")


def part_fields(report: Report, tokens: list[Token], landmarks: Container[str]) -> list[Token]:
    """Return `tokens` with the fields parted; `landmarks` are the words that start a statement and nothing else."""
    parted: list[Token] = []
    open_: list[Token] = []
    for token, after in pairwise(tokens):
        if parted and token.first and token.kind in ("NAME", "NOT"):
            opener = open_[-1] if open_ and open_[-1].kind != "LBRACE" else None
            if (token.text in landmarks and _starts_statement(after)) or (
                _goes_on(parted[-1], opener) and _starts_field(report, token, after, opener)
            ):
                parted.append(Token("SEMICOLON", ";", parted[-1].end, parted[-1].end))
        if token.kind in OPENERS:
            open_.append(token)
        elif token.kind in CLOSERS:
            _close(open_, CLOSERS[token.kind])
        parted.append(token)
    return [*parted, tokens[-1]]


def _close(open_: list[Token], opener: str) -> None:
    """Leave what the closing sign of `opener` ends; what was opened inside and not closed ends with it."""
    for i in range(len(open_) - 1, -1, -1):
        if open_[i].kind == opener:
            del open_[i:]
            return
        if open_[i].kind == "LBRACE":
            return


def _starts_statement(after: Token) -> bool:
    return after.kind in ("NAME", "DOTTED", "LBRACE", "STRING", "COLON") and not after.first


def _goes_on(last: Token, opener: Token | None) -> bool:
    """Whether the next line belongs to the value that ends with `last`, in the list or group of `opener`."""
    return opener is not None or last.kind in UNFINISHED or last.text in UNFINISHED_WORDS


def _starts_field(report: Report, token: Token, after: Token, opener: Token | None) -> bool:
    if after.first:
        return False
    if after.kind == "COLON" or after.text == "=":
        return True
    if opener is None:
        return after.kind in _VALUES
    # Two values side by side may also lack a `,`: in a list, only the indentation tells.
    if column_of(report, token) > margin_of(report, opener):
        return False
    return after.kind in _VALUES or (after.kind in ("NAME", "DOTTED") and after.text not in _INFIX)
