"""A lexer for Pygments, which finds it by the entry point `pygments.lexers`: `pygmentize harbor.tenet`.

In: text. Out: Pygments' tokens. Words come from the language; what stands between them is the grammar's
(`spec/grammar.lark`), short of errors: a highlighter colours what is half written.
"""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups, default, words
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
)

from spec.editors import vocabulary

_NAME = r"[^\W\d]\w*(?:[-+]\w+)*"
_DOTTED = rf"{_NAME}(?:\.{_NAME})*"
_BEFORE = r"(?<![\w.+-])"
_AFTER = r"(?![\w.]|[-+]\w)"
_BLOCKS = vocabulary.statements() - vocabulary.settings() - {"tenet", "import", "extends", "priority", "drop"}


def _one_of(found: frozenset[str]) -> words:
    return words(sorted(found), prefix=_BEFORE, suffix=_AFTER)


class TenetLexer(RegexLexer):  # type: ignore[misc]  # Pygments ships no types
    """For `.tenet` files, which say how a model should behave."""

    name = "Tenet"
    aliases: ClassVar[list[str]] = ["tenet"]
    filenames: ClassVar[list[str]] = ["*.tenet"]
    mimetypes: ClassVar[list[str]] = ["text/x-tenet"]

    tokens: ClassVar[dict[str, list[object]]] = {
        "root": [
            (r"\s+", Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r'"""', String.Double, "long"),
            (r'"', String.Double, "string"),
            (r"/(?=[^/\n])(?:\\[^\n]|[^/\\\n])*/[A-Za-z]*", String.Regex),
            (rf"{_BEFORE}(tenet)(\s+)(\d+)", bygroups(Keyword, Whitespace, Number)),
            (rf"{_BEFORE}(as)(\s+)({_NAME})", bygroups(Keyword, Whitespace, Name.Namespace)),
            (rf"{_BEFORE}(at)(\s+)({_NAME})", bygroups(Keyword, Whitespace, Name.Constant)),
            (words(sorted(vocabulary.fields()), prefix=_BEFORE, suffix=r"(?=\s*:)"), Name.Attribute),
            (words(sorted(vocabulary.blocks()), prefix=_BEFORE, suffix=r"(?=\s*\{)"), Name.Attribute),
            (
                rf"{_BEFORE}({'|'.join(sorted(_BLOCKS))})(\s+)({_DOTTED})(?=\s*\{{|\s+at\b)",
                bygroups(Keyword.Declaration, Whitespace, Name.Class),
            ),
            (_one_of(vocabulary.settings() | {"import", "extends", "priority", "drop"}), Keyword),
            (_one_of(vocabulary.OPERATOR_WORDS), Operator.Word),
            (_one_of(vocabulary.TRUTHS), Keyword.Constant),
            (_one_of(vocabulary.choices()), Name.Constant),
            (r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?%?(?!\w)", Number),
            (r"==|!=|<=|>=|<|>", Operator),
            (r"[{}\[\]():;,]", Punctuation),
            (_DOTTED, Name),
            (r".", Text),
        ],
        "string": [(r'"', String.Double, "#pop"), (r"(?=\n)", String.Double, "#pop"), (r'[^"\\$\n]+', String.Double),
                   default("filled")],
        "long": [(r'"""', String.Double, "#pop"), (r'[^"\\$]+', String.Double), (r'"', String.Double),
                 default("filled")],
        "filled": [
            (r"\\(?:u\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}|[\s\S])", String.Escape, "#pop"),
            (r"\$\$\{", String.Escape, "#pop"),
            (r"\$\{\s*[^\W\d][\w-]*\s*\}", String.Interpol, "#pop"),
            (r"[\\$]", String.Double, "#pop"),
        ],
    }  # fmt: skip
