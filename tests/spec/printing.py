"""Text of a syntax tree in as odd a layout as the grammar allows, for the formatter to bring into order."""

from __future__ import annotations

import random
from collections.abc import Iterable

from spec import ast

COMMENT_TEXTS = ("# a", "# why { not", "#", "# [", '# "')


class OddPrinter:
    """Writes a tree with spaces, line ends, separators and comments where they may stand, as `rng` likes."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def module(self, module: ast.Module) -> str:
        return self._between() + self._between().join(self._item(item) + " " for item in module.items) + self._between()

    def _between(self) -> str:
        return self.rng.choice([" ", " ", " ", "\n", "\n\n\n", "\t", f" {self.rng.choice(COMMENT_TEXTS)}\n", "  \n "])

    def _separator(self) -> str:
        return self.rng.choice([self._between(), self._between(), " ; ", ", ", "\n"])

    def _item(self, item: ast.Item) -> str:
        match item:
            case ast.Directive(keyword, argument):
                return f"{keyword.text}{self._between()}{self._value(argument)}"
            case ast.Field(name, value):
                return f"{name.text}{self.rng.choice(['', ' '])}:{self._between()}{self._value(value)}"
            case ast.Block(kind, name, level, body):
                parts = [kind.text, name.text if name else "", f"at {level.text}" if level else "", self._value(body)]
                return self._between().join(part for part in parts if part)

    def _join(self, parts: Iterable[str]) -> str:
        return "".join(part + self._separator() for part in parts)

    def _value(self, value: ast.Value) -> str:
        gap = self._between()
        match value:
            case ast.Word(text):
                return text
            case ast.Text(text, long=long):
                quotes = '"""' if long and self.rng.random() < 0.8 else '"'
                escaped = "".join(self._char(char, quotes) for char in text)
                return f"{quotes}{escaped}{quotes}"
            case ast.Number(written=written):
                return written
            case ast.Regex(text, flags):
                return f"/{text}/{flags}"
            case ast.Bound(operator, number):
                return f"{operator.text}{gap}{self._value(number)}"
            case ast.Group(inner):
                return f"({gap}{self._value(inner)}{gap})"
            case ast.Negation(operand):
                return f"not {gap}{self._value(operand)}"
            case ast.Junction(operator, operands):
                return f" {gap}{operator} {gap}".join(self._value(operand) for operand in operands)
            case ast.Comparison(operands, operators):
                text = self._value(operands[0])
                for sign, operand in zip(operators, operands[1:], strict=True):
                    text += f" {gap}{sign.text} {gap}{self._value(operand)}"
                return text
            case ast.Array(items):
                end = self.rng.choice(["", ","]) if items else ""
                return f"[{gap}" + f"{gap},{gap}".join(self._value(item) for item in items) + f"{gap}{end}{gap}]"
            case ast.Body(items):
                return "{" + gap + self._join(self._item(item) for item in items) + "}"
            case ast.Missing():
                raise AssertionError("no such thing in a valid tree")

    def _char(self, char: str, quotes: str) -> str:
        if char == '"':
            return '\\"'
        if char == "\\":
            return "\\\\"
        if char == "\n":
            return "\\n"
        # In a `\"\"\"` string spaces at a line's start may be indentation, and control characters end no line.
        if not char.isprintable() or (quotes == '"""' and char.isspace() and self.rng.random() < 0.3):
            return f"\\u{{{ord(char):x}}}"
        return char
