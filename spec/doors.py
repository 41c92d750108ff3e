"""The doors by which a file becomes a syntax tree: `.tenet` text, YAML, JSON. Its name tells which.

In: a `Source`. Out: the tree and the report on it; from there on nobody knows which door it came through. A reader of
YAML or JSON is imported when a file needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Literal

from spec import ast
from spec.balance import Landmarks
from spec.diagnostics import Report
from spec.limits import Room
from spec.parser import parse
from spec.source import Source
from spec.vocabulary import LANDMARKS

Notation = Literal["tenet", "yaml", "json"]
Parse = Callable[[Report, Landmarks], ast.Module]
NOTATIONS: dict[str, Notation] = {".tenet": "tenet", ".yaml": "yaml", ".yml": "yaml", ".json": "json"}


def notation_of(path: str) -> Notation:
    """Return how the file at `path` is written; what has no known ending is text.

    >>> notation_of("harbor.tenet.yaml"), notation_of("harbor.tenet"), notation_of("harbor")
    ('yaml', 'tenet', 'tenet')
    """
    return NOTATIONS.get(PurePath(path).suffix.lower(), "tenet")


def spec_name(path: str) -> str:
    """Return a spec's name: its file's, without the endings that tell how it is written.

    >>> spec_name("specs/harbor.tenet.yaml"), spec_name("harbor.json"), spec_name("harbor.v2.tenet")
    ('harbor', 'harbor', 'harbor.v2')
    """
    stem = PurePath(path).stem
    return PurePath(stem).stem if notation_of(path) != "tenet" and PurePath(stem).suffix == ".tenet" else stem


def read(source: Source, parse: Parse = parse, room: Room | None = None) -> tuple[ast.Module, Report]:
    """Return the tree of a file, and what is wrong with how it is written.

    parse: makes the tree of a text. room: what the file's spec may still hold.
    """
    notation, room = notation_of(source.path), room or Room()
    if notation == "tenet":
        report = Report(source, room=room)
        module = parse(report, LANDMARKS)
        if not source.text.isascii():
            from spec import lookalikes  # needed for other letters only

            lookalikes.check(report)
        return module, report
    return _read_plain(source, notation, room)


def _read_plain(source: Source, notation: Notation, room: Room) -> tuple[ast.Module, Report]:
    from spec.plain_reading import read_plain
    from spec.plain_report import PlainReport

    report = PlainReport(source, room=room)
    if notation == "json":
        from spec.json_door import read as read_root
    else:
        from spec.yaml_door import read as read_root
    root = read_root(report)
    module = read_plain(root, report)
    if not source.text.isascii():
        from spec import lookalikes

        lookalikes.check_plain(report, root)
    return module, report
