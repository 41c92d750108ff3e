"""What a field takes and what stands there, in the words of messages and of the documentation.

In: a `Shape`, a number's bounds, or a value node. Out: a few words such as `a list of names`. This file must not know
reports, and judges nothing.
"""

from __future__ import annotations

from spec import ast
from spec.fields import (
    ChainShape,
    ChoiceShape,
    ConditionShape,
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


def takes(shape: Shape) -> str:
    """Return what a field of this shape takes."""
    match shape:
        case TextShape(word):
            return "a name or text in quotes" if word else "text in quotes"
        case ChoiceShape(choices):
            return f"one of the words {', '.join(choices)}"
        case NumberShape(whole, percent=percent):
            return "a whole number" if whole else "a number or a percentage" if percent else "a number"
        case FlagShape():
            return "true or false"
        case ListShape():
            return f"a list of {item_takes(shape)}"
        case NumbersShape(item):
            return f"a list of {'numbers or percentages' if item.percent else 'numbers'}"
        case ChainShape():
            return "a ranking such as `a > b`"
        case RecordShape():
            return "a block `{ ... }`"
        case TurnsShape():
            return "texts in quotes, in order"
        case ConditionShape():
            return "a condition"
        case TargetShape():
            return "a target"


def item_takes(shape: Shape) -> str:
    """Return what the items of a list are."""
    assert isinstance(shape, ListShape)
    if shape.words:
        return "names"
    if shape.texts:
        return "texts in quotes or patterns" if shape.patterns else "texts in quotes"
    return "patterns"


def bounds(shape: NumberShape) -> str:
    """Return where a number of this shape lies; it has at least one bound."""
    if shape.low is not None and shape.high is not None:
        return f"from {shape.low:g} to {shape.high:,.10g}"
    if shape.positive:
        return "above 0" + (f" and is at most {shape.high:g}" if shape.high is not None else "")
    return f"at or above {shape.low:g}" if shape.low is not None else f"at or below {shape.high:g}"


def describe(node: ast.Value) -> str:
    """Return what a value is."""
    match node:
        case ast.Word("true" | "false" as text):
            return f"`{text}`"
        case ast.Word(text):
            return f"the name `{shortened(text)}`"
        case ast.Text():
            return "text"
        case ast.Number(percent=percent):
            return "a percentage" if percent else "a number"
        case ast.Regex():
            return "a pattern"
        case ast.Array():
            return "a list"
        case ast.Body():
            return "a block"
        case ast.Bound():
            return "a target"
        case ast.Comparison():
            return "a comparison" if any(o.text != ">" for o in node.operators) else "a chain"
        case ast.Group() | ast.Negation() | ast.Junction():
            return "a condition"
        case ast.Missing():
            return "nothing"


def shortened(text: str, most: int = 24) -> str:
    """Return a text, or the start of a long one."""
    return text if len(text) <= most else text[: most - 1] + "…"
