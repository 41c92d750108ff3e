"""A new name for what stands at a place, in every file of the workspace that uses it.

In: a place and a name. Out: edits; or a refusal in words: the place holds no name, the new name is none, or the specs
would have errors that they do not have now. The last is found by checking them with the edits made, so that whatever
the language forbids of names is heeded here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from lsprotocol import types
from pygls.exceptions import JsonRpcException

import spec
from compiler.lsp.definition import symbols_at, uses_of
from compiler.lsp.names import BUILT_IN_DIMENSIONS, Symbol, Use
from compiler.lsp.session import Session
from compiler.lsp.workspace import File
from spec.lexer import is_name


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
    here = next(use for use in uses if use.path == file.path and use.start <= offset <= use.end)
    return types.PrepareRenamePlaceholder(file.text.range(here.start, here.end), file.text.clean[here.start : here.end])


def rename(session: Session, params: types.RenameParams) -> types.WorkspaceEdit | None:
    place = session.at(params.text_document, params.position)
    if place is None:
        return None
    file, offset = place
    uses = _renamed(session, file, offset)
    name = params.new_name.strip()
    dotted = uses[0].symbol.sort == "dimension"
    if not is_name(name) or ("." in name and not dotted):
        raise Refusal(f"`{name}` is no name: it takes letters, digits, `_`, and `-` or `+` between them")
    _refuse_taken(session, uses, name)
    edits: dict[Path, list[Use]] = defaultdict(list)
    for use in uses:
        edits[use.path].append(use)
    _refuse_new_errors(session, edits, name)
    return types.WorkspaceEdit(
        changes={session.uri(path): _edits(session, path, found, name) for path, found in edits.items()}
    )


def _renamed(session: Session, file: File, offset: int) -> list[Use]:
    """Return what is renamed with the name at a place.

    Raises:
        Refusal: nothing can be renamed there.
    """
    symbols = symbols_at(session, file, offset)
    uses = uses_of(session, file.path, symbols)
    if not any(use.path == file.path and use.start <= offset <= use.end for use in uses):
        raise Refusal("there is no name here that can be changed")
    _refuse_fixed(symbols, uses)
    return uses


def _refuse_fixed(symbols: list[Symbol], uses: list[Use]) -> None:
    for symbol in symbols:
        if symbol.sort == "file":
            raise Refusal("this is a path; rename the file, and then its imports")
        if symbol.sort == "term":
            raise Refusal("a term's name is a word of the texts; change `called`, or the texts that use it")
        if symbol.sort == "dimension" and symbol.name in BUILT_IN_DIMENSIONS and not any(u.declares for u in uses):
            raise Refusal(f"`{symbol.name}` is built in")
        if symbol.sort in ("clause", "value", "parameter", "dimension", "section") and not any(
            u.declares for u in uses
        ):
            raise Refusal(f"`{symbol.name}` is declared nowhere")
    if len({symbol.sort for symbol in symbols}) > 1 or (
        len(symbols) > 1
        and symbols[0].sort == "clause"
        and len({symbol.name.rpartition(".")[2] for symbol in symbols}) > 1
    ):
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
                if symbol.sort == "dimension":
                    whole = name
                else:
                    before, sign, _ = _parted(symbol)
                    whole = f"{before}{sign}{name}"
                if whole != symbol.name and Symbol(symbol.sort, whole) in known:
                    raise Refusal(f"`{name}` is there already")


def _parted(symbol: Symbol) -> tuple[str, str, str]:
    """Return what stands before the last part of a symbol's name, and that part."""
    signs: dict[str, str] = {"value": "=", "parameter": ":"}
    return symbol.name.rpartition(signs.get(symbol.sort, "."))


def _edits(session: Session, path: Path, uses: list[Use], name: str) -> list[types.TextEdit]:
    file = session.workspace.file(path)
    return [types.TextEdit(file.text.range(use.start, use.end), name) for use in uses] if file is not None else []


def _refuse_new_errors(session: Session, edits: dict[Path, list[Use]], name: str) -> None:
    """Refuse what would bring an error into a spec.

    Raises:
        Refusal: it names the first.
    """
    workspace = session.workspace
    for root in dict.fromkeys(root for path in edits for root in workspace.roots(path)):
        texts: dict[Path, str] = {}
        for file, _ in workspace.included(root):
            text = file.text.clean
            for use in sorted(edits.get(file.path, ()), key=lambda use: -use.start):
                text = text[: use.start] + name + text[use.end :]
            texts[file.path] = text
        known = Counter(d.code for d in workspace.check(root).loaded.diagnostics if d.severity == "error")
        for diagnostic in spec.load(root, texts=texts).diagnostics:
            if diagnostic.severity == "error":
                known[diagnostic.code] -= 1
                if known[diagnostic.code] < 0:
                    raise Refusal(f"with `{name}`, {diagnostic.message} ({diagnostic.code})")
