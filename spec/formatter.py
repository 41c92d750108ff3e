"""The one layout of a spec: what `tenet fmt` writes.

In: a file's text. Out: the same spec in canonical layout, comments kept where they stood. The tree is unchanged by
it, and formatting twice is formatting once. The rules, all of them:

- Two spaces a level; one field a line; one blank line between statements at most, as the author has it; one after a
  statement of several lines, and one after the header.
- A block or map whose body the author wrote on one line stays on one line where it fits in 100 columns, its fields
  separated by two spaces (in a block) or a comma (in a map). A list stands on one line where it fits, else it has one
  line for each item, each with a comma.
- Strings keep their words and take the fewest escapes. A `\"\"\"` string is indented with its field.
- A comment keeps its line: by itself it is indented like what follows, else it stands two spaces behind its line.
"""

from __future__ import annotations

import re

from spec import ast
from spec.collecting import uncollected
from spec.diagnostics import Diagnostic, Report, counted
from spec.files import decode_text
from spec.parser import parse
from spec.source import Source, line_end
from spec.vocabulary import LANDMARKS

WIDTH = 100
INDENT = "  "


class CannotFormat(ValueError):
    """The text has errors; `diagnostics` tells which. A file that cannot be read is not rewritten."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], source: Source) -> None:
        super().__init__(f"{source.shown} has {counted(diagnostics)}")
        self.diagnostics = diagnostics
        self.source = source


@uncollected()
def format_text(text: str, path: str = "spec.tenet") -> str:
    """Return `text` in canonical layout.

    Raises:
        CannotFormat: the text cannot be read.

    >>> print(format_text('tenet 1\\ntrait  a{means:"x"  not :"y" # why\\n}'), end="")
    tenet 1
    <BLANKLINE>
    trait a {
      means: "x"
      not: "y"  # why
    }
    """
    source, diagnostics = decode_text(text, path)
    if diagnostics:
        raise CannotFormat(diagnostics, source)
    report = Report(source)
    module = parse(report, LANDMARKS)
    if report.found:
        raise CannotFormat(tuple(sorted(report.found, key=lambda found: found.span.start)), source)
    return _Printer(source.text, module).print()


def format_stored(text: str, path: str = "spec.tenet") -> str:
    r"""Do the same for a text as it is stored: a byte order mark stays, and its line ends are those of most lines.

    >>> format_stored("\ufefftenet  1\r\n")
    '\ufefftenet 1\r\n'
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    return mark + format_text(text, path).replace("\n", line_end(text))


def format_tree(module: ast.Module) -> str:
    """Return the canonical layout of a tree that stands in no `.tenet` text: a block that holds another is parted."""
    return _TreePrinter("", ast.Module(module.items)).print()


