"""What a build that ended well leaves behind for the next one, which then knows that it has nothing to do.

In: a compilation and what was said of it. Out: the record that `compiler/unchanged.py` reads. This file must not know
how anything is built.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from compiler import struck, unchanged
from compiler.agreement import ROWS
from compiler.files import write_text

if TYPE_CHECKING:
    from types import TracebackType

    from compiler.cli.emitting import Compilation


class Heard(io.TextIOBase):
    """Stands in for stderr inside a `with`, passes everything on, and keeps it in `text`."""

    def __init__(self) -> None:
        self.text = ""
        self._stream = sys.stderr

    def __enter__(self) -> Heard:
        self._stream, sys.stderr = sys.stderr, self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stderr = self._stream

    def write(self, text: str) -> int:
        self.text += text
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the stream's own
        return self._stream.encoding


def remember(compilation: Compilation, said: str, begun: int) -> None:
    """Write the record, or none where what was read changed meanwhile; an older one goes. Where it cannot be written,
    the next build looks for itself.

    begun: when the build began, in nanoseconds since 1970.
    """
    with suppress(OSError):
        _remember(compilation, said, begun)


def _remember(compilation: Compilation, said: str, begun: int) -> None:
    place, spec = compilation.place, compilation.spec
    if spec is None:
        return
    asked = unchanged.asked(str(spec), str(place.build), str(place.cache))
    path = Path(unchanged.record_of(asked["cache"], asked["build"]))
    read, absent = _read(compilation, spec)
    build = place.build
    names = [artifact.path for artifact in compilation.artifacts] + ["generate.json", "mixture.json"]
    written = [build / name for name in names] + [build / name for name in ROWS if (build / name).is_file()]
    record = None
    if _as_compiled(compilation, spec.parent):
        record = unchanged.record(
            asked,
            said,
            files=map(str, read),
            absent=[*map(str, absent), *(str(build / name) for name in ROWS if not (build / name).exists())],
            listed=[str(build / "jobs"), str(build / "base")],
            begun=begun,
            written=map(str, [*written, *(file for file in (build / "base").iterdir() if file.is_file())]),
        )
    if record is None:
        path.unlink(missing_ok=True)
    else:
        write_text(path, json.dumps(record, ensure_ascii=False, indent=1) + "\n")


def _as_compiled(compilation: Compilation, folder: Path) -> bool:
    """Whether the spec's files still say what was compiled."""
    return all((folder / name).read_text(encoding="utf-8") == text for name, text in compilation.facts.sources)


def _read(compilation: Compilation, spec: Path) -> tuple[list[Path], list[Path]]:
    """The files outside of Tenet that decide a build, with the folders of its models; and where else these would have
    been found first."""
    program, facts, folder = compilation.program, compilation.facts, spec.parent
    read = [folder / name for name, _ in facts.sources]
    for name in (*(file.path for file in facts.data), *(file.path for file in facts.prompts)):
        # A data set may be a folder.
        read += [folder / name, *(inner for inner in (folder / name).rglob("*") if inner.is_file())]
    if program.model.chat_template:
        read.append(folder / program.model.chat_template)
    absent: list[Path] = []
    struck_out = struck.beside(spec)
    (read if struck_out.is_file() else absent).append(struck_out)
    for found in (facts.base, facts.teacher, facts.judge):
        if found is None or found.folder is None:
            continue
        model = Path(found.folder)
        read += [model, *(file for file in model.iterdir() if file.is_file())]
        absent += [start / found.name for start in (folder, Path()) if not (start / found.name).exists()]
    return read, absent
