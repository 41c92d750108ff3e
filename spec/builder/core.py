"""Calls of the builder to a document, through the checks that every spec goes through.

In: what the functions of `spec/builder/statements.py` return. Out: `Spec`, which loads as a file does; its diagnostics
point at the Python call, and at the argument, that said it. This file must not know which statements there are: a call
becomes a plain tree, and `spec/plain_reading.py` reads it as it reads YAML.
"""

from __future__ import annotations

import ast as python
import linecache
import os
import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spec import ast
from spec.builder.speaking import in_calls
from spec.diagnostics import Fix, Note, Witness, render
from spec.document import Document
from spec.doors import Notation
from spec.plain import Listing, Mapping, Plain, Root, Scalar
from spec.plain_reading import GROUP, read_plain
from spec.plain_report import PlainReport
from spec.source import Source, Span
from spec.vocabulary import VERSION

if TYPE_CHECKING:
    from spec.loading import Loaded

Place = tuple[str, int, int, int, int]
"""A call: its file, first and last line (from 1), first column and the one behind it (from 0, in bytes)."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What one call says: fields by the names of the language."""

    values: tuple[tuple[str, Any], ...]
    place: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a spec. name: None where its kind has none; inside: the statements of a section."""

    kind: str
    name: str | None
    said: Any
    place: Place = field(compare=False, repr=False)
    inside: tuple[Statement, ...] = ()


class SpecErrors(ValueError):
    """The spec has errors; the message holds them as a reader sees them."""


def place_of_call() -> Place:
    """Return where the function that calls this one was called; `speaking.named` stands between the two."""
    frame = sys._getframe(3)
    position = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
    line, end, column, stop = (part if part is not None else 0 for part in position)
    return frame.f_code.co_filename, line or frame.f_lineno, end or frame.f_lineno, column, stop


def fields_of(arguments: dict[str, Any], place: Place) -> Fields:
    """Return what was given of a function's arguments; a name that Python keeps for itself ends with `_`."""
    given = ((name, value) for name, value in arguments.items() if value is not None and name not in ("name", "inside"))
    return Fields(tuple((name.removesuffix("_"), value) for name, value in given), place)


def statement(kind: str, arguments: dict[str, Any], place: Place) -> Statement:
    """Return the statement that a function's arguments make."""
    return Statement(kind, arguments.get("name"), fields_of(arguments, place), place, arguments.get("inside", ()))


@dataclass(frozen=True, slots=True, init=False)
class Spec:
    """A spec made of statements, in their order.

    >>> from spec.builder import Spec, trait
    >>> Spec(trait("warm", means="Is kind.", target=">= 80%")).document.clauses[0].id
    'trait.warm'
    """

    statements: tuple[Statement, ...]
    name: str
    folder: Path

    def __init__(self, *statements: Statement, name: str = "spec", folder: str | os.PathLike[str] = ".") -> None:
        """Put statements together.

        Args:
            name: names the spec's build, as the name of a file does.
            folder: where the paths of imports and settings start.
        """
        object.__setattr__(self, "statements", statements)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "folder", Path(folder))

    def load(self) -> Loaded:
        """Return the document with its diagnostics, as `spec.load` does for a file."""
        from spec.loading import load_tree

        module, report, sources = self._tree()
        return load_tree(module, report, sources, f"{self.name}.tenet", self.folder)

    @property
    def document(self) -> Document:
        """The checked document.

        Raises:
            SpecErrors: there is an error.
        """
        loaded = self.load()
        if loaded.document is None:
            raise SpecErrors(render(loaded.diagnostics, loaded.sources))
        return loaded.document

    def text(self, notation: Notation = "tenet") -> str:
        """Return the spec as `.tenet` text, or as YAML or JSON; imports stay imports.

        Raises:
            SpecErrors: there is an error.
        """
        from spec.converting import text_of

        assert self.document is not None
        return text_of(self._tree()[0], notation)

    def _tree(self) -> tuple[ast.Module, BuilderReport, dict[str, Source]]:
        places = _Places.of(_all_places(self.statements))
        report = BuilderReport(Source(next(iter(places.sources), "spec.py"), places.text), files=places.files)
        module = read_plain(Root(places.tree(self.statements)), report)
        return module, report, places.sources


