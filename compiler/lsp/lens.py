"""A line above each clause: how many probes and training rows it gets, and what was last measured of it.

In: a file whose specs are compiled. Out: the protocol's lenses, and their words once they come into sight. The numbers
are those of the recipe that a build would follow and of the last run on disk; nothing is run. A file that several specs
include shows the first one's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types

from compiler.lsp.compiled import Counts
from compiler.lsp.measured import Rate, rates
from compiler.lsp.session import Session

OPTIONS = types.CodeLensOptions(resolve_provider=True)


def lenses(session: Session, params: types.CodeLensParams) -> list[types.CodeLens]:
    return list(_lenses(session, session.path(params.text_document.uri)))


def _lenses(session: Session, path: Path) -> Iterator[types.CodeLens]:
    file = session.workspace.file(path)
    root = next((root for root in session.workspace.roots(path) if root in session.compiled), None)
    program = session.compiled[root].program if root is not None else None
    if file is None or root is None or program is None:
        return
    known = {clause.id for clause in program.clauses}
    for use in session.names(root).uses:
        if use.path == path and use.declares and use.symbol.sort == "clause" and use.symbol.name in known:
            data = {"root": str(root), "clause": use.symbol.name}
            yield types.CodeLens(file.text.range(use.start, use.end), data=data)


def resolve(session: Session, lens: types.CodeLens) -> types.CodeLens:
    """Put the words into a lens; one whose clause is gone says so until the client asks for lenses again."""
    data = lens.data if isinstance(lens.data, dict) else {}
    root, clause_id = Path(str(data.get("root"))), str(data.get("clause"))
    compiled = session.compiled.get(root)
    if compiled is None or compiled.program is None or all(c.id != clause_id for c in compiled.program.clauses):
        lens.command = types.Command("no longer there", "")
        return lens
    rate = rates(root, compiled.program, session.run_folders(root)).get(clause_id)
    # A lens without a command is text: nothing happens where it is clicked.
    lens.command = types.Command(", ".join(_words(compiled.counts(clause_id), rate)), "")
    return lens


def _words(counts: Counts, rate: Rate | None) -> Iterator[str]:
    yield f"{counts.probes} probe{'s' if counts.probes != 1 else ''}"
    yield f"{counts.pairs} pair{'s' if counts.pairs != 1 else ''}"
    if rate is not None:
        yield f"last measured {rate.share:.2f}{f' ({rate.verdict})' if rate.verdict else ''}"
    else:
        yield "not measured as it stands"
