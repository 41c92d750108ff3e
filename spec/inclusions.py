"""What a spec includes: `import` and `extends` followed from file to file, in source order.

In: the first file, as a `Source` or a tree. Out: a `Part` for it and for each file that it leads to, those first that
others include; what a file states anew is taken out of the one that it extends. This file must not know how a file is
read from disk (`spec/files.py`), nor what becomes of the parts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import Any

from spec import ast
from spec.constructs import CONSTRUCTS
from spec.diagnostics import Edit, Fix, Note, Report
from spec.doors import Parse, read
from spec.files import Files
from spec.frozen import dataclass
from spec.inheritance import Inherited
from spec.lexer import SPLIT, too_many_signs
from spec.limits import DEEPEST, MOST_IMPORTS
from spec.parser import parse
from spec.part import Inclusion, Part
from spec.prelude import Prelude, read_prelude
from spec.source import Source, Span
from spec.statements import read_module
from spec.vocabulary import SETTINGS


@dataclass(frozen=True, slots=True)
class _Entry:
    """How a file is included: the names that its clauses get in front, its parameters, and where that is said."""

    prefix: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    spans: Mapping[str, Span] = field(default_factory=dict)
    report: Report | None = None
    span: Span = Span.NONE


class Inclusions:
    """Reads a file and what it includes.

    project: the folder that no import may leave. stack: the files that are being read, with the import that led to
    each. entered: the files that were read, by the names in front of their clauses, with the texts of their parameters.
    """

    def __init__(self, files: Files, project: Path, parse: Parse = parse) -> None:
        self.files = files
        self.project = project
        self.parse = parse
        self.room = files.room
        self.parts: list[Part] = []
        self.stack: list[tuple[str, Span | None]] = []
        self.entered: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        self.imports = 0
        self._led: Span | None = None

    def enter(self, source: Source, name: str, into: _Entry | None = None) -> list[Part]:
        """Read the files that a file includes, then its own statements, so that parts stand in source order.

        Returns its own part and those of the files that it extends.
        """
        self.files.sources[name] = source
        return self.enter_tree(*read(source, self.parse, self.room), name, into)

    def enter_tree(self, module: ast.Module, report: Report, name: str, into: _Entry | None = None) -> list[Part]:
        """Do the same for a file whose tree is known."""
        into = into or _Entry()
        self.room.signs = max(self.room.signs - module.signs, 0)
        self.room.full = self.room.full or any(found.code == "T0004" for found in report.found)
        self.entered[name, into.prefix] = into.arguments
        prelude = read_prelude(module, report, dict(into.arguments))
        self._parameters(prelude, report, into)
        seen: dict[tuple[str, str | None], tuple[Span, list[tuple[str, str]]]] = {}
        extended: list[Part] = []
        for inclusion in prelude.inclusions:
            span = inclusion.span
            self.imports += 1
            if self.imports > MOST_IMPORTS and not self.room.full:
                self.room.full = True
                report.add("T0004", f"a spec may hold {MOST_IMPORTS:,} imports", span, label="one too many",
                           help="join some of the files, or make several specs of it")  # fmt: skip
            if self.room.full:
                break
            target = self._target(report, name, inclusion.path, span)
            if target is None:
                continue
            if inclusion.kind == "extends" and extended:
                report.add("T0222", "a file extends one other file", span, label="a second one",
                           help="let one of them extend the other, or `import` it")  # fmt: skip
                continue
            key = target, inclusion.alias
            if key in seen:
                first, texts = seen[key]
                same = texts == [given[:2] for given in inclusion.arguments]
                fix = Fix("remove it", (Edit(inclusion.whole, ""),), "safe" if same else "unsafe")
                report.add("T0033", "this file is imported already", span, label="again",
                           secondary=[Note(first, "first here")], fix=fix)  # fmt: skip
                continue
            seen[key] = span, [given[:2] for given in inclusion.arguments]
            parts = self._include(report, name, target, inclusion, into.prefix)
            if inclusion.kind == "extends":
                extended = parts
        part = read_module(module, report, prelude, into.prefix, _inherited(extended))
        self.room.full = self.room.full or self.room.passed
        _give_way(extended, part)
        self.parts.append(part)
        return [*extended, part]

    def _parameters(self, prelude: Prelude, report: Report, into: _Entry) -> None:
        """Report parameters without a text, and texts for parameters that the file does not have."""
        for given, _ in into.arguments:
            if given not in prelude.parameters and into.report is not None:
                span = into.spans[given]
                help, fix = into.report.did_you_mean(given, prelude.parameters, span)
                into.report.add("T0220", f"the file has no parameter `{given}`", span, label="unknown parameter",
                                help=help or "it declares none", fix=fix)  # fmt: skip
        missing = [parameter for parameter, text in prelude.parameters.items() if text is None]
        for parameter in missing:
            place = prelude.places[parameter]
            if into.report is not None:
                into.report.add(
                    "T0221", f"the file needs a text for its parameter `{parameter}`", into.span, label="gives none",
                    help=f'write `{{ {parameter}: "..." }}` after the path', secondary=[Note(place, "declared here")],
                )  # fmt: skip
            else:
                report.add(
                    "T0221", f"parameter `{parameter}` has no text", place, label="no `default`",
                    help='add `default: "..."`, or import the file from a spec that gives one',
                )  # fmt: skip

    def _target(self, report: Report, importer: str, written: str, span: Span) -> str | None:
        """Return the imported file's path relative to the spec's folder; None after a diagnostic."""
        if not written.strip() or "\0" in written:
            report.add("T0114", "the path of an import is empty", span, label="nothing in it")
            return None
        path = PurePosixPath(written.replace("\\", "/"))
        if path.is_absolute() or re.match(r"[A-Za-z]:", written):
            report.add("T0032", "an import's path is relative to the importing file", span, label="absolute path")
            return None
        joined = Path(self.files.folder, importer).parent / path
        try:
            # The folder is resolved too: a link must not lead out of the project either.
            real = joined.resolve()
        except (OSError, RuntimeError, ValueError):
            report.add("T0030", "this is not a path that can be read", span, label="unreadable path")
            return None
        if not real.is_relative_to(self.project):
            report.add(
                "T0032", "this import leads out of the project's folder", span, label="outside of the project",
                help="copy the file into the project, or mark the project's folder with a file `tenet.toml`",
            )  # fmt: skip
            return None
        return PurePosixPath(os.path.relpath(real, self.files.folder).replace(os.sep, "/")).as_posix()

    def _include(
        self, report: Report, importer: str, name: str, inclusion: Inclusion, prefix: str
    ) -> list[Part]:  # fmt: skip
        span = inclusion.span
        open_files = [file for file, _ in self.stack] + [importer]
        if name in open_files:
            at = open_files.index(name)
            ring = [*open_files[at:], name]
            links = [link for _, link in (*self.stack, (importer, None))[at + 1 :] if link is not None]
            links = [*links, *([self._led] if self._led is not None and importer != name else [])]
            notes = [Note(link, "the import that leads here") for link in links if link != span]
            report.add("T0031", f"files import each other in a circle: {' -> '.join(ring)}", span,
                       label="closes the circle", secondary=notes[:3])  # fmt: skip
            return []
        inner = f"{prefix}{inclusion.alias}." if inclusion.alias else prefix
        arguments = tuple((parameter, text) for parameter, text, _ in inclusion.arguments)
        if (name, inner) in self.entered:
            # Imported by another file as well: its statements stand once.
            if self.entered[name, inner] != arguments:
                report.add("T0224", "this file is imported elsewhere with other texts for its parameters", span,
                           label="imported twice", help="give one of the imports a name: `import ... as`")  # fmt: skip
            elif inclusion.kind == "extends":
                report.add("T0222", "this file is imported already, and cannot be extended as well", span,
                           label="imported elsewhere", help="remove that import: what is extended counts")  # fmt: skip
            return []
        if not self._may_enter(report, span):
            return []
        text = self.files.read(self.files.folder / name, name, report, span, [file for file, _ in self.stack])
        if text is None:
            self.entered[name, inner] = arguments
            return []
        self.stack.append((importer, self._led))
        outer, self._led = self._led, span
        places = {parameter: place for parameter, _, place in inclusion.arguments}
        entry = _Entry(inner, arguments, places, report, span)
        parts = self.enter(Source(name, text, self.files.shown(name)), name, entry)
        self._led = outer
        self.stack.pop()
        return parts

    def _may_enter(self, report: Report, span: Span) -> bool:
        """Whether there is room for another file; the first that finds none is reported, and no further one is read."""
        if self.room.full:
            return False
        if len(self.stack) >= DEEPEST:
            self.room.full = True
            report.add("T0005", f"more than {DEEPEST} files import each other in a row", span, label="one too deep",
                       help="import what a file needs itself, and not by way of others")  # fmt: skip
        elif not self.room.signs:
            self.room.full = True
            report.add("T0004", too_many_signs(), span, label="does not fit", help=SPLIT)
        return not self.room.full


def _inherited(parts: Sequence[Part]) -> Inherited:
    """What a file finds in the one that it extends, and in those that this one extends."""
    settings: dict[type[Any], Any] = {}
    for part in parts:
        for record in (*part.models, *part.trains, *part.authorities):
            settings[type(record)] = record
    return Inherited({clause.id: clause for part in parts for clause in part.clauses}, settings)


def _give_way(extended: Sequence[Part], part: Part) -> None:
    """Take out of the extended files what `part` states anew, or drops."""
    stated = {(d.kind, d.name) for d in part.declared if d.kind in CONSTRUCTS or d.kind in SETTINGS}
    dropped = {use.name for use in part.dropped}
    for below in extended:
        below.clauses = [c for c in below.clauses if (c.kind, c.name) not in stated and c.id not in dropped]
        below.declared = [
            d for d in below.declared if (d.kind, d.name) not in stated and f"{d.kind}.{d.name}" not in dropped
        ]
        for kind, records in (("model", below.models), ("train", below.trains), ("authority", below.authorities)):
            if (kind, "") in stated:
                records.clear()