@dataclass(slots=True)
class BuilderReport(PlainReport):
    """A report on Python files, whose texts stand one behind the other in its source; it offers no fixes.

    files: where each starts, in order.
    """

    files: tuple[tuple[int, Source], ...] = ()

    def _span(self, start: int, end: int) -> Span:
        at = bisect_right([first for first, _ in self.files], start) - 1
        if at < 0:
            return self.source.span(start, end)
        first, source = self.files[at]
        last = len(source.text)
        return source.span(min(start - first, last), min(max(end, start) - first, last))

    def add(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        label: str = "",
        help: str | None = None,
        fix: Fix | None = None,
        secondary: Iterable[Note] = (),
        witness: Witness | None = None,
    ) -> None:
        PlainReport.add(
            self, code, message, span, label=label, help=help, fix=None, secondary=secondary, witness=witness
        )

    def told(self, help: str) -> str:
        return in_calls(help)


def _all_places(statements: Iterable[Statement]) -> Iterator[Place]:
    for statement in statements:
        yield statement.place
        yield from _all_places(statement.inside)
        yield from _places_in(statement.said)


def _places_in(value: Any) -> Iterator[Place]:
    match value:
        case Fields(values, place):
            yield place
            for _, held in values:
                yield from _places_in(held)
        case list() | tuple():
            for item in value:
                yield from _places_in(item)


@dataclass(slots=True)
class _Places:
    """Finds what calls said in the source of their files.

    files: with their starts in `text`, in which they stand one behind the other. calls: by their places.
    """

    files: tuple[tuple[int, Source], ...]
    sources: dict[str, Source]
    text: str
    calls: dict[Place, python.Call]

    @classmethod
    def of(cls, found: Iterable[Place]) -> _Places:
        """Read the files of all places once."""
        lines: dict[str, int] = {}
        for file, _, end, _, _ in found:
            lines[file] = max(lines.get(file, 0), end)
        files: list[tuple[int, Source]] = []
        texts: list[str] = []
        calls: dict[Place, python.Call] = {}
        start = 0
        for file, last in lines.items():
            text = "".join(linecache.getlines(file))
            # A call typed at a prompt has a line, though nobody has its text.
            known = text.count("\n") + 1 >= last
            source = Source(_shown(file), text if known else "\n" * last)
            files.append((start, source))
            texts.append(f"{source.text}\n")
            start += len(texts[-1])
            if known:
                calls.update(_calls(file, text))
        return cls(tuple(files), {source.path: source for _, source in files}, "".join(texts), calls)

    # ---- trees

    def tree(self, statements: Sequence[Statement]) -> Mapping:
        """Return the tree of a spec."""
        at = Scalar("text", "tenet", 0, 0, 0, False)
        header = (at, Scalar("number", VERSION, 0, 0, 0, False))
        return Mapping((header, *self._groups(statements, top=True)), 0, 0)

    def _groups(self, statements: Sequence[Statement], *, top: bool = False) -> Iterator[tuple[Scalar, Plain]]:
        """Yield statements one by one, each as a group of its own, so that their order is kept."""
        groups: list[Plain] = []
        for statement in statements:
            start, end = self._range(statement.place)
            key = Scalar("text", statement.kind, start, min(end, start + len(statement.kind)), start, False)
            entry = key, self._statement(statement, start, end)
            if top and statement.kind in ("import", "extends", "drop"):
                yield entry
            else:
                groups.append(Mapping((entry,), start, end))
        if groups:
            yield Scalar("text", GROUP, groups[0].start, groups[0].start, 0, False), Listing(tuple(groups), 0, 0)

    def _statement(self, statement: Statement, start: int, end: int) -> Plain:
        call = self.calls.get(statement.place)
        said = self._value(statement.said, statement.place, _argument(call, 0))
        if statement.inside and isinstance(said, Mapping):
            said = Mapping((*said.entries, *self._groups(statement.inside)), start, end)
        if statement.name is None:
            return said
        return Mapping(((self._scalar(statement.name, statement.place, _argument(call, 0)), said),), start, end)

    def _value(self, value: Any, place: Place, node: python.expr | None) -> Plain:
        start, end = self._range(place, node)
        match value:
            case Fields(values, own):
                call = self.calls.get(own)
                return Mapping(
                    tuple(
                        (self._key(name, own, call), self._value(held, own, _keyword(call, name)))
                        for name, held in values
                    ),
                    *self._range(own),
                )
            case str() | bool() | int() | float() | re.Pattern():
                return self._scalar(value, place, node)
            case (str() as role, str() as text) if isinstance(value, tuple):  # a turn
                first, second = node.elts if isinstance(node, python.Tuple) else (node, node)
                key = self._scalar(role, place, first)
                return Mapping(((key, self._scalar(text, place, second)),), start, end)
            case Sequence():
                nodes = node.elts if isinstance(node, python.List | python.Tuple) else ()
                inner = nodes if len(nodes) == len(value) else [node] * len(value)
                items = (self._value(item, place, at) for item, at in zip(value, inner, strict=True))
                return Listing(tuple(items), start, end)
        raise TypeError(f"a spec holds texts, numbers, flags and lists of them, and not {type(value).__name__}")

    def _key(self, name: str, place: Place, call: python.Call | None) -> Scalar:
        """Return the name of a field, where it is written before its `=`."""
        found = next((k for k in call.keywords if k.arg and k.arg.removesuffix("_") == name), None) if call else None
        if found is None:
            start, end = self._range(place)
            return Scalar("text", name, start, end, start, False)
        start, _ = self._offsets(place[0], found.lineno, found.lineno, found.col_offset, found.col_offset)
        return Scalar("text", name, start, start + len(name), start)

    def _scalar(self, value: Any, place: Place, node: python.expr | None) -> Scalar:
        start, end = self._range(place, node)
        match value:
            case bool():
                return Scalar("flag", "true" if value else "false", start, end, start, False)
            case int() | float():
                return Scalar("number", repr(value), start, end, start, False)
            case re.Pattern(pattern=pattern, flags=flags):
                return Scalar("text", _literal(pattern, flags), start, end, start, False)
        written = self.text[start:end]
        opening = re.match(r"[A-Za-z]*(?:\"\"\"|'''|[\"'])", written)
        inner = start + opening.end() if opening and isinstance(node, python.Constant) else start
        exact = inner > start and self.text.startswith(value, inner) and inner + len(value) < end
        return Scalar("text", value, start, end, inner, exact)

    # ---- places

    def _range(self, place: Place, node: python.expr | None = None) -> tuple[int, int]:
        file, line, end, column, stop = place
        if node is not None and node.end_lineno is not None and node.end_col_offset is not None:
            line, end, column, stop = node.lineno, node.end_lineno, node.col_offset, node.end_col_offset
        return self._offsets(file, line, end, column, stop)

    def _offsets(self, file: str, line: int, end: int, column: int, stop: int) -> tuple[int, int]:
        first, source = next((first, source) for first, source in self.files if source.path == _shown(file))
        return first + _offset(source, line, column), first + _offset(source, end, stop)


