"""The user's own chats (`data:` in the spec): read, filtered by filters.json, and turned into rows to train on.

In: the files that the recipe lists, JSON Lines or Parquet. Out: chat rows that keep every rule, pairs of those that are
preferences, and counts by reason. Of a preference the chosen answer has to keep the rules. A row that shares a question
with one of the author's probes, that names what the base holds out, that stands there twice, or whose answer lies
beyond the job's `max_length`, is left out as well. This file must not know how rows are generated, nor what a rule
means: `compiler.data` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from backends.chats import Chat as Template
from backends.generate.disjoint import asks_of
from backends.generate.split import HeldOut, Prompts
from backends.generate.striking import is_struck
from compiler import chat_files, chat_rows, data
from compiler.digests import file_digest
from compiler.failures import DataError
from compiler.records.filters import Filters
from compiler.records.recipe import DataFile, Recipe
from compiler.records.rows import ChatRow, PreferencePair
from compiler.struck import STRUCK

GENERATOR = "data"


@dataclass(slots=True)
class FileCounts:
    path: str
    rows: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    cut: int = 0


@dataclass(slots=True)
class OwnData:
    """pairs: of rows that are preferences. broken: by the key of a rule of filters.json, how many rows it left out."""

    rows: list[ChatRow] = field(default_factory=list)
    pairs: list[PreferencePair] = field(default_factory=list)
    files: list[FileCounts] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)


def read_own_data(
    recipe: Recipe,
    filters: Filters,
    root: Path,
    author: Prompts,
    held_out: HeldOut,
    template: Template,
    max_length: int | None = None,
    there: Iterable[Wording] = (),
    struck: frozenset[str] = frozenset(),
) -> OwnData:
    """Read every file of `recipe.data`, whose paths start from `root`, and keep what `template` takes.

    Args:
        max_length: tokens of a row that the job trains on; None for all.
        there: chats that are among the rows already.
        struck: keys of preferences that a person has struck out.

    Raises:
        DataError: a file is missing, unreadable, or not the one that was compiled.
    """
    out = OwnData()
    seen = set(there)
    for number, file in enumerate(recipe.data):
        counts = FileCounts(file.path)
        preferences: dict[int, chat_rows.Preference] = {}
        found = data.filter_rows(_noted(_rows(root / file.path, file), preferences), filters)
        counts.dropped.update(found.counts())
        out.broken.update(d.rule for d in found.dropped if d.rule is not None)
        for line, chat in found.kept:
            reason = _unfit(chat, author, held_out) or template.refusal(chat)
            preference = preferences.get(line)
            wording = wording_of(chat if preference is None else (*chat, *preference.rejected))
            if reason is None and preference is not None and is_struck(struck, *preference):
                reason = STRUCK
            if reason is None and wording in seen:
                reason = "is among the rows already"
            kept = _fitted(chat, template, max_length) if reason is None else None
            if kept is None:
                counts.dropped[reason or f"no answer within {max_length} tokens"] += 1
                continue
            counts.kept += 1
            counts.cut += max_length is not None and template.length(chat) > max_length
            made = _Made(
                id=f"data.{number}-{line:06d}",
                clause_ids=(),
                generator=GENERATOR,
                unit=f"data.{number}",
                seed=0,
                spans=(file.span,) if file.span else (),
            )
            if preference is not None:
                out.pairs.append(PreferencePair(**preference._asdict(), **made))
            if wording_of(chat) not in seen:
                out.rows.append(ChatRow(messages=kept, **made))
            seen |= {wording, wording_of(chat)}
        counts.rows = counts.kept + sum(counts.dropped.values())
        out.files.append(counts)
    return out


def chats_in(recipe: Recipe, root: Path) -> tuple[chat_rows.Chat, ...]:
    """The chats of `recipe.data` that end with an answer to a user, as they stand: no rule is asked.

    Raises:
        DataError: a file is missing, unreadable, or not the one that was compiled.
    """
    found = []
    for file in recipe.data:
        for _, row in _rows(root / file.path, file):
            with suppress(chat_rows.RowFault):
                chat = chat_rows.chat_of(row)
                if len(chat) > 1 and chat[-1].role == "assistant" and chat[-2].role == "user":
                    found.append(chat)
    return tuple(found)


def _noted(rows: Iterator[tuple[int, Any]], preferences: dict[int, chat_rows.Preference]) -> Iterator[tuple[int, Any]]:
    """Hand rows on, and put preferences by their line."""
    for line, row in rows:
        with suppress(chat_rows.RowFault):
            if (preference := chat_rows.preference_of(row)) is not None:
                preferences[line] = preference
        yield line, row


class _Made(TypedDict):
    """What a chat and a pair of the same row share."""

    id: str
    clause_ids: tuple[str, ...]
    generator: str
    unit: str
    seed: int
    spans: tuple[str, ...]


Wording = tuple[tuple[str, str], ...]


def wording_of(chat: chat_rows.Chat) -> Wording:
    """What two chats that are the same have in common: who says what, spaces at the edges aside."""
    return tuple((message.role, message.content.strip()) for message in chat)


def _fitted(chat: chat_rows.Chat, template: Template, max_length: int | None) -> chat_rows.Chat | None:
    """Leave out the last exchanges until an answer begins within `max_length` tokens; None where none does.

    The trainer cuts a row off at its end. A row whose last answer is cut off whole would teach nothing there.
    """
    while max_length is not None and template.length(chat) > max_length:
        if len(template.prompt_ids(chat[:-1])) < max_length:
            return chat
        chat = chat[:-1]
        while chat and chat[-1].role != "assistant":
            chat = chat[:-1]
        if not any(message.role == "user" for message in chat):
            return None
    return chat


def _unfit(chat: chat_rows.Chat, author: Prompts, held_out: HeldOut) -> str | None:
    if any(author.near(ask) for ask in asks_of(chat)):
        return "the author's own probe"
    if held_out.named_in("\n".join(m.content for m in chat)):
        return "names what is held out"
    return None


def _rows(path: Path, file: DataFile) -> Iterator[tuple[int, Any]]:
    if not path.is_file():
        raise DataError(f"{file.path} is not there", help="paths of `data` start from the spec's folder")
    if file_digest(path) != file.sha256:
        raise DataError(f"{file.path} has changed since it was compiled", help="build the spec again: tenet build SPEC")
    return chat_files.read_rows(path, file.path)
