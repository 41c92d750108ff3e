"""Conditions: the tree of `when: user.role == clinician and not child` to the record that says the same.

In: the value node of a `when` or `unless`. Out: a `Condition`, or None and a diagnostic; and the uses of dimensions,
which are judged when all files are read (`spec/references.py`). This file must not know fields or clauses, nor which
dimensions there are.
"""

from __future__ import annotations

from spec import ast
from spec.descriptions import describe
from spec.diagnostics import Edit, Fix, Report
from spec.document import And, Compare, Condition, Not, Or, Truth
from spec.frozen import dataclass
from spec.source import Span


@dataclass(frozen=True, slots=True)
class DimensionUse:
    """A place where a condition asks about a dimension; judged when all files are read."""

    condition: Compare | Truth
    span: Span
    operator: Span
    values: tuple[Span, ...]
    bare: bool


class Conditions:
    """Reads the conditions of a file; `uses` gathers what they ask of dimensions."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.uses: list[DimensionUse] = []

    def read(self, node: ast.Value) -> Condition | None:
        """Return what a value says; None after a diagnostic, also where recovery has spoken of it."""
        match node:
            case ast.Missing():
                return None
            case ast.Group(inner):
                return self.read(inner)
            case ast.Negation(operand):
                inner_condition = self.read(operand)
                return None if inner_condition is None else Not(inner_condition)
            case ast.Junction(operator, operands):
                read = [self.read(operand) for operand in operands]
                known = tuple(condition for condition in read if condition is not None)
                if len(known) < len(read):
                    return None
                return And(known) if operator == "and" else Or(known)
            case ast.Word("true" | "false"):
                self._no_condition(node, "a condition asks about a dimension")
                return None
            case ast.Word(text):
                truth = Truth(text)
                self.uses.append(DimensionUse(truth, self._span(node), self._span(node), (), bare=True))
                return truth
            case ast.Comparison():
                return self._comparison(node)
        self._no_condition(node, f"{describe(node)} is not a condition")
        return None

    def _no_condition(self, node: ast.Value, message: str) -> None:
        self.report.add(
            "T0211", message, self._span(node), label="no condition",
            help="for example `user.role == clinician and not user.age_band in [child, teen]`",
        )  # fmt: skip

    def _comparison(self, node: ast.Comparison) -> Condition | None:
        left, right = node.operands[0], node.operands[1]
        operator = node.operators[0].text
        if any(isinstance(operand, ast.Missing) for operand in node.operands):
            return None
        if len(node.operators) > 1:
            if not self._unfinished(node):
                self._no_condition(node, "a condition compares two things; join comparisons with `and`")
            return None
        if not isinstance(left, ast.Word):
            self._no_condition(left, "a comparison starts with the dimension")
            return None
        place = self._span(left), self._span(node.operators[0])
        if operator in ("in", "not in"):
            items = right.items if isinstance(right, ast.Array) else (right,)
            # A name stays as it is written: `1`, and not `1.0`.
            values = [item.written if isinstance(item, ast.Number) else self._constant(item) for item in items]
            if not values:
                self._no_condition(right, "this list is empty, so nothing is in it")
                return None
            if any(value is None for value in values):
                return None
            among = Compare(left.text, "in", tuple(str(value) for value in values))
            self.uses.append(DimensionUse(among, *place, tuple(self._span(item) for item in items), bare=False))
            return among if operator == "in" else Not(among)
        value = self._constant(right)
        if value is None:
            return None
        if isinstance(value, bool) and operator in ("==", "!="):
            truth = Truth(left.text)
            self.uses.append(DimensionUse(truth, *place, (self._span(right),), bare=False))
            return truth if value == (operator == "==") else Not(truth)
        compare = Compare(left.text, operator, value)  # type: ignore[arg-type]  # the grammar has no other operator
        self.uses.append(DimensionUse(compare, *place, (self._span(right),), bare=False))
        return compare

    def _unfinished(self, node: ast.Comparison) -> bool:
        """Report a comparison with nothing that goes on as the field below, whose `:` is missing; else return False."""
        operator, word = self._span(node.operators[0]), node.operands[1]
        if not isinstance(word, ast.Word) or self._span(word).line == operator.line:
            return False
        self.report.add(
            "T0023", f"something is missing after `{node.operators[0].text}`", operator, label="a value follows"
        )
        fix = Fix("add `:`", (Edit(self.report.at(word.end, word.end), ":"),))
        self.report.add(
            "T0020", f"`:` is missing after `{word.text}`", self._span(word),
            label="a `:` follows the name of a field", fix=fix,
        )  # fmt: skip
        return True

    def _constant(self, node: ast.Value) -> str | float | bool | None:
        match node:
            case ast.Missing():
                return None
            case ast.Word("true" | "false" as text):
                return text == "true"
            case ast.Word(text):
                return text
            case ast.Text(value):
                return value
            case ast.Number(value):
                return value
        self._no_condition(node, f"a dimension is compared with a name or a number, not {describe(node)}")
        return None

    def _span(self, node: ast.Value) -> Span:
        return self.report.at(node.start, node.end)
