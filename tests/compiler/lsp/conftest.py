"""A client that starts `tenet lsp` as an editor does, and what its answers look like to a reader."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

WAIT = 60.0
"""Seconds until an answer is given up; a busy machine must not fail a test."""


class Editor:
    """An editor with a folder open. published: the diagnostics that came, by file, the latest last.

    texts: what a test wants to remember of the files that it opened.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = LanguageClient("test", "1")
        self.published: dict[str, list[types.PublishDiagnosticsParams]] = {}
        self.logged: list[str] = []
        self.texts: dict[str, str] = {}
        self.capabilities: types.ServerCapabilities | None = None
        self._news = asyncio.Event()
        self._loop = asyncio.get_event_loop()
        self._versions: dict[str, int] = {}

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.published.setdefault(params.uri, []).append(params)
            self._news.set()

        @self.client.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params: types.LogMessageParams) -> None:
            self.logged.append(params.message)

        @self.client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(params: types.RegistrationParams) -> None:
            return None

    async def start(self, *arguments: str, capabilities: types.ClientCapabilities | None = None) -> None:
        command = [sys.executable, "-c", "from compiler.cli import main; main()", "lsp", *arguments]
        root = Path(__file__).parents[3]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        await self.client.start_io(*command, env=environment, cwd=self.folder)
        await self.greet(capabilities)

    async def greet(self, capabilities: types.ClientCapabilities | None = None) -> None:
        folder = types.WorkspaceFolder(self.folder.as_uri(), self.folder.name)
        answer = await asyncio.wait_for(
            self.client.initialize_async(
                types.InitializeParams(
                    capabilities=capabilities or CAPABILITIES, process_id=None, root_uri=folder.uri,
                    workspace_folders=[folder],
                )
            ),
            WAIT,
        )  # fmt: skip
        self.capabilities = answer.capabilities
        self.client.initialized(types.InitializedParams())

    async def stop(self) -> int | None:
        await asyncio.wait_for(self.client.shutdown_async(None), WAIT)
        self.client.exit(None)
        server = self.client._server
        code = await asyncio.wait_for(server.wait(), WAIT) if server is not None else None
        await self.client.stop()
        return code

    # ---- documents

    def uri(self, name: str) -> str:
        return name if ":" in name else (self.folder / name).as_uri()

    def write(self, name: str, text: str) -> None:
        """Put a file on disk, which the editor does not open."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    def open(self, name: str, text: str) -> None:
        self._versions[name] = 1
        item = types.TextDocumentItem(self.uri(name), "tenet", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, name: str, text: str) -> int:
        self._versions[name] += 1
        document = types.VersionedTextDocumentIdentifier(self._versions[name], self.uri(name))
        changes = [types.TextDocumentContentChangeWholeDocument(text)]
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, changes))
        return self._versions[name]

    def close(self, name: str) -> None:
        document = types.TextDocumentIdentifier(self.uri(name))
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))

    async def diagnostics(
        self, name: str, version: int | None = None, wanted: Callable[[list[types.Diagnostic]], bool] = lambda _: True
    ) -> list[types.Diagnostic]:
        """Wait for diagnostics of a file, of a version and of a sort."""

        async def found() -> list[types.Diagnostic]:
            while True:
                for params in reversed(self.published.get(self.uri(name), [])):
                    if (version is None or params.version == version) and wanted(list(params.diagnostics)):
                        return list(params.diagnostics)
                self._news.clear()
                await self._news.wait()

        return await asyncio.wait_for(found(), WAIT)

    async def asked(self, request: Coroutine[Any, Any, Any] | Any) -> Any:
        return await asyncio.wait_for(request, WAIT)

    def document(self, name: str) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri(name))


CAPABILITIES = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
    ),
    text_document=types.TextDocumentClientCapabilities(
        completion=types.CompletionClientCapabilities(
            completion_item=types.ClientCompletionItemOptions(snippet_support=True)
        ),
    ),
)

Script = Callable[[Editor], Coroutine[Any, Any, None]]


@pytest.fixture
def edited(tmp_path: Path) -> Iterator[Callable[[Script], None]]:
    """Return `run(script)`: the script talks to a server of its own, which must end as the protocol says."""

    def run(script: Script) -> None:
        async def talk() -> None:
            editor = Editor(tmp_path)
            await editor.start()
            try:
                await script(editor)
            finally:
                code = await editor.stop()
            assert code == 0
            assert editor.logged == []

        asyncio.run(talk())

    return run


def marked(text: str) -> tuple[str, types.Position]:
    """Return a text without its mark `|`, and where that stood, in UTF-16."""
    before, _, after = text.partition("|")
    lines = before.replace("\r\n", "\n").split("\n")
    return before + after, types.Position(len(lines) - 1, len(lines[-1].encode("utf-16-le")) // 2)


def at(text: str, word: str, nth: int = 0) -> types.Position:
    """A place inside the `nth` occurrence of a word."""
    place = -1
    for _ in range(nth + 1):
        place = text.index(word, place + 1)
    line = text.count("\n", 0, place)
    return types.Position(line, place - (text.rfind("\n", 0, place) + 1) + 1)


def edited_text(text: str, edits: list[types.TextEdit]) -> str:
    """A text of ASCII with edits made, as a client makes them."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        start, end = (min(starts[p.line] + p.character, len(text)) for p in (edit.range.start, edit.range.end))
        text = text[:start] + edit.new_text + text[end:]
    return text
