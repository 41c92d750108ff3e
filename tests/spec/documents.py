"""Random syntax trees: of any file that can be read, whatever it means.

Drawn from a seed and not composed of Hypothesis strategies, which take a hundred times as long for trees of this size.
"""

from __future__ import annotations

import random

from spec import ast

KEYWORDS = ("and", "or", "not", "in", "at", "true", "false")
LETTERS = "abcxyz"
ODD = [
    '"',
    "\\",
    "\n",
    "\t",
    " ",
    "#",
    "é",
    "\u200d",
    "\u00a0",
    "\x00",
    "\x1b",
    "😀",
    "{",
    "}",
    "/",
    "'",
    "”",
    "\u2028",
    "\\n",
    '"""',
]


class Tree:
    """Draws the parts of a tree; `depth` bounds how far blocks and lists nest."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def module(self) -> ast.Module:
        items = [self.item(3) if self.rng.random() < 0.85 else self.directive() for _ in range(self.rng.randrange(7))]
        return ast.Module(tuple(items))

    def name(self) -> str:
        parts = [
            "".join(self.rng.choices(LETTERS, k=self.rng.randrange(1, 5))) for _ in range(self.rng.randrange(1, 3))
        ]
        name = self.rng.choice(["-", "_", "+", ""]).join(parts)
        return name if name not in KEYWORDS else f"{name}x"

    def word(self) -> ast.Word:
        return ast.Word(self.name() if self.rng.random() < 0.7 else f"{self.name()}.{self.name()}")

    def text(self) -> ast.Text:
        words = [self.rng.choice(ODD) if self.rng.random() < 0.3 else self.name() for _ in range(self.rng.randrange(9))]
        return ast.Text(self.rng.choice(["", " "]).join(words), long=self.rng.random() < 0.4)

    def number(self) -> ast.Number:
        written = self.rng.choice(["0", "7", "-3", "0.80", "5e-4", "90%", "12.5%", "+1", ".5"])
        return ast.Number(float(written.rstrip("%")) / (100 if "%" in written else 1), "%" in written, written)

    def regex(self) -> ast.Regex:
        return ast.Regex(
            self.rng.choice(["a b", r"\/\d+", "(x|y)*", "#{", '"', r"\\"]), self.rng.choice(["", "i", "ims"])
        )

    def atom(self) -> ast.Value:
        return self.rng.choice([self.word, self.text, self.number, self.regex])()

    def compared(self) -> ast.Value:
        if self.rng.random() < 0.3:
            return self.word()
        signs = [self.rng.choice(["==", "!=", "<", ">=", "in", "not in"]) for _ in range(self.rng.randrange(1, 4))]
        operands = [self.atom() for _ in range(len(signs) + 1)]
        return ast.Comparison(tuple(operands), tuple(ast.Word(sign) for sign in signs))

    def condition(self, depth: int) -> ast.Value:
        if depth and self.rng.random() < 0.4:
            inner = ast.Group(self.junction(depth - 1, "or"))
            return ast.Negation(inner) if self.rng.random() < 0.5 else inner
        return ast.Negation(self.compared()) if self.rng.random() < 0.3 else self.compared()

    def junction(self, depth: int, operator: str) -> ast.Value:
        parts = [self.condition(depth) for _ in range(self.rng.randrange(1, 4))]
        return ast.Junction(operator, tuple(parts)) if len(parts) > 1 else parts[0]

    def value(self, depth: int) -> ast.Value:
        kind = self.rng.random()
        if kind < 0.5:
            return self.atom()
        if kind < 0.6:
            return ast.Bound(ast.Word(self.rng.choice([">=", "<="])), self.number())
        if kind < 0.75:
            return self.junction(2, self.rng.choice(["and", "or"]))
        if kind < 0.9 and depth:
            return ast.Array(tuple(self.value(depth - 1) for _ in range(self.rng.randrange(4))))
        return self.body(depth - 1) if depth else self.atom()

    def body(self, depth: int) -> ast.Body:
        return ast.Body(tuple(self.item(depth) for _ in range(self.rng.randrange(4))))

    def item(self, depth: int) -> ast.Item:
        if depth and self.rng.random() < 0.5:
            name = self.word() if self.rng.random() < 0.6 else None
            level = ast.Word(self.name()) if self.rng.random() < 0.4 else None
            return ast.Block(ast.Word(self.name()), name, level, self.body(depth - 1))
        name = "not" if self.rng.random() < 0.2 else self.name()
        return ast.Field(ast.Word(name), self.value(max(depth, 0)))

    def directive(self) -> ast.Directive:
        return ast.Directive(ast.Word(self.name()), self.text() if self.rng.random() < 0.5 else self.number())
