"""The server: which feature answers which request, and when what is checked.

In: an editor's messages. Out: answers. Diagnostics come in two steps: what the language has to say,
as soon as typing allows, and what the passes find, when it pauses. A handler that fails is logged and answered with an
error; the server goes on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError
from pygls.lsp.server import LanguageServer

from compiler.lsp import (
    actions,
    completion,
    definition,
    diagnostics,
    folding,
    formatting,
    hover,
    lens,
    rename,
    semantic_tokens,
    symbols,
)
from compiler.lsp.compiled import compiled
from compiler.lsp.session import Session
from compiler.lsp.workspace import Workspace

log = logging.getLogger("tenet.lsp")

LONGEST_WAIT = 0.2
"""Seconds between two checks while keys come: half of what the last one took, so that a third of the time is left for
other requests. The first key after a pause is checked at once."""
PAUSE = 0.3
"""Seconds without a key until a spec is compiled."""
PATTERN = "**/*.tenet"


@dataclass(frozen=True, slots=True)
class Feature:
    """A request and what answers it. compiled: the answer waits until the file's specs are compiled."""

    method: str
    answer: Callable[[Session, Any], Any]
    options: Any = None
    compiled: bool = False


FEATURES = (
    Feature(types.TEXT_DOCUMENT_HOVER, hover.hover),
    Feature(types.TEXT_DOCUMENT_COMPLETION, completion.complete, completion.OPTIONS),
    Feature(types.TEXT_DOCUMENT_DEFINITION, definition.definition),
    Feature(types.TEXT_DOCUMENT_REFERENCES, definition.references),
    Feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT, definition.highlights),
    Feature(types.TEXT_DOCUMENT_PREPARE_RENAME, rename.prepare),
    Feature(types.TEXT_DOCUMENT_RENAME, rename.rename, types.RenameOptions(prepare_provider=True)),
    Feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, symbols.symbols),
    Feature(types.WORKSPACE_SYMBOL, symbols.workspace_symbols),
    Feature(types.TEXT_DOCUMENT_FOLDING_RANGE, folding.folding),
    Feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, semantic_tokens.full, semantic_tokens.LEGEND),
    Feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, semantic_tokens.part, semantic_tokens.LEGEND),
    Feature(types.TEXT_DOCUMENT_CODE_LENS, lens.lenses, lens.OPTIONS, compiled=True),
    Feature(types.CODE_LENS_RESOLVE, lens.resolve),
    Feature(types.TEXT_DOCUMENT_CODE_ACTION, actions.actions, actions.OPTIONS),
    Feature(types.TEXT_DOCUMENT_FORMATTING, formatting.whole),
    Feature(types.TEXT_DOCUMENT_RANGE_FORMATTING, formatting.part),
)


