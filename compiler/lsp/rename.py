"""A new name for what stands at a place, in every file of the workspace that uses it.

In: a place and a name. Out: edits; or a refusal in words: the place holds no name, the new name is none, or the specs
would have errors that they do not have now. The last is found by checking them with the edits made, so that whatever
the language forbids of names is heeded here. What still goes by the old name keeps it (`old_names.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from lsprotocol import types
from pygls.exceptions import JsonRpcException

import spec
from compiler.lsp.definition import symbols_at, uses_of
from compiler.lsp.names import BUILT_IN_DIMENSIONS, Symbol, Use
from compiler.lsp.old_names import kept
from compiler.lsp.session import Session
from compiler.lsp.texts import Change
from compiler.lsp.workspace import File
from spec.lexer import is_name

DECLARED = ("clause", "value", "parameter", "dimension", "section", "alias", "term")
"""Sorts of names that cannot be used without a declaration, unlike tags."""


class Refusal(JsonRpcException):
    """The request is well formed, and cannot be done; the message says why."""

    CODE = types.LSPErrorCodes.RequestFailed.value
    MESSAGE = "Request failed"


def prepare(session: Session, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
    place = session.at(params.text_document, params.position)
    if place is None:
        return None
    file, offset = place
    uses = _renamed(session, file, offset)
    here = next(use for use in uses if _is_at(use, file, offset))
    return types.PrepareRenamePlaceholder(file.text.range(here.start, here.end), file.text.clean[here.start : here.end])


def rename(session: Session, params: types.RenameParams) -> types.WorkspaceEdit | None:
    place = session.at(params.text_document, params.position)
    if place is None:
        return None
    uses = _renamed(session, *place)
    name = params.new_name.strip()
    dotted = uses[0].symbol.sort == "dimension"
    if not is_name(name) or ("." in name and not dotted):
        raise Refusal(f"`{name}` is no name: it takes letters, digits, `_`, and `-` or `+` between them")
    _refuse_taken(session, uses, name)
    changes: dict[Path, list[Change]] = defaultdict(list)
    for use in uses:
        changes[use.path].append(Change(use.start, use.end, name))
    for path, change in kept(session, uses):
        changes[path].append(change)
    _refuse_new_errors(session, changes, name)
    return types.WorkspaceEdit(changes={session.uri(path): _edits(session, path, changes[path]) for path in changes})


def _is_at(use: Use, file: File, offset: int) -> bool:
    return use.path == file.path and use.start <= offset <= use.end


def _edits(session: Session, path: Path, changes: list[Change]) -> list[types.TextEdit]:
    file = session.workspace.file(path)
    return [file.text.edit(change) for change in changes] if file is not None else []


# ---- refusals


def _renamed(session: Session, file: File, offset: int) -> list[Use]:
    """Return what is renamed with the name at a place.

    Raises:
        Refusal: nothing can be renamed there.
    """
    symbols = symbols_at(session, file, offset)
    uses = uses_of(session, file.path, symbols)
    if not any(_is_at(use, file, offset) for use in uses):
        raise Refusal(
            "this is the word of a term in a text; rename the term where it stands, or change `called`"
            if any(symbol.sort == "term" for symbol in symbols)
            else "there is no name here that can be changed"
        )
    _refuse_fixed(symbols, uses)
    return uses


def _refuse_fixed(symbols: list[Symbol], uses: list[Use]) -> None:
    declared = any(use.declares for use in uses)
    for symbol in symbols:
        if symbol.sort == "file":
            raise Refusal("this is a path; rename the file, and then its imports")
        if symbol.sort == "dimension" and symbol.name in BUILT_IN_DIMENSIONS and not declared:
            raise Refusal(f"`{symbol.name}` is built in")
        if symbol.sort in DECLARED and not declared:
            raise Refusal(f"`{symbol.name}` is declared nowhere")
    sorts = {symbol.sort for symbol in symbols}
    last_parts = {symbol.name.rpartition(".")[2] for symbol in symbols}
    if len(sorts) > 1 or (sorts == {"clause"} and len(last_parts) > 1):
        raise Refusal(f"this could be {' or '.join(f'`{symbol.name}`' for symbol in symbols)}")


def _refuse_taken(session: Session, uses: list[Use], name: str) -> None:
    """Refuse to make two names one, where the language would not mind.

    Raises:
        Refusal: something of the same sort has the name.
    """
    for path in dict.fromkeys(use.path for use in uses):
        for names in session.all_names(path):
            known = {use.symbol for use in names.uses}
            for symbol in {use.symbol for use in uses}:
                renamed = _with_name(symbol, name)
                if renamed != symbol and renamed in known:
                    raise Refusal(f"`{name}` is there already")


def _with_name(symbol: Symbol, name: str) -> Symbol:
    if symbol.sort == "dimension":
        return Symbol("dimension", name)
    before, sign, _ = symbol.name.rpartition({"value": "=", "parameter": ":"}.get(symbol.sort, "."))
    return Symbol(symbol.sort, f"{before}{sign}{name}")


def _refuse_new_errors(session: Session, changes: dict[Path, list[Change]], name: str) -> None:
    """Refuse what would bring an error into a spec.

    Raises:
        Refusal: it names the first.
    """
    workspace = session.workspace
    for root in dict.fromkeys(root for path in changes for root in workspace.roots(path)):
        texts = {file.path: file.text.changed(changes.get(file.path, ())) for file, _ in workspace.included(root)}
        known = Counter(d.code for d in workspace.check(root).loaded.diagnostics if d.severity == "error")
        for diagnostic in spec.load(root, texts=texts).diagnostics:
            if diagnostic.severity == "error":
                known[diagnostic.code] -= 1
                if known[diagnostic.code] < 0:
                    raise Refusal(f"with `{name}`, {diagnostic.message} ({diagnostic.code})")
