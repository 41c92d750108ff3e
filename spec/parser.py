"""Tokens to a syntax tree: the LALR(1) automaton that runs the grammar's tables.

In: a `Source`. Out: a `Module` and diagnostics; always both, whatever the text. The stack is a linked list that is
never changed, so `spec/recovery.py` can look ahead from any earlier state and go back to it at no cost. This file
knows one action for each rule of `grammar.lark`, and no construct.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

from spec import ast
from spec.balance import Landmarks, balance
from spec.diagnostics import Report
from spec.lexer import Token, decode, scan
from spec.tables import END, Rule, Tables, load_tables


class Node(NamedTuple):
    """The top of a stack. index: the token with which its symbol starts."""

    state: int
    value: Any
    start: int
    end: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    below: Node | None


_node: Callable[[tuple[int, Any, int, int, int, Node]], Node] = partial(tuple.__new__, Node)
"""`Node` without a call by its fields' names: it is made three times for each token."""


class _Level(NamedTuple):
    word: ast.Word


class _Alias(NamedTuple):
    word: ast.Word


@cache
def tables() -> Tables:
    return load_tables()


def parse(report: Report, landmarks: Landmarks = Landmarks()) -> ast.Module:  # noqa: B008  # it cannot be changed
    """Return the tree of the report's source; diagnostics go into the report.

    A tree with errors holds what could be read, and says in `broken` where it could not. `landmarks` tell where a block
    that is not closed must have ended.
    """

    table = tables()
    scanned = scan(report, table)
    comments = tuple(scanned.comments)
    if scanned.stopped:
        return ast.Module((), comments, ((0, len(report.source.text)),), len(scanned.tokens))
    tokens = balance(report, scanned.tokens, landmarks)
    broken = [(token.start, token.end) for token in tokens if token.broken]
    root = run(table, tokens)
    if root is None:
        from spec.recovery import recover  # needed for broken files only

        root = recover(report, table, tokens, landmarks, broken)
    return ast.Module(tuple(root), comments, tuple(broken), len(scanned.tokens))


def run(table: Tables, tokens: list[Token]) -> list[ast.Item] | None:
    """Return the items of a file without a syntax error; None where there is one."""
    stack = Node(table.start, None, 0, 0, 0, None)
    for index, token in enumerate(tokens):
        stepped = step(table, stack, token, index)
        if stepped is None:
            return None
        stack = stepped
    items: list[ast.Item] = stack.value
    return items


def step(table: Tables, stack: Node, token: Token, index: int) -> Node | None:
    """Feed one token; return the new stack, or None where the token cannot stand here.

    A word is a keyword where one may stand, and else a name.
    """
    kind = token.kind
    if kind == "NAME":
        keyword = table.keywords.get(token.text)
        if keyword is not None and (stepped := _step(table, stack, token, index, keyword)) is not None:
            return stepped
    elif kind == "IN" or kind == "NOT":
        if (stepped := _step(table, stack, token, index, kind)) is not None:
            return stepped
        kind = "NAME"
    elif kind == "END":
        kind = END
    return _step(table, stack, token, index, kind)


def _step(table: Tables, stack: Node, token: Token, index: int, kind: str) -> Node | None:
    """Feed one token as a terminal."""
    actions, jumps, rules = table.actions, table.jumps, table.rules
    while True:
        action = actions[stack.state].get(kind)
        if action is None:
            return None
        if action >= 0:
            return _node((action, _leaf(token), token.start, token.end, index, stack))
        rule = rules[-1 - action]
        base = stack
        if rule.size == 1:  # most rules by far
            assert stack.below is not None
            base = stack.below
            start, end, first = stack.start, stack.end, stack.index
            value = stack.value if rule.name == "+pass" else _reduce(rule, [stack], start, end)
        elif rule.size:
            children: list[Node] = []
            for _ in range(rule.size):
                children.append(base)
                assert base.below is not None
                base = base.below
            children.reverse()
            start, end, first = children[0].start, stack.end, children[0].index
            value = _reduce(rule, children, start, end)
        else:
            start = end = token.start
            first = index
            value = _reduce(rule, [], start, end)
        state = jumps[base.state][rule.origin]
        stack = _node((state, value, start, end, first, base))
        if state == table.end and kind == END:
            return stack