class Server(LanguageServer):
    """session: what the client has open. Whole texts are sent with each change: pygls splits lines where the protocol
    does not (form feeds, U+2028), so that changes of a part would go to wrong places."""

    def __init__(self) -> None:
        super().__init__("tenet", version("tenetc"), text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.session = Session()
        self._checks: dict[Path, asyncio.Task[None]] = {}
        self._compiling: dict[Path, asyncio.Task[None]] = {}
        self._published: dict[Path, list[types.Diagnostic]] = {}
        self._next_check = 0.0

    # ---- documents

    def put(self, uri: str, number: int, text: str) -> None:
        path = self.session.path(uri)
        self.session.workspace.open(path, uri, number, text)
        self._check_soon(path)

    def close(self, uri: str) -> None:
        path = self.session.path(uri)
        before = diagnostics.affected(self.session, path)
        self.session.workspace.close(path)
        after = set(diagnostics.affected(self.session, path))
        for gone in before:
            if gone not in after and self._published.pop(gone, []):
                self.text_document_publish_diagnostics(
                    types.PublishDiagnosticsParams(uri if gone == path else self.session.uri(gone), [])
                )
        self._check_soon(path)

    def look_again(self) -> None:
        """Check all that is open anew: files changed on disk."""
        self.session.workspace.look_again()
        for path in self.session.workspace.opened:
            self._check_soon(path)

    # ---- checks

    def _check_soon(self, path: Path) -> None:
        """Check a file's specs; a check that was about to start is for an older text, and does not."""
        if (running := self._checks.get(path)) is not None:
            running.cancel()
        self._checks[path] = asyncio.ensure_future(self._check(path))

    async def _check(self, path: Path) -> None:
        await asyncio.sleep(max(self._next_check - time.monotonic(), 0.0))
        try:
            started = time.monotonic()
            self._publish(path)
            ended = time.monotonic()
            self._next_check = ended + min((ended - started) / 2, LONGEST_WAIT)
        except Exception as error:
            self._log(f"checking {path.name}", error)
        for root in self.session.workspace.roots(path):
            self._compile_soon(root)

    def _publish(self, path: Path) -> None:
        for file in diagnostics.affected(self.session, path):
            params = diagnostics.diagnose(self.session, file)
            # An open file hears of every version; others only of what is new.
            if params.version is not None or self._published.get(file) != params.diagnostics:
                self._published[file] = list(params.diagnostics)
                self.text_document_publish_diagnostics(params)

    # ---- compiling

    def _compile_soon(self, root: Path) -> None:
        if (running := self._compiling.get(root)) is not None:
            running.cancel()
        self._compiling[root] = asyncio.ensure_future(self._compile(root, PAUSE))

    async def _compile(self, root: Path, seconds: float) -> None:
        await asyncio.sleep(seconds)
        try:
            if await self._compile_now(root):
                self._publish(root)
                self._refresh_lenses()
        except Exception as error:
            self._log(f"compiling {root.name}", error)

    async def _compile_now(self, root: Path) -> bool:
        """Compile a spec as it is now, unless it is, or has errors; return whether something is new."""
        workspace = self.session.workspace
        loaded = workspace.check(root).loaded
        document = loaded.document
        known = self.session.compiled.get(root)
        if document is None or (known is not None and known.document is document):
            return False
        texts = {file.path: file.text.clean for file, _ in workspace.included(root)}
        self.session.compiled[root] = await asyncio.to_thread(compiled, document, texts, loaded.sources)
        return True

    async def compile_all(self, uri: str) -> None:
        """Compile the specs of a file where they are not compiled as they are now."""
        for root in self.session.workspace.roots(self.session.path(uri)):
            await self._compile_now(root)

    def _refresh_lenses(self) -> None:
        workspace = self.client_capabilities.workspace
        if workspace is not None and workspace.code_lens is not None and workspace.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)

    # ---- failures

    def _log(self, doing: str, error: Exception) -> None:
        log.error("%s failed", doing, exc_info=error)
        self.window_log_message(
            types.LogMessageParams(types.MessageType.Error, f"tenet lsp: {doing} failed: {error!r}")
        )

    def guarded(self, feature: Feature) -> Callable[[Any], Any]:
        """Return a handler that answers with an error where the feature fails."""

        def answer(params: Any) -> Any:
            try:
                return feature.answer(self.session, params)
            except JsonRpcException:
                raise  # it is the answer: a refusal in words
            except Exception as error:
                self._log(feature.method, error)
                raise JsonRpcInternalError(f"{feature.method} failed: {error!r}") from error

        async def answer_compiled(params: Any) -> Any:
            try:
                await self.compile_all(params.text_document.uri)
            except Exception as error:
                self._log(feature.method, error)
            return answer(params)

        return answer_compiled if feature.compiled else answer


def make_server() -> Server:
    """Return a server with every feature, which waits for a client."""
    server = Server()
    for feature in FEATURES:
        server.feature(feature.method, feature.options)(server.guarded(feature))

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        encoding = server.workspace.position_encoding
        folders = [folder.uri for folder in params.workspace_folders or ()]
        roots = folders or ([params.root_uri] if params.root_uri else [])
        paths = [server.session.path(uri) for uri in roots]
        server.session.workspace = Workspace(paths, str(getattr(encoding, "value", encoding) or "utf-16"))
        text = params.capabilities.text_document
        item = text.completion.completion_item if text is not None and text.completion is not None else None
        server.session.snippets = bool(item is not None and item.snippet_support)

    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        _watch(server)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        server.put(document.uri, document.version, document.text)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        for change in params.content_changes[-1:]:
            server.put(document.uri, document.version, change.text)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(_: types.DidSaveTextDocumentParams) -> None:
        server.look_again()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.close(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(_: types.DidChangeWatchedFilesParams) -> None:
        server.look_again()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        workspace = server.session.workspace
        removed = {server.session.path(folder.uri) for folder in params.event.removed}
        added = [server.session.path(folder.uri) for folder in params.event.added]
        workspace.folders = [*(folder for folder in workspace.folders if folder not in removed), *added]
        server.look_again()

    return server


def _watch(server: Server) -> None:
    """Ask the client to tell when spec files change on disk, where it can."""
    workspace = server.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace is not None else None
    if watched is None or not watched.dynamic_registration:
        return
    options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(PATTERN)])
    registration = types.Registration("specs", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
    server.client_register_capability(types.RegistrationParams([registration]))
