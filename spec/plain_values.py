"""Values of a plain tree to values of the syntax tree, by the shape that a field asks for.

In: a scalar, list or mapping, and its key. Out: the node that the parser would make of what `.tenet` text has there:

    when: "user.role == clinician"                    when: user.role == clinician
    signs: ["sorry", "/rough/i"]                      signs: ["sorry", /rough/i]
    target: ">= 85%"                                  target: >= 85%

What is no such value comes out as what it is, and is judged in `spec/values.py`. This file must not know statements,
nor which fields there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from typing import Any

from spec import ast
from spec.diagnostics import Edit, Note, Report
from spec.fields import (
    ChainShape,
    ChoiceShape,
    ConditionShape,
    FieldSpec,
    FlagShape,
    ListShape,
    NumberShape,
    NumbersShape,
    TargetShape,
    TextShape,
)
from spec.lexer import OPERATORS, is_name
from spec.parser import parse
from spec.plain import PERCENTAGE, Listing, Mapping, Plain, Scalar
from spec.plain_report import PlainReport
from spec.source import Source, Span

REGEX = re.compile(r"/(?=[^/\n])([^/\\\n]*(?:\\[^\n][^/\\\n]*)*)/([A-Za-z]*)")
"""A text that is a pattern, where patterns may stand."""
_CONTROL = re.compile(r"[\x00-\x1f\u202a-\u202e\u2066-\u2069]")
"""What no pattern holds, those included that change the order of text on the screen."""


@dataclass(slots=True)
class PlainValues:
    """Reads the values of one file. broken: where no value could be read, for whoever asks whether a block is whole."""

    report: PlainReport
    broken: list[tuple[int, int]] = field(default_factory=list)

    def value(self, spec: FieldSpec, key: Scalar, value: Plain) -> ast.Value:
        """Return a value as the parser would make it of what the text has for a field of this shape."""
        if isinstance(value, Scalar) and value.kind == "nothing":
            return self._nothing(key, value)
        match spec.shape:
            case ConditionShape() | TargetShape() | ChainShape():
                return self.expression(key, value)
            case ListShape() | NumbersShape() as shape if isinstance(value, Listing):
                return ast.Array(tuple(self._one(shape, key, v) for v in value.items), value.start, value.end)
            case TextShape(word=True) if not spec.says.example.startswith('"') and _is_bare(value):
                return word_of(value)  # type: ignore[arg-type]  # a bare name is a scalar
            case shape:
                return self._one(shape, key, value)

    def _one(self, shape: Any, key: Scalar, value: Plain) -> ast.Value:
        """Return one value, or one item of a list."""
        if isinstance(value, Scalar) and value.kind == "nothing":
            return self._nothing(key, value)
        match shape, value:
            case (ListShape(words=True) | ChoiceShape(), Scalar()) if _is_bare(value):
                return word_of(value)
            case (ListShape(words=True), Scalar(kind="flag")):
                return word_of(value)
            case (ListShape(words=True), Scalar(kind="text", text=text)) if _is_number(text):
                return self.number(value)
            case (ListShape(patterns=True), Scalar(kind="text", text=text)) if match := REGEX.fullmatch(text):
                return self._pattern(match, value)
            case (ListShape(texts=True), Mapping(entries=((Scalar(text="text"), Scalar(kind="text") as inner),))):
                return self.generic(inner)
            case (NumberShape() | NumbersShape(), Scalar(kind="text", text=text)) if PERCENTAGE.fullmatch(text):
                return self.number(value)
            case (FlagShape(), Scalar(kind="flag")):
                return word_of(value)
        return self.generic(value)

    def expression(self, key: Scalar, value: Plain) -> ast.Value:
        """Return what a text says that holds a condition, a target or a ranking."""
        if not isinstance(value, Scalar) or value.kind in ("number", "flag"):
            return self.generic(value)
        if value.kind == "nothing" or not value.text.strip():
            return self._nothing(key, value)
        lead = f"{key.text}: "
        inner = Report(Source(self.report.source.path, lead + value.text))
        module = parse(inner)
        shift = value.inner - len(lead)
        self.report.loosen(value)
        if value.start == value.inner:
            self.report.bare.add(value.inner)
        for found in inner.found:
            notes = [Note(self._shifted(note.span, shift), note.label) for note in found.secondary]
            fix = found.fix
            if fix is not None:
                edits = tuple(Edit(self._shifted(edit.span, shift), edit.text) for edit in fix.edits)
                fix = replace(fix, edits=edits)
            self.report.add(found.code, found.message, self._shifted(found.span, shift), label=found.label,
                            help=found.help, fix=fix, secondary=notes)  # fmt: skip
        if inner.found:
            self.broken.append((value.start, value.end))
            return ast.Missing(value.start, value.end)
        only = module.items[0]
        if len(module.items) > 1 or not isinstance(only, ast.Field):
            return ast.Text(value.text, value.start, value.end)  # which the field does not take
        moved: ast.Value = _moved(only.value, shift)
        return moved

    def _shifted(self, span: Span, shift: int) -> Span:
        return self.report.at(max(span.start + shift, 0), span.end + shift)

    def words(self, key: Scalar, value: Plain) -> ast.Value:
        """Return names, or a list of them."""
        shape = ListShape(words=True)
        if isinstance(value, Listing):
            return ast.Array(tuple(self._one(shape, key, item) for item in value.items), value.start, value.end)
        return self._one(shape, key, value)

    def text(self, key: Scalar, value: Plain) -> ast.Value:
        """Return the value of a field that takes text."""
        if isinstance(value, Scalar) and value.kind == "nothing":
            return self._nothing(key, value)
        return self.generic(value)

    def generic(self, value: Plain) -> ast.Value:
        """Return a value as what it is, whatever the field takes: what is wrong with it is told where it is read."""
        match value:
            case Scalar("text", text, start, end):
                return ast.Text(text, start, end, "\n" in text)
            case Scalar("number"):
                return self.number(value)
            case Scalar(text=text):
                return ast.Word(text.lower(), value.start, value.end)
            case Listing(items, start, end):
                return ast.Array(tuple(self.generic(item) for item in items), start, end)
            case Mapping(_, start, end):
                return ast.Body((), start, end)

    def number(self, value: Scalar) -> ast.Number:
        """Return a number, or a share that is written as a percentage."""
        if value.start == value.inner:
            self.report.bare.add(value.start)
        percent = value.text.endswith("%")
        share = float(value.text[:-1]) / 100 if percent else float(value.text)
        return ast.Number(share, percent, value.text, value.start, value.end)

    def _pattern(self, match: re.Match[str], value: Scalar) -> ast.Value:
        control = _CONTROL.search(value.text)
        if control:
            self.report.add(
                "T0116", f"this pattern holds the control character U+{ord(control[0]):04X}", self._at(value),
                label="an escape was read", help="between double quotes write each backslash twice; in YAML, single"
                " quotes leave them as they are",
            )  # fmt: skip
            return ast.Missing(value.start, value.end)
        self.report.loosen(value)
        return ast.Regex(match[1], match[2], value.inner, value.inner + len(value.text))

    # ---- messages

    def _at(self, node: Plain) -> Span:
        return self.report.at(node.start, node.end)

    def scalar(self, key: Scalar, value: Plain) -> Scalar | None:
        """Return a single value, or None after a diagnostic."""
        if isinstance(value, Scalar) and value.kind != "nothing":
            return value
        if isinstance(value, Scalar):
            self._nothing(key, value)
        else:
            self.misshapen(f"`{key.text}` takes one value, and this is {what_is(value)}", value, None, key)
        return None

    def _nothing(self, key: Scalar, value: Scalar) -> ast.Missing:
        # An empty value stands nowhere; its key does.
        span = self._at(value) if value.text else self._at(key)
        self.report.add("T0023", f"something is missing after `{key.text}`", span, label="a value follows",
                        help="give the value, or remove the key")  # fmt: skip
        self.broken.append((key.start, max(key.end, value.end)))
        return ast.Missing(value.start, value.end)

    def misshapen(self, message: str, node: Plain, help: str | None, key: Scalar | None = None) -> None:
        """Report a mapping where a list must be, and the like; what it says is not judged."""
        empty = node.end <= node.start
        place = self._at(key) if key is not None and empty else self.report.at(node.start, node.end)
        self.report.add("T0055", message, place, label=what_is(node), help=help)
        self.broken.append((key.start if key is not None else node.start, max(node.end, node.start + 1)))


def items_of(value: Plain) -> tuple[Plain, ...]:
    """Return the items of a list; one value needs no list."""
    return value.items if isinstance(value, Listing) else (value,)


def word_of(scalar: Scalar) -> ast.Word:
    """Return a bare word: a key, a name, `true`."""
    text = scalar.text if scalar.kind == "text" else scalar.text.lower()
    return ast.Word(text, scalar.inner, scalar.inner_end)


def what_is(node: Plain | None) -> str:
    """Return what stands there, in words."""
    match node:
        case Mapping(entries):
            return "a mapping" if entries else "an empty mapping"
        case Listing():
            return "a list"
        case Scalar("text", text):
            return "a text" if text else "an empty text"
        case Scalar("number"):
            return "a number"
        case Scalar("flag", text):
            return f"`{text}`"
        case _:
            return "nothing"


def _is_bare(value: Plain) -> bool:
    """Whether a text is a name that `.tenet` text could have without quotes."""
    return isinstance(value, Scalar) and value.kind == "text" and is_name(value.text) and value.text not in OPERATORS


def _is_number(text: str) -> bool:
    return re.fullmatch(PERCENTAGE.pattern + "?", text) is not None


def _moved(node: Any, shift: int) -> Any:
    """Return a value of the tree with all its places moved."""
    changed: dict[str, Any] = {"start": node.start + shift, "end": node.end + shift}
    for part in fields(node):
        held = getattr(node, part.name)
        if isinstance(held, tuple):
            changed[part.name] = tuple(_moved(item, shift) for item in held)
        elif hasattr(held, "start") and not isinstance(held, str):
            changed[part.name] = _moved(held, shift)
    return replace(node, **changed)
