"""What a lowering returns: the text of one file, and which clauses each place in it comes from.

In: nothing. Out: frozen records. A `place` is a line number for text files and a key for JSON files. This file must not
know any lowering.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """`place` in the file exists because of `clause_ids` (empty: layout that no clause caused)."""

    place: str
    clause_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Artifact:
    """path: relative to `build/<spec>/`, with forward slashes."""

    path: str
    text: str
    marks: tuple[Mark, ...] = ()
