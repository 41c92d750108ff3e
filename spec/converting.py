"""One spec from one notation into another: `.tenet` text, YAML, JSON.

In: a spec on disk. Out: its text in another notation, which reads as the same document, and what is lost on the way.
Imports stay imports, in whatever notation the other files are, unless the whole spec is wanted in one file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from spec import ast
from spec.diagnostics import Diagnostic
from spec.document import Document
from spec.doors import Notation, read
from spec.loading import Loaded, load
from spec.renaming import without_dots
from spec.source import Source
from spec.writer import write


class Unfaithful(ValueError):
    """What was written does not read as the same spec where it shall stand; `found` tells why, where that is known."""

    def __init__(self, target: Path, again: Loaded) -> None:
        super().__init__(f"{target} would not be the same spec")
        self.found: tuple[Diagnostic, ...] = again.diagnostics
        self.sources = again.sources


@dataclass(frozen=True, slots=True)
class Converted:
    """comments: how many the text had, which the other has not. names: new ones by old ones, where they differ."""

    text: str
    comments: int
    names: dict[str, str]


def convert(
    path: Path, to: Notation, target: Path, *, whole: bool = False, texts: Mapping[Path, str] | None = None
) -> Converted:
    """Return the spec at `path`, which has no errors, as it shall stand at `target`.

    Args:
        whole: put what is imported into the one file, with the texts of parameters filled in. What was imported `as`
            something has names without dots there.
        texts: what stands for files, by their resolved paths.

    Raises:
        Unfaithful: from the target's folder, a path leads elsewhere.
    """
    loaded = load(path, texts=texts)
    document = loaded.document
    if document is None:
        raise ValueError(f"{path} has errors")
    document, names = without_dots(document) if whole else (document, {})
    files = [loaded.sources[name] for name in (document.files if whole else (path.name,))]
    trees = [read(source)[0] for source in files]
    tree = read(Source("spec.tenet", write(document)))[0] if whole else trees[0]
    text = text_of(tree, to)
    again = load(target, texts={**(texts or {}), target.resolve(): text})
    if again.document is None or meaning(again.document) != meaning(document):
        raise Unfaithful(target, again)
    return Converted(text, sum(len(module.comments) for module in trees), names)


def text_of(tree: ast.Module, to: Notation) -> str:
    """Return a tree without errors in a notation, in its one layout; comments are left out."""
    if to == "tenet":
        from spec.formatter import format_tree

        return format_tree(tree)
    from spec import plain_data, plain_layout

    data = plain_data.data_of(tree)
    return plain_layout.to_yaml(data) if to == "yaml" else plain_layout.to_json(data)


def meaning(document: Document) -> Document:
    """A document without the names of the files that it is made of."""
    return replace(document, path="", files=())


def target_of(path: Path, to: Notation) -> Path:
    """Return where a converted spec goes by itself: beside the spec, with the ending of the notation.

    >>> str(target_of(Path("specs/harbor.tenet"), "yaml")), str(target_of(Path("harbor.tenet.json"), "tenet"))
    ('specs/harbor.tenet.yaml', 'harbor.tenet')
    """
    from spec.doors import spec_name

    ending = "" if to == "tenet" else f".{to}"
    return path.with_name(f"{spec_name(os.fspath(path))}.tenet{ending}")