class _Printer:
    """Writes items in order; comments come along when the printer passes their place."""

    def __init__(self, text: str, module: ast.Module) -> None:
        self.text = text
        self.module = module
        self.comments = module.comments
        self.next = 0  # the first comment that is not written yet
        self.lines: list[str] = []
        self.last = 0  # where in the text the printer is

    def print(self) -> str:
        self._items(self.module.items, 0, top=True)
        self._comments_before(len(self.text), 0)
        while self.lines and not self.lines[-1]:
            self.lines.pop()
        return "\n".join(self.lines) + "\n" if self.lines else ""

    # ---- items

    def _items(self, items: tuple[ast.Item, ...], level: int, *, top: bool = False) -> None:
        for i, item in enumerate(items):
            had = len(self.lines)
            self._comments_before(item.start, level)
            # A blank line between the comments above and the item is the author's; between two items it may be due.
            above = items[i - 1] if i else None
            due = len(self.lines) == had and above is not None and self._needs_blank(above, item, top)
            if due or self._blank_between(self.last, item.start):
                self._blank()
            self._item(item, level)

    def _needs_blank(self, above: ast.Item, item: ast.Item, top: bool) -> bool:
        if not top:
            return False
        if isinstance(above, ast.Directive):
            return not isinstance(item, ast.Directive)
        return len(self.lines) > 0 and (self._is_long(above) or self._is_long(item))

    def _is_long(self, item: ast.Item) -> bool:
        if not isinstance(item, ast.Block):
            return False
        flat = self._flat(item.body, block=True)
        return flat is None or not self._fits(_head(item), flat, item.body, 0)

    def _item(self, item: ast.Item, level: int) -> None:
        match item:
            case ast.Directive(keyword, argument, alias, body):
                name = f" as {alias.text}" if alias else ""
                head = f"{keyword.text} {self._value(argument, level)}{name}"
                if body is None:
                    self._line(head, level, item)
                else:
                    self._headed(f"{head} ", body, level, item, block=True)
            case ast.Field(name, value):
                self._headed(f"{name.text}: ", value, level, item)
            case ast.Block(body=body):
                self._headed(_head(item), body, level, item, block=True)

    def _headed(self, head: str, value: ast.Value, level: int, item: ast.Item, *, block: bool = False) -> None:
        """Write a field or block: on one line where it may be, else its body or list on lines of its own."""
        flat = self._flat(value, block=block)
        if flat is not None and self._fits(head, flat, value, level):
            self._line(head + flat, level, item)
        elif isinstance(value, ast.Body):
            self._line(f"{head}{{", level, None, until=value.start + 1)
            self._items(value.items, level + 1)
            self._comments_before(value.end - 1, level + 1)
            self._line("}", level, item)
        elif isinstance(value, ast.Array):
            self._line(f"{head}[", level, None, until=value.start + 1)
            for i, element in enumerate(value.items):
                self._comments_before(element.start, level + 1)
                if i and self._blank_between(self.last, element.start):
                    self._blank()
                self._element(element, level + 1)
            self._comments_before(value.end - 1, level + 1)
            self._line("]", level, item)
        else:
            self._line(head + self._value(value, level), level, item)

    def _element(self, element: ast.Value, level: int) -> None:
        text = self._value(element, level)
        # The comma stands between the element and a comment on its line.
        comma = self.text.find(",", element.end)
        self._line(f"{text},", level, element, until=self._after_comma(element.end, comma))

    def _after_comma(self, end: int, comma: int) -> int:
        between = self.text[end:comma] if comma >= 0 else "x"
        return comma + 1 if not between.strip() else end

    def _fits(self, head: str, flat: str, value: ast.Value, level: int) -> bool:
        if isinstance(value, ast.Group | ast.Negation | ast.Junction | ast.Comparison):
            return False  # what it holds may be on one line, or not
        if not isinstance(value, ast.Body | ast.Array):
            return True
        if self._has_comment(value.start, value.end):
            return False
        if not value.items:
            return True
        fits = len(INDENT * level + head + flat) <= WIDTH
        if isinstance(value, ast.Array):
            return fits
        return fits and "\n" not in self.text[value.start : value.end]

    # ---- values

    def _flat(self, value: ast.Value, *, block: bool = False) -> str | None:
        """Return `value` on one line; None where it cannot be."""
        match value:
            case ast.Text():
                return None if self._stays_long(value) else quote(value.value)
            case ast.Array(items):
                return self._enclosed("[", [self._flat(item) for item in items], ", ", "]")
            case ast.Body(items):
                parts = [self._flat_item(item) for item in items]
                return self._enclosed("{ ", parts, "  " if block else ", ", " }") if items else "{}"
            case ast.Group(inner):
                return self._enclosed("(", [self._flat(inner)], "", ")")
            case ast.Negation(operand):
                return self._enclosed("not ", [self._flat(operand)], "", "")
            case ast.Junction(operator, operands):
                return self._enclosed("", [self._flat(operand) for operand in operands], f" {operator} ", "")
            case ast.Comparison(operands, operators):
                parts = [self._flat(operands[0])]
                for sign, operand in zip(operators, operands[1:], strict=True):
                    parts += [sign.text, self._flat(operand)]
                return self._enclosed("", parts, " ", "")
            case _:
                return self._value(value, 0)

    @staticmethod
    def _enclosed(opening: str, parts: list[str | None], between: str, closing: str) -> str | None:
        known = [part for part in parts if part is not None]
        return f"{opening}{between.join(known)}{closing}" if len(known) == len(parts) else None

    def _flat_item(self, item: ast.Item) -> str | None:
        if isinstance(item, ast.Field):
            flat = self._flat(item.value)
            return None if flat is None else f"{item.name.text}: {flat}"
        if isinstance(item, ast.Block):
            flat = self._flat(item.body, block=True)
            return None if flat is None else _head(item) + flat
        return None

    def _value(self, value: ast.Value, level: int) -> str:
        match value:
            case ast.Word(text):
                return text
            case ast.Text():
                return self._long(value, level) if self._stays_long(value) else quote(value.value)
            case ast.Number(written=written):
                return written
            case ast.Regex(text, flags):
                return f"/{text}/{flags}"
            case ast.Bound(operator, number):
                return f"{operator.text} {self._value(number, level)}"
            case ast.Group(inner):
                return f"({self._value(inner, level)})"
            case ast.Negation(operand):
                return f"not {self._value(operand, level)}"
            case ast.Junction(operator, operands):
                return f" {operator} ".join(self._value(operand, level) for operand in operands)
            case ast.Comparison(operands, operators):
                parts = [self._value(operands[0], level)]
                for sign, operand in zip(operators, operands[1:], strict=True):
                    parts.append(f"{sign.text} {self._value(operand, level)}")
                return " ".join(parts)
            case ast.Array() | ast.Body():
                return self._nested(value, level)
            case ast.Missing():
                raise AssertionError("a file with errors is not formatted")

    def _nested(self, value: ast.Array | ast.Body, level: int) -> str:
        """Return a list or map inside a list or condition, over several lines where it must be."""
        flat = self._flat(value)
        if flat is not None and self._fits("", flat, value, level):
            return flat
        if self._has_comment(value.start, value.end) or isinstance(value, ast.Body):
            inner = type(self)(self.text, self.module)
            inner.next, inner.last = self.next, value.start + 1
            if isinstance(value, ast.Body):
                inner._items(value.items, level + 1)
            else:
                for element in value.items:
                    inner._comments_before(element.start, level + 1)
                    inner._element(element, level + 1)
            inner._comments_before(value.end - 1, level + 1)
            self.next = inner.next
            body = "\n".join(inner.lines)
        else:
            assert isinstance(value, ast.Array)
            body = "\n".join(f"{INDENT * (level + 1)}{self._value(item, level + 1)}," for item in value.items)
        opening, closing = ("{", "}") if isinstance(value, ast.Body) else ("[", "]")
        return f"{opening}\n{body}\n{INDENT * level}{closing}"

    @staticmethod
    def _stays_long(value: ast.Text) -> bool:
        """A `\"\"\"` string stays one where it has lines that a plain string would hide."""
        return value.long and "\n" in value.value and _keeps_margin(value.value)

    def _long(self, value: ast.Text, level: int) -> str:
        return long_text(value.value, level)

    # ---- lines and comments

    def _line(self, text: str, level: int, item: ast.Item | ast.Value | None, until: int | None = None) -> None:
        """Write a line, and behind it the comment that stands behind its end in the text."""
        end = until if until is not None else item.end if item is not None else self.last
        self.last = max(self.last, end)
        # Comments inside what was written on one line have no other place: they go above it.
        while self.next < len(self.comments) and self.comments[self.next].start < end:
            self.lines.append(INDENT * level + self.comments[self.next].text)
            self.next += 1
        if self.next < len(self.comments):
            comment = self.comments[self.next]
            between = self.text[self.last : comment.start]
            if "\n" not in between and not between.strip(" \t,;"):
                text += f"  {comment.text}"
                self.last = comment.end
                self.next += 1
        self.lines.append(INDENT * level + text)

    def _comments_before(self, place: int, level: int) -> None:
        while self.next < len(self.comments) and self.comments[self.next].start < place:
            comment = self.comments[self.next]
            if self._blank_between(self.last, comment.start):
                self._blank()
            self.lines.append(INDENT * level + comment.text)
            self.last = comment.end
            self.next += 1

    def _has_comment(self, start: int, end: int) -> bool:
        at = self.next
        while at < len(self.comments) and self.comments[at].start < start:
            at += 1
        return at < len(self.comments) and self.comments[at].start < end

    def _blank(self) -> None:
        if self.lines and self.lines[-1] and not self.lines[-1].endswith(("{", "[")):
            self.lines.append("")

    def _blank_between(self, start: int, end: int) -> bool:
        return bool(_BLANK.search(self.text, start, end))


