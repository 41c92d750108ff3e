"""What all features share: the workspace, what its specs compile to, and how the client names files.

In: URIs. Out: files, names, compiled specs. This file must not know a feature.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path

from compiler.lsp.compiled import Compiled
from compiler.lsp.names import Names, names_of
from compiler.lsp.workspace import File, Workspace

UNSAVED = "untitled"


@dataclass(slots=True)
class Session:
    """compiled: of each spec, the last time that it could be. snippets: the client knows them."""

    workspace: Workspace = field(default_factory=Workspace)
    compiled: dict[Path, Compiled] = field(default_factory=dict)
    snippets: bool = False
    _names: dict[Path, tuple[object, Names]] = field(default_factory=dict)

    def path(self, uri: str) -> Path:
        """Return the path of a document; one that was never saved stands in the client's folder."""
        found = to_fs_path(uri)
        if found is not None and urlsplit(uri).scheme in ("file", ""):
            return Path(found).resolve()
        folder = self.workspace.folders[0] if self.workspace.folders else Path.cwd()
        return folder / f".{quote(unquote(urlsplit(uri).path), safe='')}.{urlsplit(uri).scheme or UNSAVED}"

    def uri(self, path: Path) -> str:
        opened = self.workspace.opened.get(path)
        return opened.uri if opened else from_fs_path(str(path)) or path.as_uri()

    def file(self, uri: str) -> File | None:
        return self.workspace.file(self.path(uri))

    def at(self, document: types.TextDocumentIdentifier, position: types.Position) -> tuple[File, int] | None:
        """Return a file and the offset of a place in it; None where the file cannot be read."""
        file = self.file(document.uri)
        return (file, file.text.offset(position)) if file is not None else None

    def location(self, path: Path, start: int, end: int) -> types.Location | None:
        file = self.workspace.file(path)
        return types.Location(self.uri(path), file.text.range(start, end)) if file is not None else None

    def names(self, root: Path) -> Names:
        """Return the names of a spec; the same again where none of its files changed."""
        state = tuple(self.workspace.included(root))
        known = self._names.get(root)
        if known is None or known[0] != state:
            known = self._names[root] = state, names_of(self.workspace, root)
        return known[1]

    def all_names(self, path: Path) -> list[Names]:
        """Return the names of every spec that a file belongs to."""
        return [self.names(root) for root in self.workspace.roots(path)]

    def run_folders(self, root: Path) -> list[Path]:
        """Return the folders that may hold runs of a spec."""
        return list(dict.fromkeys((root.parent, *self.workspace.folders, Path.cwd())))

    def compiled_of(self, path: Path) -> list[Compiled]:
        """Return what the specs of a file compiled to when they last did."""
        return [self.compiled[root] for root in self.workspace.roots(path) if root in self.compiled]