def _offset(source: Source, line: int, column: int) -> int:
    """Return the offset of a column, which Python counts in bytes of UTF-8."""
    if line > len(source.line_starts):
        return len(source.text)
    written = source.line(line).encode()[:column].decode("utf-8", "ignore")
    return source.line_starts[line - 1] + len(written)


def _calls(file: str, text: str) -> Iterator[tuple[Place, python.Call]]:
    try:
        tree = python.parse(text)
    except SyntaxError:  # the file has changed since it was imported
        return
    for node in python.walk(tree):
        if isinstance(node, python.Call):
            yield (file, node.lineno, node.end_lineno or 0, node.col_offset, node.end_col_offset or 0), node


def _argument(call: python.Call | None, at: int) -> python.expr | None:
    return call.args[at] if call is not None and len(call.args) > at else None


def _keyword(call: python.Call | None, name: str) -> python.expr | None:
    if call is None:
        return None
    return next((k.value for k in call.keywords if k.arg and k.arg.removesuffix("_") == name), None)


def _literal(pattern: str, flags: int) -> str:
    written = re.sub(r"(\\.)|/", lambda m: m[1] or "\\/", pattern, flags=re.DOTALL)
    letters = "".join(sign for sign, flag in (("i", re.I), ("m", re.M), ("s", re.S)) if flags & flag)
    return f"/{written}/{letters}"


def _shown(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else file
