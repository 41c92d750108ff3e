"""Files to a document: reading, imports, and the order in which a spec's parts are put together.

In: a path, or text. Out: `Loaded`. Every defect of every file is in its diagnostics; the document is there only when
none of them is an error. Paths in spans are relative to the spec's folder, so that nothing made from them depends on
where the spec lies; `Source.shown` is the path as the user would open it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from spec import ast
from spec.collecting import uncollected
from spec.constructs import CONSTRUCTS
from spec.diagnostics import MOST, Diagnostic, Edit, Fix, Note, Report, closest
from spec.document import Document, Model, Train
from spec.doors import NOTATIONS, Parse, read
from spec.enumerations import settled
from spec.frozen import dataclass
from spec.inheritance import Inherited
from spec.lexer import SPLIT, too_many_signs
from spec.limits import DEEPEST, LARGEST_FILE, LARGEST_SPEC, MOST_CLAUSES, MOST_IMPORTS, MOST_SIGNS, Room
from spec.parser import parse
from spec.part import Inclusion, Part
from spec.prelude import Prelude, read_prelude
from spec.references import resolve
from spec.source import Source, Span
from spec.statements import read_module
from spec.vocabulary import FOLDER_FIELDS, SETTINGS

MOST_NAMED = 6
"""How many files are listed where none has a name like the one that is missing."""
MAY_NOT = "may not be read: permission denied"
PROJECT_MARKS = ("tenet.toml", "pyproject.toml", ".git")


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Loaded:
    """document: None exactly when a diagnostic is an error. sources: by the path that spans name.

    signs: words and signs of all files.
    """

    document: Document | None
    diagnostics: tuple[Diagnostic, ...]
    sources: dict[str, Source]
    signs: int = 0


@uncollected()
def load(
    path: str | os.PathLike[str],
    project: str | os.PathLike[str] | None = None,
    texts: Mapping[Path, str] | None = None,
    parse: Parse = parse,
) -> Loaded:
    """Read the spec at `path` with all that it imports; `texts` stand for files, by their resolved paths.

    `parse` makes a file's tree: a `spec.reparsing.Reparser` keeps what it made, for who loads a spec again and again.

    Imports may not leave `project`: by default the nearest folder above the spec that holds `tenet.toml`,
    `pyproject.toml` or `.git`, else the spec's own folder.
    """
    file = Path(path)
    try:
        folder = file.parent.resolve()
        inside = Path(project).resolve() if project is not None else _project(folder)
    except (OSError, RuntimeError, ValueError):
        folder = inside = Path()
    loading = _Loading(folder, inside, str(file.parent) if file.parent != Path() else "", texts or {}, parse)
    text = loading.read(file, file.name, None)
    if text is not None:
        loading.enter(Source(file.name, text, str(path)), file.name)
        loading.look_for_files()
    return loading.finish(file.name)


@uncollected()
def loads(text: str, path: str = "spec.tenet") -> Loaded:
    """Read a spec given as text; `path` names it in messages. Its imports are looked for beside `path`."""
    file = Path(path)
    name = file.name or "spec.tenet"
    folder = file.parent.resolve()
    loading = _Loading(folder, _project(folder), str(file.parent) if file.parent != Path() else "")
    clean = loading.decoded(text, name, path)
    if clean is not None:
        loading.enter(Source(name, clean, path), name)
    return loading.finish(name)


@uncollected()
def load_tree(
    module: ast.Module, report: Report, sources: Mapping[str, Source], name: str, folder: str | os.PathLike[str]
) -> Loaded:
    """Read a spec given as a tree, which `report` and `sources` know the places of; its paths start at `folder`."""
    place = Path(folder)
    loading = _Loading(place.resolve(), _project(place.resolve()), str(place) if place != Path() else "")
    loading.sources.update(sources)
    loading.enter_tree(module, report, name)
    loading.look_for_files()
    return loading.finish(name)


def decode_text(text: str, path: str) -> tuple[Source, tuple[Diagnostic, ...]]:
    """Return a file's text as a source with line ends made alike, and what makes it unreadable, if anything does."""
    loading = _Loading(Path(), Path(), "")
    clean = loading.decoded(text, path, path)
    return loading.sources.get(path) or Source(path, clean or ""), tuple(loading.loose)


def _project(folder: Path) -> Path:
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in PROJECT_MARKS):
            return candidate
    return folder


