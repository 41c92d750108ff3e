"""Chats against `filters.json`, and the user's own chats: read, brought into one shape, and filtered.

In: rows of JSON Lines or Parquet, with `messages`, with `prompt` and `completion`, each a text or a list of messages,
or with `chosen` and `rejected` as `trl dpo` takes them. Out: chats (of a preference, the one that was chosen), and for
every row left out its line, a reason, and the clauses that caused it. A row that cannot be read at all stops the build
(`count_chats`); one that can be read and not used is dropped and counted. Generated rows pass the same rules
(`rules_for`). This file must not know models.

>>> from compiler.records.filters import FilterRule, Filters
>>> from compiler.records.checks import PhrasesCheck
>>> canned = PhrasesCheck(phrases=("Certainly!",), present=False)
>>> rule = FilterRule(key="forbid.canned", clause_ids=("forbid.canned",), checks=(canned,), reason="says it")
>>> filters = Filters(rules=(rule,))
>>> broken_rule(chat_of({"prompt": "Hi", "completion": "CERTAINLY! Hello."}), filters).key
'forbid.canned'
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from compiler.checks import evaluate
from compiler.failures import DataError
from compiler.records.checks import JudgeCheck
from compiler.records.filters import FilterRule, Filters
from compiler.records.recipe import Unit
from compiler.records.record import Message

Chat = tuple[Message, ...]

# Two messages with at least this share of words in common ask the same thing.
NEARLY = 0.6


# Unreadable rows that a message names.
MOST_NAMED = 5


class RowFault(ValueError):
    """A row is in no shape that can be trained on; the message says why, in words that can be counted."""


class Unreadable(RowFault):
    """A row is no chat at all, so that its file is torn, or is another kind of file."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """line: from 1. reason: in words. rule: the key of the rule that the row breaks, None for a malformed row;
    clause_ids: its clauses."""

    line: int
    reason: str
    clause_ids: tuple[str, ...] = ()
    rule: str | None = None


@dataclass(slots=True)
class Filtered:
    """kept: line number and chat. dropped: every other row."""

    kept: list[tuple[int, Chat]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return dict(sorted(Counter(d.reason for d in self.dropped).items()))


def filter_file(path: Path, filters: Filters) -> Filtered:
    """Read a file and keep what satisfies every rule.

    Raises:
        DataError: the file cannot be read at all. A malformed row is dropped and counted instead.
    """
    return filter_rows(read_rows(path), filters)


def filter_rows(rows: Iterable[tuple[int, Any]], filters: Filters) -> Filtered:
    """Keep the rows that satisfy every rule; a row given as an exception is dropped for it."""
    out = Filtered()
    for line, row in rows:
        try:
            chat = chat_of(row)
        except RowFault as fault:
            out.dropped.append(Dropped(line, str(fault)))
            continue
        rule = broken_rule(chat, filters)
        if rule is None:
            out.kept.append((line, chat))
        else:
            out.dropped.append(Dropped(line, rule.reason, rule.clause_ids, rule.key))
    return out


# ------------------------------------------------------------------ files


class Counts(NamedTuple):
    """chats: of a file, preferences among them."""

    chats: int
    preferences: int


def count_chats(path: Path, name: str) -> Counts:
    """Read the whole file and count its rows that are chats; what a rule says of them is not asked here.

    Args:
        name: the file as the user named it, for messages.

    Raises:
        DataError: the file is empty, or a row is unreadable; the message names the lines.
    """
    chats = preferences = rows = 0
    torn: list[tuple[int, str]] = []
    for line, row in read_rows(path, name):
        rows += 1
        try:
            chat_of(row)
            chats += 1
            preferences += preference_of(row) is not None
        except Unreadable as fault:
            torn.append((line, str(fault)))
        except RowFault:
            continue
    if torn:
        raise DataError(_torn(torn, name), help=_way_out(torn, rows))
    if not rows:
        raise DataError(f"{name} is empty", help=f"put chats into it, one JSON object a line: {SHAPE}")
    return Counts(chats, preferences)


COLUMNS = ("messages", "prompt", "completion", "chosen", "rejected", "conversations")
"""Keys of a row that say what its chat is."""
SHAPE = '{"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}'


def _torn(torn: list[tuple[int, str]], name: str) -> str:
    named = [f"{name}:{line} {reason}" for line, reason in torn[:MOST_NAMED]]
    more = len(torn) - len(named)
    return "; ".join([*named, *([f"and {more} more lines like these"] if more else [])])


def _way_out(torn: list[tuple[int, str]], rows: int) -> str:
    reasons = {reason for _, reason in torn}
    if "is not UTF-8" in reasons:
        return "save the file as UTF-8 (iconv -f latin1 -t utf-8 OLD > NEW), or remove these lines"
    if reasons == {"is not an object"} and len(torn) == rows == 1:
        return "a JSON array is one line here; write one object a line: jq -c '.[]' OLD > NEW"
    other = "or has `prompt` and `completion`, or `chosen` and `rejected`"
    return f"mend or remove these lines; a line is {SHAPE}, {other}"


def read_rows(path: Path, name: str | None = None) -> Iterator[tuple[int, Any]]:
    """Yield line numbers and rows; a line that is no JSON is yielded as a `RowFault`.

    Raises:
        DataError: the file cannot be opened, or is no Parquet file though it is called so.
    """
    name = name or str(path)
    try:
        yield from _parquet(path, name) if path.suffix == ".parquet" else _json_lines(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{name} cannot be read: {reason}", help="check `train { data: ... }`") from error


def _json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, 1):
            if raw.strip():
                yield number, parsed(raw, first=number == 1)


def _parquet(path: Path, name: str) -> Iterator[tuple[int, Any]]:
    """Rows with their number from 1, read group by group, so that a large file fits."""
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except pyarrow.ArrowException as error:
        raise DataError(f"{name} is no Parquet file that can be read: {error}", help="write the file anew") from error


def parsed(raw: bytes, first: bool = False) -> Any:
    """Return what a line says; where it says nothing, an `Unreadable` in its place. first: it may hold a byte order
    mark."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # `json` takes more: numbers without a value, halves of a pair of code units
    try:
        return json.loads(raw.decode("utf-8-sig" if first else "utf-8"))
    except UnicodeDecodeError:
        return Unreadable("is not UTF-8")
    except (ValueError, RecursionError):
        return Unreadable("is not JSON")


