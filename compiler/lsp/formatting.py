"""The canonical layout, of a whole file or of the lines of a selection.

In: a file. Out: edits, as few lines as differ; none for a file with errors, which is not rewritten.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from lsprotocol import types

from compiler.lsp.session import Session
from compiler.lsp.texts import Change
from compiler.lsp.workspace import File
from spec.formatter import CannotFormat, format_text

MOST_COMPARED = 1500
"""Lines that are compared one by one; where more differ, all between the first and the last are one edit."""


def whole(session: Session, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
    file = session.file(params.text_document.uri)
    return [edit for edit, _, _ in _edits(file)] if file is not None else []


def part(session: Session, params: types.DocumentRangeFormattingParams) -> list[types.TextEdit]:
    """Return the edits that touch the selected lines: the layout of a file is one, and these are its part of it."""
    file = session.file(params.text_document.uri)
    if file is None:
        return []
    first, last = params.range.start.line, params.range.end.line
    if params.range.end.character == 0 and last > first:
        last -= 1  # a selection of whole lines ends at the start of the next
    return [edit for edit, start, end in _edits(file) if start <= last and max(end - 1, start) >= first]


def _edits(file: File) -> Iterator[tuple[types.TextEdit, int, int]]:
    """Yield the edits that lay a file out, each with the lines that it replaces, the last one excluded."""
    try:
        after = format_text(file.text.clean, file.path.name)
    except CannotFormat:
        return
    old, new = _lines(file.text.clean), _lines(after)
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    rest = 0
    while rest < min(len(old), len(new)) - first and old[-1 - rest] == new[-1 - rest]:
        rest += 1
    old_part, new_part = old[first : len(old) - rest], new[first : len(new) - rest]
    if len(old_part) > MOST_COMPARED:
        changes = [(0, len(old_part), 0, len(new_part))]
    else:
        matcher = SequenceMatcher(None, old_part, new_part, autojunk=False)
        changes = [found[1:] for found in matcher.get_opcodes() if found[0] != "equal"]
    for start, end, from_, to in changes:
        change = Change(_start(file, first + start), _start(file, first + end), "".join(new_part[from_:to]))
        yield file.text.edit(change), first + start, first + end


def _lines(text: str) -> list[str]:
    """Return the lines of a text with their ends; nothing stands behind the last end."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, last] if last else lines


def _start(file: File, line: int) -> int:
    return file.text.line_start(line) if line < file.text.lines else len(file.text.clean)