@dataclass(frozen=True, slots=True)
class _Entry:
    """How a file is included: the names that its clauses get in front, its parameters, and where that is said."""

    prefix: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    spans: Mapping[str, Span] = field(default_factory=dict)
    report: Report | None = None
    span: Span = Span.NONE


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


@dataclass(slots=True)
class _Loading:
    """One load. shown: the folder of the spec as the user wrote it; texts: what stands for files; stack: the files that
    are being read, with the import that led to each; entered: the files that were read, by the names in front of their
    clauses, with the texts of their parameters; size: bytes read; room: what the spec may
    still hold; full: a limit was met, and something left out."""

    folder: Path
    project: Path
    shown: str
    texts: Mapping[Path, str] = field(default_factory=dict)
    parse: Parse = parse
    parts: list[Part] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    loose: list[Diagnostic] = field(default_factory=list)
    stack: list[tuple[str, Span | None]] = field(default_factory=list)
    entered: dict[tuple[str, str], tuple[tuple[str, str], ...]] = field(default_factory=dict)
    size: int = 0
    room: Room = field(default_factory=Room)
    full: bool = False
    imports: int = 0
    _led: Span | None = None

    # ---- reading

    def read(self, file: Path, name: str, origin: Report | None, span: Span = Span.NONE) -> str | None:
        """Return the text of a file, or None after a diagnostic: at `span` for an import, else at the file itself."""
        if self.texts and (held := self.texts.get(file.resolve())) is not None:
            return self.decoded(held, name, self._show(name))
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):
                what = "is a folder" if stat.S_ISDIR(status.st_mode) else "is not a file"
                self._unreadable(name, what, origin, span)
                return None
            self.size += status.st_size
            if status.st_size > LARGEST_FILE or self.size > LARGEST_SPEC:
                self._refuse(name, "T0004", _too_large(status.st_size, self.size), origin, span)
                return None
            data = file.read_bytes()
        except (OSError, ValueError) as error:
            what = "does not exist" if isinstance(error, FileNotFoundError) else _reason(error)
            self._unreadable(name, what, origin, span)
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = data[: error.start]
            line = before.count(b"\n") + 1
            message = f"{self._show(name)} is not UTF-8 text: byte {data[error.start]:#04x} on line {line}"
            column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
            help = "save the file as UTF-8, the usual encoding of text"
            self._refuse(name, "T0002", message, None, Span(name, 0, 0, line, column), help)
            return None
        return self.decoded(text, name, self._show(name))

    def decoded(self, text: str, name: str, shown: str) -> str | None:
        """Return `text` with line ends made alike, or None after a diagnostic."""
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > LARGEST_FILE:
            self._refuse(name, "T0004", _too_large(len(text), 0), None, Span.NONE)
            return None
        control = _CONTROL.search(text)
        surrogate = None if control else re.search(r"[\ud800-\udfff]", text)
        if surrogate:
            self._refuse(name, "T0002", f"{shown} holds half a character", None, Span(name, 0, 0, 1, 1))
            return None
        if control:
            source = Source(name, text, shown)
            self.sources[name] = source
            report = Report(source)
            sign = f"U+{ord(control[0]):04X}" + (" (NUL)" if control[0] == "\0" else "")
            every = tuple(Edit(report.at(*match.span()), "") for match in _CONTROL.finditer(text))
            report.add("T0003", f"the file holds the control character {sign}", report.at(*control.span()),
                       label="here",
                       help="is it a text file? Remove the character, or write an escape such as `\\n`",
                       fix=Fix("remove every one", every) if len(every) <= MOST else None)  # fmt: skip
            self.loose.extend(report.found)
            return None
        return text

    def _show(self, name: str) -> str:
        return os.path.normpath(Path(self.shown, name)) if self.shown else name

    def _unreadable(self, name: str, what: str, origin: Report | None, span: Span) -> None:
        if origin is None:
            self._refuse(name, "T0001", f"{self._show(name)} {what}", None, span)
        else:
            target = self.folder / name
            help, fix = _way_out(target, what), None
            if help is None:
                open_files = {self.folder / file for file, _ in self.stack} | {self.folder / origin.source.path}
                beside = target.parent.iterdir() if target.parent.is_dir() else ()
                # A file that leads here would import itself.
                found = sorted(p.name for p in beside if p.suffix in NOTATIONS and p not in open_files)
                help, fix = _another_name(target.name, found, origin, span)
            origin.add("T0030", f"the imported file {what}", span, label=_fit(self._show(name)), help=help, fix=fix)

    def _refuse(
        self, name: str, code: str, message: str, origin: Report | None, span: Span, help: str | None = None
    ) -> None:
        self.full = self.full or code == "T0004"
        if origin is not None:
            origin.add(code, message, span, label="imported here")
            return
        if span == Span.NONE:
            span = Span(name, 0, 0, 1, 1)
        report = Report(Source(name, "", self._show(name)))
        self.sources.setdefault(name, report.source)
        report.add(code, message, span, help=help)
        self.loose.extend(report.found)

    # ---- imports

    def enter(self, source: Source, name: str, into: _Entry | None = None) -> list[Part]:
        """Read the files that a file includes, then its own statements, so that parts stand in source order.

        Returns its own part and those of the files that it extends.
        """
        self.sources[name] = source
        return self.enter_tree(*read(source, self.parse, self.room), name, into)

    def enter_tree(self, module: ast.Module, report: Report, name: str, into: _Entry | None = None) -> list[Part]:
        """Do the same for a file whose tree is known."""
        into = into or _Entry()
        self.room.signs = max(self.room.signs - module.signs, 0)
        self.full = self.full or any(found.code == "T0004" for found in report.found)
        self.entered[name, into.prefix] = into.arguments
        prelude = read_prelude(module, report, dict(into.arguments))
        self._parameters(prelude, report, into)
        seen: dict[tuple[str, str | None], tuple[Span, list[tuple[str, str]]]] = {}
        extended: list[Part] = []
        for inclusion in prelude.inclusions:
            span = inclusion.span
            self.imports += 1
            if self.imports > MOST_IMPORTS and not self.full:
                self.full = True
                report.add("T0004", f"a spec may hold {MOST_IMPORTS:,} imports", span, label="one too many",
                           help="join some of the files, or make several specs of it")  # fmt: skip
            if self.full:
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
        self.full = self.full or self.room.passed
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
        joined = Path(self.folder, importer).parent / path
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
        return PurePosixPath(os.path.relpath(real, self.folder).replace(os.sep, "/")).as_posix()

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
        text = self.read(self.folder / name, name, report, span)
        if text is None:
            self.entered[name, inner] = arguments
            return []
        self.stack.append((importer, self._led))
        outer, self._led = self._led, span
        places = {parameter: place for parameter, _, place in inclusion.arguments}
        parts = self.enter(Source(name, text, self._show(name)), name, _Entry(inner, arguments, places, report, span))
        self._led = outer
        self.stack.pop()
        return parts

    def _may_enter(self, report: Report, span: Span) -> bool:
        """Whether there is room for another file; the first that finds none is reported, and no further one is read."""
        if self.full:
            return False
        if len(self.stack) >= DEEPEST:
            self.full = True
            report.add("T0005", f"more than {DEEPEST} files import each other in a row", span, label="one too deep",
                       help="import what a file needs itself, and not by way of others")  # fmt: skip
        elif not self.room.signs:
            self.full = True
            report.add("T0004", too_many_signs(), span, label="does not fit", help=SPLIT)
        return not self.full

    # ---- files that settings name

    def look_for_files(self) -> None:
        """Report files and folders of settings that are not there; what is in them is read when the spec is built."""
        for part in self.parts:
            for use in part.paths:
                wanted = "folder" if use.field in FOLDER_FIELDS else "file"
                # Paths start at the spec, as its imports' do; a base's folder may also start where the user is.
                places = [self.folder / use.text, *([Path(use.text)] if wanted == "folder" else [])]
                what = min((_missing(place, wanted) for place in places), key=len)
                if what:
                    help, fix = _another_name(places[0].name, _alike(places[0], wanted), part.report, use.span)
                    part.report.add("T0034", f"`{use.field}` names a {wanted} that {what}", use.span,
                                    label=_fit(self._show(use.text)),
                                    help=help or "the path starts at the spec's folder", fix=fix)  # fmt: skip

    # ---- putting together

    def finish(self, name: str) -> Loaded:
        self._count_clauses()
        # Of a spec that was not read to its end, nobody can say which names lead nowhere.
        dimensions = resolve(self.parts) if self.parts and not self.full else ()
        found = [*self.loose, *(d for part in self.parts for d in part.diagnostics)]
        order = {path: i for i, path in enumerate([name, *self.sources])}
        found.sort(key=lambda d: (order.get(d.span.path, 0), d.span.start, d.span.line, d.code))
        document = None
        if not any(d.severity == "error" for d in found):
            models = [m for part in self.parts for m in part.models]
            trains = [t for part in self.parts for t in part.trains]
            document = Document(
                path=name,
                model=models[0] if models else Model(),
                train=trains[0] if trains else Train(),
                clauses=tuple(c for part in self.parts for c in part.clauses),
                dimensions=dimensions,
                priorities=tuple(p for part in self.parts for p in part.priorities),
                probes=tuple(p for part in self.parts for p in part.probes),
                sections=tuple(s for part in self.parts for s in part.sections),
                terms=tuple(t for part in self.parts for t in part.terms),
                grants=tuple(g for part in self.parts for g in part.grants),
                balances=tuple(b for part in self.parts for b in part.balances),
                alikes=tuple(a for part in self.parts for a in part.alikes),
                authority=next((a for part in self.parts for a in part.authorities), None),
                files=tuple(part.report.source.path for part in self.parts),
            )
            document = settled(document)
        return Loaded(document, tuple(found), self.sources, MOST_SIGNS - self.room.signs)

    def _count_clauses(self) -> None:
        """Report the clause that is one too many."""
        left = MOST_CLAUSES
        for part in self.parts:
            clauses = [declared for declared in part.declared if declared.kind in CONSTRUCTS]
            if len(clauses) > left:
                self.full = True
                message = f"a spec with its imports may hold {MOST_CLAUSES:,} clauses"
                part.report.add("T0004", message, clauses[left].span, label="one too many", help=SPLIT)
                return
            left -= len(clauses)