# ------------------------------------------------------------------ shape


def chat_of(row: Any) -> Chat:
    """Return a row's conversation, which ends with an answer.

    Raises:
        RowFault: the row is in another shape.
    """
    if isinstance(row, RowFault):
        raise row
    if not isinstance(row, Mapping):
        raise Unreadable("is not an object")
    if row.get("messages") is not None:
        chat = _messages(row["messages"], "messages")
    elif row.get("prompt") is not None and row.get("completion") is not None:
        chat = (*_side(row["prompt"], "user"), *_side(row["completion"], "assistant"))
    elif (preference := preference_of(row)) is not None:
        chat = (*preference.prompt, *preference.chosen)
    else:
        raise Unreadable("has neither messages nor prompt and completion nor chosen and rejected")
    if not any(m.role == "user" for m in chat):
        raise RowFault("has no user message")
    if chat[-1].role != "assistant":
        raise RowFault("does not end with an answer")
    if any(not m.content.strip() for m in chat if m.role == "assistant"):
        raise RowFault("has an empty answer")
    return chat


class Preference(NamedTuple):
    """Two answers to a prompt, of which the first is liked better."""

    prompt: Chat
    chosen: Chat
    rejected: Chat


def preference_of(row: Any) -> Preference | None:
    """Return a preference as TRL's files have it (https://huggingface.co/docs/trl/dataset_formats), None for a chat.

    The prompt stands in a column of its own, or begins both conversations.

    Raises:
        RowFault: the row is in another shape.
    """
    if not isinstance(row, Mapping) or row.get("chosen") is None or row.get("rejected") is None:
        return None
    if row.get("messages") is not None or row.get("completion") is not None:
        return None
    chosen, rejected = (_side(row[side], "assistant", "chosen and rejected") for side in ("chosen", "rejected"))
    prompt = _side(row["prompt"], "user") if row.get("prompt") is not None else chosen[:-1]
    if row.get("prompt") is None:
        if rejected[:-1] != prompt:
            raise RowFault("has two prompts, one before each answer")
        chosen, rejected = chosen[-1:], rejected[-1:]
    if rejected[-1].role != "assistant" or not rejected[-1].content.strip():
        raise RowFault("has no rejected answer")
    return Preference(prompt, chosen, rejected)


