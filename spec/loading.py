"""Files to a document: the entry, and how a spec's parts are put together.

In: a path, text, or a tree. Out: `Loaded`. Every defect of every file is in its diagnostics; the document is there only
when none of them is an error. Paths in spans are relative to the spec's folder, so that nothing made from them depends
on where the spec lies; `Source.shown` is the path as the user would open it. This file must not know how files are read
or found (`files.py`, `inclusions.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from spec import ast
from spec.collecting import uncollected
from spec.constructs import CONSTRUCTS
from spec.diagnostics import Diagnostic, Report
from spec.document import Document, Model, Train
from spec.doors import Parse
from spec.enumerations import settled
from spec.files import Files
from spec.frozen import dataclass
from spec.inclusions import Inclusions
from spec.lexer import SPLIT
from spec.limits import MOST_CLAUSES, MOST_SIGNS
from spec.parser import parse
from spec.part import Part
from spec.paths import another_name, fitted, names_beside, project_of, why_missing
from spec.references import resolve
from spec.source import Source
from spec.vocabulary import EITHER_FIELDS, FOLDER_FIELDS


@dataclass(frozen=True, slots=True)
class Loaded:
    """document: None exactly when a diagnostic is an error. sources: by the path that spans name.

    signs: words and signs of all files.
    """

    document: Document | None
    diagnostics: tuple[Diagnostic, ...]
    sources: dict[str, Source]
    signs: int = 0


@uncollected()
def load(
    path: str | os.PathLike[str],
    project: str | os.PathLike[str] | None = None,
    texts: Mapping[Path, str] | None = None,
    parse: Parse = parse,
) -> Loaded:
    """Read the spec at `path` with all that it imports; `texts` stand for files, by their resolved paths.

    `parse` makes a file's tree: a `spec.reparsing.Reparser` keeps what it made, for who loads a spec again and again.

    Imports may not leave `project`: by default the nearest folder above the spec that holds `tenet.toml`,
    `pyproject.toml` or `.git`, else the spec's own folder.
    """
    file = Path(path)
    try:
        folder = file.parent.resolve()
        inside = Path(project).resolve() if project is not None else project_of(folder)
    except (OSError, RuntimeError, ValueError):
        folder = inside = Path()
    files = Files(folder, _written(file.parent), texts)
    inclusions = Inclusions(files, inside, parse)
    text = files.read(file, file.name)
    if text is not None:
        inclusions.enter(Source(file.name, text, str(path)), file.name)
        _look_for_files(inclusions.parts, files)
    return _joined(file.name, inclusions)


@uncollected()
def loads(text: str, path: str = "spec.tenet") -> Loaded:
    """Read a spec given as text; `path` names it in messages. Its imports are looked for beside `path`."""
    file = Path(path)
    name = file.name or "spec.tenet"
    folder = file.parent.resolve()
    files = Files(folder, _written(file.parent))
    inclusions = Inclusions(files, project_of(folder))
    clean = files.decoded(text, name, path)
    if clean is not None:
        inclusions.enter(Source(name, clean, path), name)
    return _joined(name, inclusions)


@uncollected()
def load_tree(
    module: ast.Module, report: Report, sources: Mapping[str, Source], name: str, folder: str | os.PathLike[str]
) -> Loaded:
    """Read a spec given as a tree, which `report` and `sources` know the places of; its paths start at `folder`."""
    place = Path(folder)
    files = Files(place.resolve(), _written(place))
    files.sources.update(sources)
    inclusions = Inclusions(files, project_of(place.resolve()))
    inclusions.enter_tree(module, report, name)
    _look_for_files(inclusions.parts, files)
    return _joined(name, inclusions)


def _written(folder: Path) -> str:
    """Return a folder as the user wrote it; nothing for the one that the user is in."""
    return str(folder) if folder != Path() else ""


def _look_for_files(parts: Iterable[Part], files: Files) -> None:
    """Report files and folders of settings that are not there; what is in them is read when the spec is built."""
    for part in parts:
        for use in part.paths:
            wanted = "folder" if use.field in FOLDER_FIELDS else "file"
            if use.field in EITHER_FIELDS and (files.folder / use.text).is_dir():
                continue
            # Paths start at the spec, as its imports' do; a base's folder may also start where the user is.
            places = [files.folder / use.text, *([Path(use.text)] if wanted == "folder" else [])]
            what = min((why_missing(place, wanted) for place in places), key=len)
            if what:
                help, fix = another_name(places[0].name, names_beside(places[0], wanted), part.report, use.span)
                part.report.add("T0034", f"`{use.field}` names a {wanted} that {what}", use.span,
                                label=fitted(files.shown(use.text)),
                                help=help or "the path starts at the spec's folder", fix=fix)  # fmt: skip


def _joined(name: str, inclusions: Inclusions) -> Loaded:
    """Resolve the names of all files, and make one document of them."""
    files, parts = inclusions.files, inclusions.parts
    _count_clauses(inclusions)
    # Of a spec that was not read to its end, nobody can say which names lead nowhere.
    dimensions = resolve(parts) if parts and not files.room.full else ()
    found = [*files.found, *(d for part in parts for d in part.diagnostics)]
    order = {path: i for i, path in enumerate([name, *files.sources])}
    found.sort(key=lambda d: (order.get(d.span.path, 0), d.span.start, d.span.line, d.code))
    document = None
    if not any(d.severity == "error" for d in found):
        models = [m for part in parts for m in part.models]
        trains = [t for part in parts for t in part.trains]
        document = Document(
            path=name,
            model=models[0] if models else Model(),
            train=trains[0] if trains else Train(),
            clauses=tuple(c for part in parts for c in part.clauses),
            dimensions=dimensions,
            priorities=tuple(p for part in parts for p in part.priorities),
            probes=tuple(p for part in parts for p in part.probes),
            sections=tuple(s for part in parts for s in part.sections),
            terms=tuple(t for part in parts for t in part.terms),
            grants=tuple(g for part in parts for g in part.grants),
            balances=tuple(b for part in parts for b in part.balances),
            alikes=tuple(a for part in parts for a in part.alikes),
            authority=next((a for part in parts for a in part.authorities), None),
            files=tuple(part.report.source.path for part in parts),
        )
        document = settled(document)
    return Loaded(document, tuple(found), files.sources, MOST_SIGNS - files.room.signs)


def _count_clauses(inclusions: Inclusions) -> None:
    """Report the clause that is one too many."""
    left = MOST_CLAUSES
    for part in inclusions.parts:
        clauses = [declared for declared in part.declared if declared.kind in CONSTRUCTS]
        if len(clauses) > left:
            inclusions.room.full = True
            message = f"a spec with its imports may hold {MOST_CLAUSES:,} clauses"
            part.report.add("T0004", message, clauses[left].span, label="one too many", help=SPLIT)
            return
        left -= len(clauses)