def _missing(place: Path, wanted: str) -> str:
    """Return why `place` is not the file or folder that is wanted, or an empty text."""
    try:
        mode = place.stat().st_mode
    except (OSError, ValueError) as error:
        return "does not exist" if isinstance(error, FileNotFoundError) else _reason(error)
    if wanted == "folder":
        return "" if stat.S_ISDIR(mode) else "is a file"
    return "" if stat.S_ISREG(mode) else "is a folder" if stat.S_ISDIR(mode) else "is not a file"


def _way_out(place: Path, what: str) -> str | None:
    """Return what to do about a file that is there; None where it is not."""
    if place.is_dir():
        return "name a file in it"
    if what == MAY_NOT:
        return f"give yourself the right to read it: `chmod u+r {place.name}`"
    return None if what == "does not exist" else "name another file"


def _stem(name: str) -> str:
    return name.partition(".")[0] or name


def _another_name(name: str, known: Sequence[str], report: Report, span: Span) -> tuple[str | None, Fix | None]:
    """Return help and fix for a path, written at `span`, whose last part is none of `known`."""
    # Names are alike for more than their ending.
    near = [other for other in known if closest(_stem(name), [_stem(other)])]
    if not near and len(known) > MOST_NAMED:
        return f"{len(known)} stand beside it, and none has a name like this", None
    if not near:
        return f"it is one of: {', '.join(known)}" if known else None, None
    help, fix = report.did_you_mean(name, near, span)
    written = report.source.text[span.start : span.end]
    if fix is None or written.count(name) != 1:
        return help, None
    start = span.start + written.index(name)
    edit = Edit(report.at(start, start + len(name)), fix.edits[0].text)
    return help, replace(fix, edits=(edit,), applicability="unsafe")


def _alike(place: Path, wanted: str) -> list[str]:
    """Names beside `place` of the kind that is wanted, in order."""
    try:
        beside = sorted(place.parent.iterdir())
        return [p.name for p in beside if (p.is_dir() if wanted == "folder" else p.suffix == place.suffix)]
    except (OSError, ValueError):
        return []


def _too_large(size: int, total: int) -> str:
    if size > LARGEST_FILE:
        return f"a spec file may hold {LARGEST_FILE >> 20} MiB; this one holds {size / 2**20:,.1f} MiB"
    return f"a spec with its imports may hold {LARGEST_SPEC >> 20} MiB; this one passes that"


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return MAY_NOT
    strerror = getattr(error, "strerror", None)
    return f"cannot be read: {str(strerror).lower()}" if strerror else "cannot be read: its path is malformed"


def _fit(path: str) -> str:
    return path if len(path) <= 40 else "…" + path[-39:]
