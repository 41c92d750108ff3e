"""Files as the editor has them: open documents first, else what lies on disk; which spec imports which file.

In: what the client opens, changes and closes, and the folders it works in. Out: `File`s with their trees, the specs
that a file belongs to, and checks of whole specs. A tree is made anew where its text changed and nowhere else. This
file must not know the protocol's messages, nor what a name in a tree stands for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import spec
from compiler.lsp.texts import Text
from spec import ast
from spec.diagnostics import Report
from spec.limits import LARGEST_FILE
from spec.reparsing import Reparser
from spec.source import Source
from spec.vocabulary import LANDMARKS

MOST_FILES = 2000
"""Of a workspace, so that a server started in a home folder does not read a disk."""
MOST_ROOTS = 8
"""Specs that one file is checked with."""
SKIPPED = frozenset({"node_modules", "__pycache__", "build", "runs", "dist", "venv"})


@dataclass(frozen=True, slots=True)
class Import:
    """A file that another includes. prefix: what it puts before the names of that file's clauses, dot included."""

    path: Path
    prefix: str
    directive: ast.Directive


@dataclass(frozen=True, eq=False)
class File:
    """One file as it stands now, equal to itself alone; without slots, since it keeps what it includes.

    uri: as the client wrote it, where it has the file open; version: of that text.
    """

    path: Path
    text: Text
    module: ast.Module
    uri: str | None = None
    version: int | None = None

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(self._imports())

    def _imports(self) -> Iterator[Import]:
        for item in self.module.items:
            match item:
                case ast.Directive(keyword=ast.Word("import" | "extends"), argument=ast.Text(written), alias=alias):
                    if not written.strip() or "\0" in written:
                        continue
                    try:
                        target = (self.path.parent / written.replace("\\", "/")).resolve()
                    except (OSError, RuntimeError):
                        continue
                    yield Import(target, f"{alias.text}." if alias else "", item)
                case _:
                    pass


@dataclass(frozen=True, slots=True)
class Opened:
    uri: str
    version: int
    text: Text


@dataclass(frozen=True, slots=True)
class Checked:
    """What loading one spec gave. places: the paths that its spans name -> files. versions: of the texts it read."""

    root: Path
    loaded: spec.Loaded
    places: dict[str, Path]
    versions: dict[Path, int]


class Workspace:
    """Open documents over the disk. folders: where the client works."""

    def __init__(self, folders: list[Path] | None = None, encoding: str = "utf-16") -> None:
        self.folders = folders or []
        self.encoding = encoding
        self.opened: dict[Path, Opened] = {}
        self._reparser = Reparser()
        self._files: dict[Path, tuple[object, File]] = {}
        self._looked_at: set[Path] = set()
        self._known: tuple[Path, ...] | None = None
        self._importers: dict[Path, set[Path]] | None = None
        self._checked: dict[Path, tuple[object, Checked]] = {}

    # ---- what the client has open

    def open(self, path: Path, uri: str, version: int, raw: str) -> None:
        """Take the text of an open document, or the next one."""
        self.opened[path] = Opened(uri, version, Text(raw, self.encoding))
        self._importers = None

    def close(self, path: Path) -> None:
        if self.opened.pop(path, None) is not None:
            self.look_again()

    def look_again(self) -> None:
        """Look anew at what lies on disk, and which files there are."""
        self._known = self._importers = None
        self._looked_at.clear()
        self._checked.clear()

    # ---- files

    def file(self, path: Path) -> File | None:
        """Return a file; None where it cannot be read."""
        opened = self.opened.get(path)
        known = self._files.get(path)
        state: object = opened
        if opened is None:
            if path in self._looked_at:
                return known[1] if known is not None else None
            self._looked_at.add(path)
            state = _state(path)
        if known is not None and known[0] == state and state is not None:
            return known[1]
        text = opened.text if opened else _read(path, self.encoding)
        if text is None:
            self._files.pop(path, None)
            return None
        report = Report(Source(str(path), text.clean, str(path)))
        module = self._reparser.parse(report, LANDMARKS)
        file = File(path, text, module, opened.uri if opened else None, opened.version if opened else None)
        self._files[path] = state, file
        return file

    def known(self) -> tuple[Path, ...]:
        """Return every spec file of the workspace, and every open one."""
        if self._known is None:
            found = [path for folder in self.folders for path in _specs_below(folder)]
            self._known = tuple(dict.fromkeys(found[:MOST_FILES]))
        return tuple(dict.fromkeys((*self._known, *self.opened)))

    def included(self, root: Path) -> tuple[tuple[File, str], ...]:
        """Return the files of a spec, each with what stands before the names of its clauses; the root first."""
        found: dict[tuple[Path, str], File] = {}
        waiting = [(root, "")]
        while waiting:
            path, prefix = waiting.pop()
            file = self.file(path) if (path, prefix) not in found else None
            if file is None:
                continue
            found[path, prefix] = file
            # A circle with an alias has no end; a name of that many parts is in one.
            if prefix.count(".") < 8:
                waiting.extend((included.path, prefix + included.prefix) for included in file.imports)
        return tuple((file, prefix) for (_, prefix), file in found.items())

    def roots(self, path: Path) -> tuple[Path, ...]:
        """Return the specs that a file belongs to: those that include it and that none includes; else itself.

        Of many the open ones come first, and the rest is left out.
        """
        if self._importers is None:
            self._importers = {}
            for known in self.known():
                file = self.file(known)
                for included in file.imports if file else ():
                    self._importers.setdefault(included.path, set()).add(known)
        above, waiting = {path}, [path]
        while waiting:
            for importer in self._importers.get(waiting.pop(), ()):
                if importer not in above:
                    above.add(importer)
                    waiting.append(importer)
        tops = sorted((top for top in above if not self._importers.get(top)), key=lambda p: (p not in self.opened, p))
        return tuple(tops[:MOST_ROOTS]) or (path,)

    # ---- checks

    def check(self, root: Path) -> Checked:
        """Load a spec with open documents in the place of files; the same again where nothing changed."""
        files = dict.fromkeys(file for file, _ in self.included(root))
        state = tuple(files)
        known = self._checked.get(root)
        if known is not None and known[0] == state:  # files are equal by identity: a changed one is another
            return known[1]
        texts = {file.path: file.text.clean for file in files if file.uri is not None}
        loaded = spec.load(root, texts=texts, parse=self._reparser.parse)
        places = {name: _place(root, name) for name in loaded.sources}
        versions = {file.path: file.version for file in files if file.version is not None}
        checked = Checked(root, loaded, places, versions)
        self._checked[root] = state, checked
        return checked


def _place(root: Path, name: str) -> Path:
    return Path(os.path.normpath(root.parent / name))


def _state(path: Path) -> object:
    """Return what changes when a file does; None for one that cannot be looked at."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def _read(path: Path, encoding: str) -> Text | None:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_FILE:
            return None
        return Text(path.read_bytes().decode("utf-8"), encoding)
    except (OSError, ValueError):
        return None


def _specs_below(folder: Path) -> Iterator[Path]:
    """Yield the spec files below a folder in order, hidden folders and those of builds left out."""
    count = 0
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not f.startswith("."))
        for name in sorted(files):
            if name.endswith(".tenet"):
                yield Path(where, name).resolve()
        count += len(files)
        if count > 50 * MOST_FILES:
            return