def states(stack: Node) -> tuple[int, ...]:
    """The states of a stack, the topmost first: what lookahead needs of it."""
    found = []
    node: Node | None = stack
    while node is not None:
        found.append(node.state)
        node = node.below
    return tuple(found)


def advance(table: Tables, stack: tuple[int, ...], kind: str) -> tuple[int, ...] | None:
    """What `step` does, on states alone: no values are made."""
    while True:
        action = table.actions[stack[0]].get(kind)
        if action is None:
            return None
        if action >= 0:
            return (action, *stack)
        rule = table.rules[-1 - action]
        stack = stack[rule.size :]
        state = table.jumps[stack[0]][rule.origin]
        stack = (state, *stack)
        if state == table.end and kind == END:
            return stack


def _leaf(token: Token) -> ast.Word | ast.Text | ast.Number | ast.Regex | ast.Missing | None:
    kind, text, start, end = token[:4]
    match kind:
        case "NAME" | "DOTTED" if token.broken:
            return ast.Word("", start, end)  # an empty name: recovery has spoken of it
        case "NAME" | "DOTTED" | "COMPARE" | "IN" | "NOT":
            return ast.Word(text, start, end)
        case "NOT_IN":
            return ast.Word("not in", start, end)
        case "STRING" | "LONG_STRING":
            if token.broken:
                return ast.Missing(start, end)
            return ast.Text(decode(text), start, end, kind == "LONG_STRING")
        case "NUMBER":
            if token.broken:
                return ast.Missing(start, end)
            percent = text.endswith("%")
            return ast.Number(float(text[:-1]) / 100 if percent else float(text), percent, text, start, end)
        case "REGEX":
            if token.broken:
                return ast.Missing(start, end)
            cut = text.rindex("/")
            return ast.Regex(text[1:cut], text[cut + 1 :], start, end)
        case _:
            return None


def _reduce(rule: Rule, children: list[Node], start: int, end: int) -> Any:
    if rule.name == "+list":
        # A repetition grows as (rest, item) pairs: earlier stacks may still hold its shorter self.
        kept = [children[i].value for i in rule.keep]
        grown = kept.pop(0) if rule.lists else None
        for value in kept:
            grown = (grown, value)
        return grown
    if rule.name == "+pass":
        return children[rule.keep[0]].value
    values: list[Any] = []
    for i in rule.keep:
        if i in rule.lists:
            values.extend(_spread(children[i].value))
        else:
            values.append(children[i].value)
    return _ACTIONS[rule.name](values, start, end)


def _spread(pairs: Any) -> list[Any]:
    found = []
    while pairs is not None:
        pairs, value = pairs
        found.append(value)
    found.reverse()
    return found


def _block(values: list[Any], start: int, end: int) -> ast.Block:
    name = next((v for v in values[1:] if isinstance(v, ast.Word)), None)
    level = next((v.word for v in values if isinstance(v, _Level)), None)
    return ast.Block(values[0], name, level, values[-1], start, end)


def _directive(values: list[Any], start: int, end: int) -> ast.Directive:
    alias = next((v.word for v in values if isinstance(v, _Alias)), None)
    body = next((v for v in values[2:] if isinstance(v, ast.Body)), None)
    return ast.Directive(values[0], values[1], alias, body, start, end)


_ACTIONS: dict[str, Callable[[list[Any], int, int], Any]] = {
    "start": lambda values, start, end: values,
    "directive": _directive,
    "alias": lambda values, start, end: _Alias(values[0]),
    "block": _block,
    "level": lambda values, start, end: _Level(values[0]),
    "body": lambda values, start, end: ast.Body(tuple(values), start, end),
    "field": lambda values, start, end: ast.Field(values[0], values[1], start, end),
    "target": lambda values, start, end: ast.Bound(values[0], values[1], start, end),
    "disjunction": lambda values, start, end: ast.Junction("or", tuple(values), start, end),
    "conjunction": lambda values, start, end: ast.Junction("and", tuple(values), start, end),
    "negation": lambda values, start, end: ast.Negation(values[1], start, end),
    "comparison": lambda values, start, end: ast.Comparison(tuple(values[::2]), tuple(values[1::2]), start, end),
    "list": lambda values, start, end: ast.Array(tuple(values), start, end),
    "group": lambda values, start, end: ast.Group(values[0], start, end),
}
