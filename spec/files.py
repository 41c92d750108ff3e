"""The files of a spec: read, bounded, and decoded to text that the parsers can take.

In: a path, and for a file that another one names, the place where. Out: its text, or None and a diagnostic; and the
sources of what could not be read. This file must not know what the text says, nor why a file is read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from spec.diagnostics import MOST, Diagnostic, Edit, Fix, Report
from spec.doors import NOTATIONS
from spec.limits import LARGEST_FILE, LARGEST_SPEC, Room
from spec.paths import another_name, fitted, way_out, why_unreadable
from spec.source import Source, Span

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Files:
    """Reads the files of one spec.

    folder: where the spec lies; shown_folder: as the user wrote it. texts: what stands for files, by their resolved
    paths. found: what is wrong with files that could not be read. room: what the spec may still hold. size: bytes read.
    """

    def __init__(self, folder: Path, shown_folder: str, texts: Mapping[Path, str] | None = None) -> None:
        self.folder = folder
        self.shown_folder = shown_folder
        self.texts = texts or {}
        self.sources: dict[str, Source] = {}
        self.found: list[Diagnostic] = []
        self.room = Room()
        self.size = 0

    def read(
        self,
        file: Path,
        name: str,
        origin: Report | None = None,
        span: Span = Span.NONE,
        reading: Collection[str] = (),
    ) -> str | None:
        """Return the text of a file, or None after a diagnostic: at `span` for an import, else at the file itself.

        origin: the report of the file that imports it. reading: the files whose imports led to that one.
        """
        if self.texts and (held := self.texts.get(file.resolve())) is not None:
            return self.decoded(held, name, self.shown(name))
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):
                what = "is a folder" if stat.S_ISDIR(status.st_mode) else "is not a file"
                self._unreadable(name, what, origin, span, reading)
                return None
            self.size += status.st_size
            if status.st_size > LARGEST_FILE or self.size > LARGEST_SPEC:
                self._refuse(name, "T0004", _too_large(status.st_size, self.size), origin, span)
                return None
            data = file.read_bytes()
        except (OSError, ValueError) as error:
            what = "does not exist" if isinstance(error, FileNotFoundError) else why_unreadable(error)
            self._unreadable(name, what, origin, span, reading)
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = data[: error.start]
            line = before.count(b"\n") + 1
            message = f"{self.shown(name)} is not UTF-8 text: byte {data[error.start]:#04x} on line {line}"
            column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
            help = "save the file as UTF-8, the usual encoding of text"
            self._refuse(name, "T0002", message, None, Span(name, 0, 0, line, column), help)
            return None
        return self.decoded(text, name, self.shown(name))

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
            self.found.extend(report.found)
            return None
        return text

    def shown(self, name: str) -> str:
        """Return the path of a file as the user would open it."""
        return os.path.normpath(Path(self.shown_folder, name)) if self.shown_folder else name

    def _unreadable(self, name: str, what: str, origin: Report | None, span: Span, reading: Collection[str]) -> None:
        if origin is None:
            self._refuse(name, "T0001", f"{self.shown(name)} {what}", None, span)
        else:
            target = self.folder / name
            help, fix = way_out(target, what), None
            if help is None:
                open_files = {self.folder / file for file in (*reading, origin.source.path)}
                beside = target.parent.iterdir() if target.parent.is_dir() else ()
                # A file that leads here would import itself.
                found = sorted(p.name for p in beside if p.suffix in NOTATIONS and p not in open_files)
                help, fix = another_name(target.name, found, origin, span)
            origin.add("T0030", f"the imported file {what}", span, label=fitted(self.shown(name)), help=help, fix=fix)

    def _refuse(
        self, name: str, code: str, message: str, origin: Report | None, span: Span, help: str | None = None
    ) -> None:
        self.room.full = self.room.full or code == "T0004"
        if origin is not None:
            origin.add(code, message, span, label="imported here")
            return
        if span == Span.NONE:
            span = Span(name, 0, 0, 1, 1)
        report = Report(Source(name, "", self.shown(name)))
        self.sources.setdefault(name, report.source)
        report.add(code, message, span, help=help)
        self.found.extend(report.found)


def decode_text(text: str, path: str) -> tuple[Source, tuple[Diagnostic, ...]]:
    """Return a file's text as a source with line ends made alike, and what makes it unreadable, if anything does."""
    files = Files(Path(), "")
    clean = files.decoded(text, path, path)
    return files.sources.get(path) or Source(path, clean or ""), tuple(files.found)


def _too_large(size: int, total: int) -> str:
    if size > LARGEST_FILE:
        return f"a spec file may hold {LARGEST_FILE >> 20} MiB; this one holds {size / 2**20:,.1f} MiB"
    return f"a spec with its imports may hold {LARGEST_SPEC >> 20} MiB; this one passes that"
