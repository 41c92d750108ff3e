"""The user's own chats: read, brought into one shape, and filtered by `filters.json`.

In: rows of JSON Lines (or dictionaries that another reader made of Parquet), with `messages`, or with `prompt` and
`completion`, each a text or a list of messages. Out: chats, and for every row left out its line, a reason, and the
clauses that caused it. This file must not know models, and reads no format but JSON Lines.

>>> from compiler.records import FilterRule, Filters, PhrasesCheck
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
from typing import Any

from compiler.checks import evaluate
from compiler.failures import DataError
from compiler.records import FilterRule, Filters, JudgeCheck, Message

Chat = tuple[Message, ...]

# Two messages with at least this share of words in common ask the same thing.
NEARLY = 0.6


class RowFault(ValueError):
    """A row is in no shape that can be trained on; the message says why, in words that can be counted."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """line: from 1. reason: in words. clause_ids: the clauses whose rule the row breaks; empty for a malformed row."""

    line: int
    reason: str
    clause_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class Filtered:
    """kept: line number and chat. dropped: every other row."""

    kept: list[tuple[int, Chat]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return dict(sorted(Counter(d.reason for d in self.dropped).items()))


def filter_file(path: Path, filters: Filters) -> Filtered:
    """Read a file of JSON Lines and keep what satisfies every rule.

    Raises:
        DataError: the file cannot be read at all. A malformed row is dropped and counted instead.
    """
    return filter_rows(read_json_lines(path), filters)


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
            out.dropped.append(Dropped(line, rule.reason, rule.clause_ids))
    return out


def read_json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield line numbers and rows; a line that is no JSON is yielded as a `RowFault`."""
    try:
        with path.open("rb") as stream:
            for number, raw in enumerate(stream, 1):
                if raw.strip():
                    yield number, _parsed(raw, first=number == 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", help="check `train { data: ... }`") from error


def _parsed(raw: bytes, first: bool) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig" if first else "utf-8"))
    except UnicodeDecodeError:
        return RowFault("is not UTF-8")
    except (ValueError, RecursionError):
        return RowFault("is not JSON")


# ------------------------------------------------------------------ shape


def chat_of(row: Any) -> Chat:
    """Return a row's conversation, which ends with an answer.

    Raises:
        RowFault: the row is in another shape.
    """
    if isinstance(row, RowFault):
        raise row
    if not isinstance(row, Mapping):
        raise RowFault("is not an object")
    if row.get("messages") is not None:
        chat = _messages(row["messages"], "messages")
    elif row.get("prompt") is not None and row.get("completion") is not None:
        chat = (*_side(row["prompt"], "user"), *_side(row["completion"], "assistant"))
    else:
        raise RowFault("has neither messages nor prompt and completion")
    if not any(m.role == "user" for m in chat):
        raise RowFault("has no user message")
    if chat[-1].role != "assistant":
        raise RowFault("does not end with an answer")
    if any(not m.content.strip() for m in chat if m.role == "assistant"):
        raise RowFault("has an empty answer")
    return chat


def _side(value: Any, role: str) -> Chat:
    if isinstance(value, str):
        return (Message.model_validate({"role": role, "content": value}),)
    return _messages(value, "prompt and completion")


def _messages(value: Any, what: str) -> Chat:
    if not isinstance(value, list | tuple) or not value:
        raise RowFault(f"has no list of messages in {what}")
    return tuple(_message(item) for item in value)


def _message(item: Any) -> Message:
    if not isinstance(item, Mapping):
        raise RowFault("has a message that is not an object")
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


def broken_rule(chat: Chat, filters: Filters) -> FilterRule | None:
    """Return the first rule that one of the chat's answers breaks, or None."""
    for question, answer in exchanges(chat):
        for rule in filters.rules:
            if rule.topic or rule.asks:
                holds = is_about(question, rule)
            else:
                holds = not (rule.otherwise and any(may_be_about(question, other) for other in filters.rules))
            if holds and not keeps(rule, answer):
                return rule
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
    stems = {_stem(word) for word in said}
    return bool(rule.topic) and sum(_stem(word) in stems for word in rule.topic) >= max(rule.enough, 1)


def may_be_about(question: str, rule: FilterRule) -> bool:
    """Whether a refusal of this question could be meant by the rule: any one of its words will do."""
    told = {_stem(word) for text in (*rule.topic, *rule.asks) for word in words(text) if len(word) > 3}
    return not told.isdisjoint({_stem(word) for word in words(question)})


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity of two sets of words."""
    return len(one & other) / len(one | other) if one or other else 1.0


def _stem(word: str) -> str:
    """Drop the common English endings, so that `medicines` is about `medicine`."""
    for ending in ("ies", "ing", "es", "ed", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
