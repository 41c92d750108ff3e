"""What goes on by the old name of something that is renamed.

In: the uses of what is renamed. Out: changes that keep the old name where something still goes by it:

- a clause that a run has measured is known by its name, so that goes into `was`, by which versions are compared;
- a term without `called` is its name's word in every text, so that word becomes its `called`.

A clause that nothing was ever measured of leaves no trace. `was` and `supersedes` themselves are never renamed: they
tell of earlier versions, in which nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from compiler.lsp.measured import measured_ids
from compiler.lsp.names import Use
from compiler.lsp.session import Session
from compiler.lsp.texts import Change
from compiler.lsp.tree import around, field_of
from compiler.lsp.workspace import File
from spec import ast


def kept(session: Session, uses: Iterable[Use]) -> Iterator[tuple[Path, Change]]:
    """Yield what is written beside the new name, each with the file that it is written into."""
    for use in uses:
        file = session.workspace.file(use.path) if use.declares else None
        if file is None or use.symbol.sort not in ("clause", "term"):
            continue
        block = around(file.module.items, use.start)[-1]
        if not isinstance(block, ast.Block):
            continue
        old = file.text.clean[use.start : use.end]
        if use.symbol.sort == "term" and field_of(block, "called") is None:
            yield use.path, _new_field(file, block, f'called: "{old.replace("_", " ")}"')
        elif use.symbol.sort == "clause" and _was_measured(session, use):
            yield from ((use.path, change) for change in _in_was(file, block, old))


def _was_measured(session: Session, use: Use) -> bool:
    return any(
        known.symbol.name in measured_ids(root, session.run_folders(root))
        for root in session.workspace.roots(use.path)
        for known in session.names(root).at(use.path, use.start)
    )


def _in_was(file: File, block: ast.Block, old: str) -> Iterator[Change]:
    field = field_of(block, "was")
    match field.value if field is not None else None:
        case None:
            yield _new_field(file, block, f"was: [{old}]")
        case ast.Array(items=items) as names if old not in _words(items):
            place = items[-1].end if items else names.start + 1
            yield Change(place, place, f", {old}" if items else old)
        case ast.Word(text) as word if text != old:
            yield Change(word.start, word.end, f"[{text}, {old}]")
        case _:
            pass


def _words(values: Iterable[ast.Value]) -> set[str]:
    return {value.text for value in values if isinstance(value, ast.Word)}


def _new_field(file: File, block: ast.Block, written: str) -> Change:
    """Return a field at the end of a block, on a line of its own unless something follows on the last one."""
    items = block.body.items
    text = file.text
    last = items[-1].end if items else block.body.start + 1
    line = text.line_of(last)
    end = text.line_start(line) + len(text.line(line))
    rest = text.clean[last:end].strip()
    if rest and not rest.startswith("#"):
        return Change(last, last, f"  {written}")
    first = text.line(text.line_of(items[-1].start)) if items else "  "
    return Change(end, end, f"\n{first[: len(first) - len(first.lstrip())]}{written}")
