"""A line above each clause: how many probes and training rows it gets, and what was last measured of it.

In: a file whose specs are compiled. Out: the protocol's lenses. The numbers are those of the recipe that a build would
follow and of the last run on disk; nothing is run. A file that several specs include shows the first one's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types

from compiler.lsp.compiled import Counts
from compiler.lsp.measured import Rate, rates
from compiler.lsp.session import Session


def lenses(session: Session, params: types.CodeLensParams) -> list[types.CodeLens]:
    return list(_lenses(session, session.path(params.text_document.uri)))


def _lenses(session: Session, path: Path) -> Iterator[types.CodeLens]:
    file = session.workspace.file(path)
    root = next((root for root in session.workspace.roots(path) if root in session.compiled), None)
    if file is None or root is None:
        return
    compiled = session.compiled[root]
    if compiled.program is None:
        return
    folders = dict.fromkeys((root.parent, *session.workspace.folders, Path.cwd()))
    measured = rates(root, compiled.program, folders)
    for use in session.names(root).uses:
        counts = compiled.counts.get(use.symbol.name)
        if use.path == path and use.declares and use.symbol.sort == "clause" and counts is not None:
            title = ", ".join(_words(counts, measured.get(use.symbol.name)))
            # A lens without a command is text: nothing happens where it is clicked.
            yield types.CodeLens(file.text.range(use.start, use.end), types.Command(title, ""))


def _words(counts: Counts, rate: Rate | None) -> Iterator[str]:
    yield f"{counts.probes} probe{'s' if counts.probes != 1 else ''}"
    yield f"{counts.pairs} pair{'s' if counts.pairs != 1 else ''}"
    if rate is not None:
        yield f"last measured {rate.share:.2f}{f' ({rate.verdict})' if rate.verdict else ''}"
    else:
        yield "not measured as it stands"