class _TreePrinter(_Printer):
    """Writes a tree that no author has laid out."""

    def _fits(self, head: str, flat: str, value: ast.Value, level: int) -> bool:
        holds = isinstance(value, ast.Body) and any(
            isinstance(item, ast.Block) or (isinstance(item, ast.Field) and isinstance(item.value, ast.Body))
            for item in value.items
        )
        return not holds and super()._fits(head, flat, value, level)


def _head(block: ast.Block) -> str:
    name = f" {block.name.text}" if block.name else ""
    level = f" at {block.level.text}" if block.level else ""
    return f"{block.kind.text}{name}{level} "


def long_text(text: str, level: int = 0) -> str:
    """Return `text` as a `\"\"\"` string of a field on `level`; a text whose indentation would be lost, on one line."""
    if not _keeps_margin(text):
        return quote(text)
    pad = INDENT * (level + 1)
    written = [f"{pad}{_escape_long(line)}" if line else "" for line in text.split("\n")]
    return '"""\n' + "\n".join(written) + f'\n{pad}"""'


def _keeps_margin(text: str) -> bool:
    """Whether a text survives the indentation that is put before it and removed again when it is read."""
    lines = text.split("\n")
    margins = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    blank = (line for line in lines if not line.strip())
    return bool(margins) and min(margins) == 0 and not any(line != line.rstrip(" \t") for line in blank)


_BLANK = re.compile(r"\n[ \t]*\n")
_PLAIN = re.compile(r'[\\"\n\t\r]|[^\x20-\x7e]')


def quote(text: str) -> str:
    """Return `text` as a string of the language, on one line."""
    return f'"{_PLAIN.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    short = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char)
    if short is not None:
        return short
    return char if char.isprintable() else f"\\u{{{ord(char):x}}}"


def _escape_long(line: str) -> str:
    escaped = line.replace("\\", "\\\\").replace("\r", "\\r")
    if '"""' in escaped or escaped.endswith('"'):  # it would end the string, or join the quotes that do
        escaped = escaped.replace('"', '\\"')
    if escaped.endswith((" ", "\t")):
        escaped = escaped[:-1] + f"\\u{{{ord(escaped[-1]):x}}}"
    return "".join(c if c.isprintable() or c == "\t" else f"\\u{{{ord(c):x}}}" for c in escaped)
