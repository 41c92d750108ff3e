"""`ir.json`: a program on disk, and back.

In: a `Program`, or the text of a file. Out: the text, or an equal program with equal spans. Dataclasses become
objects that name their class under `is`; spans become `path:line:column+start-end`. Reading checks every name against
the closed set below, so a file of another version fails here and not three stages later.

>>> from compiler.build import from_text
>>> program = from_text('trait warm { means: "Be warm." }')
>>> loads(dumps(program)) == program
True
"""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from compiler import ir
from compiler.failures import DataError
from spec import document as d
from spec.constructs import CONSTRUCTS, Voice
from spec.source import Span

VERSION = 1
_CLASSES: dict[str, type] = {
    c.__name__: c
    for c in (
        *(ir.Program, ir.Clause),
        *(*CONSTRUCTS.values(), Voice),
        *(d.Compare, d.Truth, d.Not, d.And, d.Or, d.Pattern, d.Target, d.Turn, d.Example),
        *(d.Dimension, d.Model, d.Adapter, d.Mixture, d.Watch, d.Train, d.Options, d.Option),
        *(d.ProbeStatement, d.Priority),
        *(d.Term, d.Grant, d.Balance, d.Alike, d.Authority),
    )
}
_SPAN = re.compile(r"(.*):(\d+):(\d+)\+(\d+)-(\d+)\Z", re.DOTALL)


def dumps(program: ir.Program) -> str:
    """Return the file's text; a clause stands on one line, so that a diff shows the clauses that changed."""
    whole = _plain(program)
    clauses = ",\n".join("  " + json.dumps(clause, ensure_ascii=False) for clause in whole.pop("clauses"))
    head = json.dumps({"version": VERSION, **whole, "clauses": []}, ensure_ascii=False, indent=1)
    return head.replace('"clauses": []', f'"clauses": [\n{clauses}\n ]') + "\n"


def loads(text: str) -> ir.Program:
    """Return the program of a file's text.

    Raises:
        DataError: the text is no program of this version.
    """
    try:
        whole = json.loads(text)
        version = whole.pop("version", None)
        if version != VERSION:
            raise DataError(f"ir.json has version {version}, this release reads {VERSION}", help="build the spec again")
        program = _value(whole)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"ir.json cannot be read: {error}", help="build the spec again") from error
    if not isinstance(program, ir.Program):
        raise DataError("ir.json holds no program", help="build the spec again")
    return program


def load(path: Path) -> ir.Program:
    """Return the program in the file `path`, or in the build folder `path`."""
    file = path / "ir.json" if path.is_dir() else path
    try:
        return loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}", help="run `tenet build` first") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Span):
        return f"{value.path}:{value.line}:{value.column}+{value.start}-{value.end}"
    if isinstance(value, d.Level):
        return value.name.lower()
    if is_dataclass(value) and not isinstance(value, type):
        return {"is": type(value).__name__, **{f.name: _plain(getattr(value, f.name)) for f in fields(value)}}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _value(value: Any, name: str = "") -> Any:
    if isinstance(value, list):
        if name == "field_spans":
            return tuple((field, _span(text)) for field, text in value)
        if name == "reasons":
            return tuple((answer, why) for answer, why in value)
        return tuple(_value(item) for item in value)
    if isinstance(value, dict):
        kind = _CLASSES[value["is"]]
        return kind(**{key: _value(item, key) for key, item in value.items() if key != "is"})
    if name == "span":
        return _span(value)
    return d.Level[value.upper()] if name == "level" else value


def _span(text: str) -> Span:
    match = _SPAN.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no span")
    path, line, column, start, end = match.groups()
    return Span(path, int(start), int(end), int(line), int(column))