def _side(value: Any, role: str, what: str = "prompt and completion") -> Chat:
    if isinstance(value, str):
        return (Message.model_validate({"role": role, "content": value}),)
    return _messages(value, what)


def _messages(value: Any, what: str) -> Chat:
    if not isinstance(value, list | tuple) or not value:
        raise Unreadable(f"has no list of messages in {what}")
    return tuple(_message(item) for item in value)


def _message(item: Any) -> Message:
    if not isinstance(item, Mapping):
        raise Unreadable("has a message that is not an object")
    role, content = item.get("role"), item.get("content")
    if role not in ("system", "user", "assistant"):
        raise RowFault("has a role other than system, user and assistant")
    if isinstance(content, list | tuple):
        parts = [p.get("text") if isinstance(p, Mapping) and p.get("type") == "text" else None for p in content]
        if any(not isinstance(part, str) for part in parts):
            raise RowFault("has content that is not text")
        content = "".join(str(part) for part in parts)
    if not isinstance(content, str):
        raise RowFault("has content that is not text")
    return Message(role=role, content=content)


# ------------------------------------------------------------------ rules


def rules_for(unit: Unit, filters: Filters) -> Filters:
    """Return the rules that generated rows of `unit` have to satisfy.

    Which questions a refusal is about is told by words here, and the unit of the refusal itself knows it: its own
    checks have decided which of its rows refuse, so that no word list decides again.
    """
    own = unit.clause_ids[0]
    return Filters(rules=tuple(r for r in filters.rules if not (own in r.clause_ids and _about_refusing(r))))


def _about_refusing(rule: FilterRule) -> bool:
    return bool(rule.topic or rule.asks or rule.otherwise)


def broken_rule(chat: Chat, filters: Filters) -> FilterRule | None:
    """Return the first rule that one of the chat's answers breaks, or None."""
    broken = first_broken(chat, filters)
    return broken[0] if broken else None


def first_broken(chat: Chat, filters: Filters) -> tuple[FilterRule, str] | None:
    """Return the first rule that one of the chat's answers breaks, with that answer, or None."""
    for question, answer in exchanges(chat):
        for rule in filters.rules:
            if rule.topic or rule.asks:
                holds = is_about(question, rule)
            else:
                holds = not (rule.otherwise and any(may_be_about(question, other) for other in filters.rules))
            if holds and not keeps(rule, answer):
                return rule, answer
    return None


def keeps(rule: FilterRule, answer: str) -> bool:
    """Decide by the checks that need no model; a judge's check cannot be asked here and keeps the row."""
    return all(isinstance(check, JudgeCheck) or evaluate(check, answer) for check in rule.checks)


def exchanges(chat: Chat) -> Iterator[tuple[str, str]]:
    """Yield each answer with the user message before it."""
    question = ""
    for message in chat:
        if message.role == "user":
            question = message.content
        elif message.role == "assistant":
            yield question, message.content


def is_about(question: str, rule: FilterRule) -> bool:
    said = words(question)
    if any(alike(said, words(safe)) >= NEARLY for safe in rule.safe):
        return False
    if any(alike(said, words(ask)) >= NEARLY for ask in rule.asks):
        return True
    stems = {stem(word) for word in said}
    return bool(rule.topic) and sum(stem(word) in stems for word in rule.topic) >= max(rule.enough, 1)


def may_be_about(question: str, rule: FilterRule) -> bool:
    """Whether a refusal of this question could be meant by the rule: any one of its words will do."""
    told = {stem(word) for text in (*rule.topic, *rule.asks) for word in words(text) if len(word) > 3}
    return not told.isdisjoint({stem(word) for word in words(question)})


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity of two sets of words."""
    return len(one & other) / len(one | other) if one or other else 1.0


def stem(word: str) -> str:
    """Drop the common English endings, so that `medicines` is about `medicine`."""
    for ending in ("ies", "ing", "es", "ed", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
