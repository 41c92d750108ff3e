"""The user's own chats (`data:` in the spec): read, filtered by filters.json, and turned into rows to train on.

In: the files that the recipe lists, JSON Lines or Parquet. Out: chat rows that keep every rule, and counts by reason. A
row that shares its question with one of the author's probes, or names what the base holds out, is left out as well.
This file must not know how rows are generated, nor what a rule means: `compiler.data` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backends.chats import Chat as Template
from backends.generate.candidates import ask_of, first_ask
from backends.generate.split import HeldOut, Prompts
from compiler import data
from compiler.digests import file_digest
from compiler.failures import DataError
from compiler.records import ChatRow, DataFile, Filters, Recipe

GENERATOR = "data"


@dataclass(slots=True)
class FileCounts:
    path: str
    rows: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class OwnData:
    rows: list[ChatRow] = field(default_factory=list)
    files: list[FileCounts] = field(default_factory=list)


def read_own_data(
    build: Path, recipe: Recipe, root: Path, author: Prompts, held_out: HeldOut, template: Template
) -> OwnData:
    """Read every file of `recipe.data`, whose paths start from `root`, and keep what `template` takes.

    Raises:
        DataError: a file is missing, unreadable, or not the one that was compiled.
    """
    out = OwnData()
    if not recipe.data:
        return out
    try:
        filters = Filters.model_validate_json((build / "filters.json").read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise DataError(f"{build / 'filters.json'} cannot be read: {error}", help="tenet build SPEC") from error
    for number, file in enumerate(recipe.data):
        counts = FileCounts(file.path)
        rows = _rows(root / file.path, file)
        found = data.filter_rows(rows, filters)
        counts.dropped.update(found.counts())
        for line, chat in found.kept:
            reason = _unfit(chat, author, held_out) or template.refusal(chat)
            if reason:
                counts.dropped[reason] += 1
                continue
            counts.kept += 1
            out.rows.append(
                ChatRow(
                    id=f"data.{number}-{line:06d}",
                    messages=chat,
                    clause_ids=(),
                    generator=GENERATOR,
                    unit=f"data.{number}",
                    seed=0,
                    spans=(file.span,) if file.span else (),
                )
            )
        counts.rows = counts.kept + sum(counts.dropped.values())
        out.files.append(counts)
    return out


def _unfit(chat: data.Chat, author: Prompts, held_out: HeldOut) -> str | None:
    if author.near(ask_of(chat)) or author.same(first_ask(chat)):
        return "the author's own probe"
    if held_out.named_in("\n".join(m.content for m in chat)):
        return "names what is held out"
    return None


def _rows(path: Path, file: DataFile) -> Iterator[tuple[int, Any]]:
    if not path.is_file():
        raise DataError(f"{file.path} is not there", help="paths of `data` start from the spec's folder")
    if file_digest(path) != file.sha256:
        raise DataError(f"{file.path} has changed since it was compiled", help="build the spec again: tenet build SPEC")
    return data.read_rows(path, file.path)
