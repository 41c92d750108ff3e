"""Fields on lines of their own, parted before a broken file is parsed anew.

In: the tokens of a file with a syntax error. Out: the same with a `;` before each line that must start a statement or a
field: else its first word could pass for a part of what stands above, and two mistakes on two lines for one.

    max_words:                 max_words: ;
    tags: [style, length       tags: [style, length ;
    because: "..."             because: "..."
"""

from __future__ import annotations

from collections.abc import Container

from spec.balance import UNFINISHED, UNFINISHED_WORDS, column_of, margin_of
from spec.diagnostics import Report
from spec.lexer import CLOSERS, OPENERS, Token

_VALUES = ("STRING", "LONG_STRING", "NUMBER", "REGEX", "LSQB")
_COMPARISONS = ("COMPARE", "IN", "NOT_IN")
_AFTER_LANDMARK = ("NAME", "DOTTED", "LBRACE", "STRING", "COLON")
_INFIX = ("and", "or", "at")


def part_fields(report: Report, tokens: list[Token], landmarks: Container[str]) -> list[Token]:
    """Return `tokens` with the fields parted; `landmarks` are the words that start a statement and nothing else."""
    parted: list[Token] = []
    open_: list[Token] = []
    for i, token in enumerate(tokens[:-1]):
        if i and token.first and token.kind in ("NAME", "NOT") and not tokens[i + 1].first:
            opener = open_[-1] if open_ and open_[-1].kind != "LBRACE" else None
            statement = token.text in landmarks and tokens[i + 1].kind in _AFTER_LANDMARK
            if statement or _starts_field(report, tokens, i, opener):
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


def _starts_field(report: Report, tokens: list[Token], i: int, opener: Token | None) -> bool:
    """Whether token `i` is the name of a field, its `:` left out maybe; opener: the list or group that is open."""
    last, token, after, third = tokens[i - 1], tokens[i], tokens[i + 1], tokens[min(i + 2, len(tokens) - 1)]
    if after.kind == "COLON" or after.text == "=":
        return True
    if token.kind == "NOT" or token.text in _INFIX or after.text in _INFIX:
        return False
    if opener is not None:
        # Two values side by side may also lack a `,`: only the indentation tells.
        outside = column_of(report, token) <= margin_of(report, opener)
        return outside and after.kind in (*_VALUES, "LBRACE", "DOTTED", "NAME")
    if last.kind in UNFINISHED or last.text in UNFINISHED_WORDS:
        # Several names may be text without quotes; with a dot or a comparison they are a condition.
        condition = after.kind == "DOTTED" or (after.kind == "NAME" and third.kind in _COMPARISONS)
        # Only a ranking compares twice, and with `>` alone.
        twice = last.kind in _COMPARISONS and after.kind in _COMPARISONS and {last.text, after.text} != {">"}
        return condition or twice or after.kind in (*_VALUES, "LBRACE")
    return after.kind in _VALUES
