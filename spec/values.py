"""Values of the syntax tree to values of records, by the shape that a field asks for.

In: a value node and a `Shape`. Out: a Python value, or `WRONG` and a diagnostic in plain words. What has rules of its
own has a file of its own: `conditions.py`, `patterns.py`, `parameters.py`. This file must not know blocks or
constructs; `spec/blocks.py` calls it for each field.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

from spec import ast
from spec.conditions import Conditions
from spec.descriptions import bounds, describe, item_takes, shortened, takes
from spec.diagnostics import Edit, Fix, Note, Report, closest
from spec.document import Pattern, Target
from spec.fields import (
    ChainShape,
    ChoiceShape,
    ConditionShape,
    FieldSpec,
    FlagShape,
    ListShape,
    NumberShape,
    NumbersShape,
    RecordShape,
    Shape,
    TargetShape,
    TextShape,
    TurnsShape,
)
from spec.frozen import dataclass
from spec.lexer import is_name
from spec.parameters import fill_in
from spec.patterns import read_pattern
from spec.source import Span


class Wrong:
    """The type of `WRONG`, which stands for a value that a diagnostic has spoken of."""


WRONG = Wrong()

_NO = ("none", "no", "false", "off", "zero", "without")
_YES = ("yes", "true", "on", "always", "all")
_MEANT = {**dict.fromkeys(_NO, "never"), **dict.fromkeys(_YES, "any")}
"""Answers for how often something may be, and the choice that says the same."""
_OTHER_FIELD = {("phrases", ast.Regex): "patterns", ("patterns", ast.Text): "phrases"}
"""By field and what stands in it: the field that takes it."""
_ANSWERS = ("true", "false", "yes", "no", "on", "off", "none", "null", "nil", "any", "never", "always")
"""Words that may stand for an answer, and not for themselves."""


@dataclass(slots=True)
class Values:
    """Reads values. parameters: the texts that stand for `${name}`, as `spec/parameters.py` takes them."""

    report: Report
    parameters: Mapping[str, str | None]
    conditions: Conditions
    target_comparison: Literal[">=", "<="] = ">="
    """The way in which the target of the clause that is being read may point."""

    def read(self, spec: FieldSpec, node: ast.Value) -> Any:
        """Return the value of the field `spec`, or `WRONG`."""
        if isinstance(node, ast.Missing):
            return WRONG  # recovery has spoken of it
        match spec.shape:
            case TextShape(word):
                return self._text(spec, node, word)
            case ChoiceShape(choices):
                return self._choice(spec, node, choices)
            case NumberShape() as shape:
                return self._number(spec, node, shape)
            case FlagShape():
                return self._flag(spec, node)
            case ListShape() as shape:
                return self._list(spec, node, shape)
            case NumbersShape(item):
                return self._numbers(spec, node, item)
            case ChainShape(choices):
                return self._chain(spec, node, choices)
            case ConditionShape():
                condition = self.conditions.read(node)
                return WRONG if condition is None else condition
            case TargetShape():
                return self._target(spec, node)
            case RecordShape() | TurnsShape():
                raise AssertionError(f"`{spec.name}` is read with its block")

    def setting(self, node: ast.Value) -> Any:
        """Return what a setting of the trainer is: a number, a text, a flag, or a list of these; or `WRONG`."""
        match node:
            case ast.Number(percent=False, written=written):
                return int(written) if written.lstrip("+-").isdecimal() else float(node.value)
            case ast.Text():
                return self._written(node)
            case ast.Word("true" | "false" as text):
                return text == "true"
            case ast.Word(text) if text:
                return text
            case ast.Array(items):
                found = [self.setting(item) for item in items if not isinstance(item, ast.Array)]
                wrong = len(found) < len(items) or any(isinstance(item, Wrong) for item in found)
                return WRONG if wrong else tuple(found)
        return WRONG

    # ---- simple values

    def _text(self, spec: FieldSpec, node: ast.Value, word: bool) -> Any:
        if isinstance(node, ast.Text):
            return self._written(node) if self._filled(f"`{spec.name}`", node) else WRONG
        if isinstance(node, ast.Word) and word:
            return node.text
        return self.wrong(spec, node)

    def _written(self, node: ast.Text) -> str | Wrong:
        text = fill_in(node, self.parameters, self.report)
        return WRONG if text is None else text

    def _filled(self, what: str, node: ast.Text, fix: Fix | None = None) -> bool:
        if node.value.strip():
            return True
        self.report.add("T0114", f"{what} is empty", self._span(node), label="nothing in it", fix=fix)
        return False

    def _choice(self, spec: FieldSpec, node: ast.Value, choices: tuple[str, ...]) -> Any:
        if isinstance(node, ast.Word | ast.Text):
            text = node.text if isinstance(node, ast.Word) else node.value
            if text in choices:
                return text
            help, fix = self._choice_meant(text, choices, self._span(node))
            self.report.add(
                "T0112", f"`{spec.name}` cannot be `{shortened(text)}`", self._span(node), label="not a choice",
                help=help, fix=fix,
            )  # fmt: skip
            return WRONG
        return self.wrong(spec, node)

    def _choice_meant(self, text: str, choices: tuple[str, ...], span: Span) -> tuple[str | None, Fix | None]:
        meant = _MEANT.get(text.lower())
        if meant in choices:
            assert meant is not None
            return f"did you mean `{meant}`?", Fix(f"replace it with `{meant}`", (Edit(span, meant),))
        best = closest(text, choices)
        # Of a few letters, another one is another word: `ppo` is no `dpo`.
        if best is not None and len(best) <= 3 and len(text) == len(best) and sorted(text.lower()) != sorted(best):
            return f"it is one of: {', '.join(choices)}", None
        return self.report.did_you_mean(text, choices, span)

    def _number(self, spec: FieldSpec, node: ast.Value, shape: NumberShape) -> Any:
        if not isinstance(node, ast.Number) or (node.percent and not shape.percent):
            return self.wrong(spec, node)
        value = node.value
        if shape.whole and (not math.isfinite(value) or value != int(value)):
            self.report.add(
                "T0111", f"`{spec.name}` takes a whole number, not {node.written}", self._span(node),
                label="not a whole number", help=f"for example `{spec.name}: {spec.says.example}`",
            )  # fmt: skip
            return WRONG
        too_low = (shape.low is not None and value < shape.low) or (shape.positive and value <= 0)
        if too_low or not math.isfinite(value) or (shape.high is not None and value > shape.high):
            help, fix = self._share_meant(node) if shape.percent else (None, None)
            self.report.add(
                "T0113", f"`{spec.name}` cannot be {node.written}", self._span(node), label="out of range",
                help=f"it lies {bounds(shape)}" + (f"; {help}" if help else ""), fix=fix,
            )  # fmt: skip
            return WRONG
        return int(value) if shape.whole else value

    def _share_meant(self, node: ast.Number, comparison: str = ">=") -> tuple[str | None, Fix | None]:
        """Return help and fix for a share above 100%; `6` could be a few things, and gets no fix."""
        value, written = node.value, node.written
        if node.percent and 1 < value <= 10 and written.endswith("0%"):
            meant = f"{written[:-2]}%"
        elif not node.percent and (10 if comparison != "<=" else 1) < value <= 100:
            meant = f"{written}%"
        elif not node.percent and re.fullmatch(r"[2-9]", written):
            return f"did you mean `0.{written}`, which is `{written}0%`, or `{written}%`?", None
        else:
            return None, None
        return f"did you mean `{meant}`?", Fix(f"replace it with `{meant}`", (Edit(self._span(node), meant),))

    def _flag(self, spec: FieldSpec, node: ast.Value) -> Any:
        if isinstance(node, ast.Word) and node.text in ("true", "false"):
            return node.text == "true"
        return self.wrong(spec, node)

    def _target(self, spec: FieldSpec, node: ast.Value) -> Any:
        if not isinstance(node, ast.Bound):
            if isinstance(node, ast.Number):
                wanted = self.target_comparison
                written = node.written if node.percent or node.value <= 1 else f"{node.written}%"
                sided = Fix(f"compare with `{wanted}`", (Edit(self._span(node), f"{wanted} {written}"),))
                self.report.add(
                    "T0115", "a target says which side of the number is good", self._span(node),
                    label="a number alone", help=f"write `target: {wanted} {written}`", fix=sided,
                )  # fmt: skip
                return WRONG
            return self.wrong(spec, node)
        if isinstance(node.number, ast.Missing):
            return WRONG
        comparison, share = node.operator.text, node.number.value
        if comparison not in (">=", "<="):
            meant = {">": ">=", "<": "<="}.get(comparison)
            self.report.add(
                "T0115", f"a target compares with `>=` or `<=`, not `{comparison}`", self._span(node.operator),
                label="not for targets", help="for example `target: >= 90%`",
                fix=Fix(f"replace it with `{meant}`", (Edit(self._span(node.operator), meant),)) if meant else None,
            )  # fmt: skip
            return WRONG
        if not 0 <= share <= 1:
            meant, mended = self._share_meant(node.number, comparison)
            self.report.add(
                "T0113", f"a target is a share from 0% to 100%, not {node.number.written}", self._span(node.number),
                label="out of range", help=meant or "for example `target: >= 90%`", fix=mended,
            )  # fmt: skip
            return WRONG
        if share == (1 if comparison == "<=" else 0):
            self.report.add(
                "T0115", f"`{comparison} {node.number.written}` is met whatever is measured", self._span(node),
                label="no target",
                help=f"did you mean `{comparison} {node.number.written}%`?" if not node.number.percent and share
                else "for example `target: >= 90%`",
            )  # fmt: skip
            return WRONG
        direction: Literal[">=", "<="] = ">=" if comparison == ">=" else "<="
        return Target(direction, share)

    # ---- lists

    def _list(self, spec: FieldSpec, node: ast.Value, shape: ListShape) -> Any:
        items = node.items if isinstance(node, ast.Array) else (node,)  # one value needs no brackets
        if not items:
            self.report.add(
                "T0114", f"`{spec.name}` is an empty list", self._span(node), label="nothing in it",
                help="fill it in, or remove the field",
            )  # fmt: skip
            return WRONG
        found: list[str | Pattern] = []
        places: dict[str | Pattern, ast.Value] = {}
        bad = False
        for at, item in enumerate(items):
            value = self._item(spec, item, shape, items, at)
            if isinstance(value, Wrong):
                bad = True
                continue
            if value in places:
                self.report.add(
                    "T0117", "this stands in the list already", self._span(item), label="again",
                    secondary=[Note(self._span(places[value]), "first here")], fix=self._without(items, at),
                )  # fmt: skip
                continue
            places[value] = item
            found.append(value)
        return WRONG if bad else tuple(found)

    def _without(self, items: tuple[ast.Value, ...], at: int) -> Fix | None:
        """Offer to take an item out of its list, with the comma before it; None for the only one."""
        if len(items) == 1:
            return None
        item = items[at]
        start, end = (items[at - 1].end, item.end) if at else (item.start, items[1].start)
        return Fix("remove it", (Edit(self.report.at(start, end), ""),), "safe")

    def without_quotes(self, node: ast.Value) -> Fix | None:
        """Offer to write a name without quotes; None where it is no name."""
        if not isinstance(node, ast.Text) or not is_name(node.value):
            return None
        return Fix("remove the quotes", (Edit(self._span(node), node.value),), "safe")

    def _item(
        self, spec: FieldSpec, item: ast.Value, shape: ListShape, items: tuple[ast.Value, ...], at: int
    ) -> str | Pattern | Wrong:
        match item:
            case ast.Missing():
                return WRONG
            case ast.Text() if shape.texts:
                if item.value.strip():
                    return self._written(item)
                self._filled(f"this item of `{spec.name}`", item, self._without(items, at))
                return WRONG
            case ast.Word() if shape.words:
                return item.text
            case ast.Number() if shape.words:
                return item.written
            case ast.Regex() if shape.patterns:
                pattern = read_pattern(item, self.report)
                return WRONG if pattern is None else pattern
        return self.wrong(spec, item, one=True)

    def _numbers(self, spec: FieldSpec, node: ast.Value, shape: NumberShape) -> Any:
        items = node.items if isinstance(node, ast.Array) else (node,)
        read = [WRONG if isinstance(item, ast.Missing) else self._number(spec, item, shape) for item in items]
        return WRONG if not read or any(isinstance(value, Wrong) for value in read) else tuple(read)

    def _chain(self, spec: FieldSpec, node: ast.Value, choices: tuple[str, ...]) -> Any:
        if not isinstance(node, ast.Comparison) or not all(
            isinstance(o, ast.Word | ast.Missing) for o in node.operands
        ):
            return self.wrong(spec, node)
        odd = next((operator for operator in node.operators if operator.text != ">"), None)
        if odd is not None:
            self.report.add(
                "T0212", f"`{spec.name}` ranks with `>`, not `{odd.text}`", self._span(odd), label="not `>`",
                help=f"for example `{spec.name}: {spec.says.example}`",
            )  # fmt: skip
            return WRONG
        words = [o for o in node.operands if isinstance(o, ast.Word)]
        read = [self._choice(spec, word, choices) for word in words]
        if len(words) < len(node.operands) or any(isinstance(value, Wrong) for value in read):
            return WRONG
        earlier: dict[str, ast.Word] = {}
        for at, word in enumerate(words):
            first = earlier.setdefault(word.text, word)
            if first is not word:
                again = self.report.at(words[at - 1].end, word.end)
                self.report.add(
                    "T0205", f"`{word.text}` is ranked twice", self._span(word), label="again",
                    secondary=[Note(self._span(first), "ranked here")], help="keep its highest place",
                    fix=Fix("remove its lower place", (Edit(again, ""),)),
                )  # fmt: skip
                return WRONG
        return tuple(read)

    # ---- messages

    def wrong(self, spec: FieldSpec, node: ast.Value, *, one: bool = False) -> Wrong:
        """Report a value of the wrong kind; `one`: it is an item of a list."""
        if isinstance(node, ast.Comparison | ast.Junction) and any(isinstance(o, ast.Missing) for o in node.operands):
            return WRONG  # recovery has spoken of it: `style: hard <`
        kind = item_takes(spec.shape) if one else takes(spec.shape)
        written = self.report.source.text[node.start : node.end]
        other = _OTHER_FIELD.get((spec.name, type(node)))
        self.report.add(
            "T0111", f"`{spec.name}` {'lists' if one else 'takes'} {kind}, not {describe(node)}", self._span(node),
            label=f"this is {describe(node)}",
            help=f"put it into `{other}`: `{other}: [{shortened(written)}]`" if other
            else f"for example `{spec.name}: {spec.says.example}`",
            fix=self._otherwise_quoted(spec.shape, node),
        )  # fmt: skip
        return WRONG

    def _otherwise_quoted(self, shape: Shape, node: ast.Value) -> Fix | None:
        """Offer quotes for a text without any, and none for what is no text."""
        match shape, node:
            case (TextShape() | ListShape(texts=True), ast.Word(text)):
                sure = text.lower() not in _ANSWERS and "." not in text
                return Fix("put it in quotes", (Edit(self._span(node), f'"{text}"'),), "safe" if sure else "unsafe")
            case (TextShape() | ListShape(texts=True), ast.Number(written=written)):
                return Fix("put it in quotes", (Edit(self._span(node), f'"{written}"'),))
            case (ListShape(words=True) | ChainShape(), ast.Text()):
                return self.without_quotes(node)
            case (FlagShape(), ast.Text("true" | "false")):
                return self.without_quotes(node)
            case (NumberShape(), ast.Text(value)) if re.fullmatch(r"\d+(\.\d+)?%?", value):
                return Fix("remove the quotes", (Edit(self._span(node), value),), "safe")
        return None

    def _span(self, node: ast.Value) -> Span:
        return self.report.at(node.start, node.end)
