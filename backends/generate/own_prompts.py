"""The user's own prompts (`train { prompts: ... }`), by the clause that they are about.

In: the files that the recipe lists. Out: conversations that end with what a user says, each once. Files are read as
streams, and of more than `MOST` prompts a uniform sample is held (the least by a hash of text and seed), so that memory
has an end. This file must not know how rows are made.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Mapping
from pathlib import Path

from backends.engines import Conversation
from compiler.chat_rows import RowFault
from compiler.failures import DataError
from compiler.prompt_files import content_digest, read_prompts
from compiler.records.recipe import PromptFile, Recipe

MOST = 50_000
"""Prompts of one clause, or of none, that are held at once."""

OwnPrompts = Mapping[str | None, tuple[Conversation, ...]]
"""By clause id; None: what is about no clause."""


def read_own_prompts(recipe: Recipe, root: Path, most: int = MOST) -> OwnPrompts:
    """Read every file of `recipe.prompts`, whose paths start from `root`.

    Raises:
        DataError: a file is missing, unreadable, or not the one that was compiled.
    """
    ids = {unit.clause_ids[0].partition(".")[2]: unit.clause_ids[0] for unit in recipe.units}
    heaps: dict[str | None, list[tuple[int, Conversation]]] = {}
    seen: set[int] = set()
    for file in recipe.prompts:
        for conversation, clause in _prompts(root / file.path, file):
            owner = None if clause is None else ids.get(clause, clause)
            said = "\0".join(f"{m.role} {m.content}" for m in conversation)
            rank = int.from_bytes(hashlib.sha256(f"{owner}\0{said}".encode()).digest()[:8], "big")
            if rank in seen:
                continue
            heap = heaps.setdefault(owner, [])
            if len(heap) < most:
                heapq.heappush(heap, (-rank, conversation))
                seen.add(rank)
            elif -rank > heap[0][0]:
                seen.discard(-heapq.heapreplace(heap, (-rank, conversation))[0])
                seen.add(rank)
    return {owner: tuple(talk for _, talk in sorted(heap, key=lambda pair: -pair[0])) for owner, heap in heaps.items()}


def _prompts(path: Path, file: PromptFile) -> Iterator[tuple[Conversation, str | None]]:
    if not path.exists():
        raise DataError(f"{file.path} is not there", help="paths of `prompts` start from the spec's folder")
    if content_digest(path) != file.sha256:
        raise DataError(f"{file.path} has changed since it was compiled", help="build the spec again: tenet build SPEC")
    for line, prompt in read_prompts(path, file.path):
        if isinstance(prompt, RowFault):
            raise DataError(f"{file.path}:{line} {prompt}", help="mend or remove the row, and build the spec again")
        yield prompt.messages, prompt.clause
