"""Rows as people have them -> chats, and preferences between two answers.

In: one row of a file. Out: a conversation that ends with an answer; of a preference, the one that was chosen. Shapes:

    messages               a list of messages, `role` and `content` (OpenAI, TRL)
    conversations          a list of messages, `from` and `value` (ShareGPT)
    prompt, completion     each a text or a list of messages (TRL)
    chosen, rejected       with `prompt` or with the prompt in both; texts, messages, or transcripts (TRL, hh-rlhf)

This file must not know files, rules or models.

>>> said = "\\n\\nHuman: Hi\\n\\nAssistant: "
>>> chat_of({"chosen": f"{said}Hello.", "rejected": f"{said}Go."})[-1].content
'Hello.'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from compiler.records.record import Message

Chat = tuple[Message, ...]

COLUMNS = ("messages", "conversations", "prompt", "completion", "chosen", "rejected")
"""Keys of a row that say what its chat is."""
READ = (*COLUMNS, "text")
"""Keys of a row that a trainer could read."""
TRANSCRIPT = "\n\nHuman:"
_SPEAKER = re.compile(r"\n\n(Human|Assistant): ?")
SPEAKERS = {"human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "bing": "assistant"}
"""What ShareGPT's files call who speaks, beside `system` and `assistant`."""


class RowFault(ValueError):
    """A row is in no shape that can be trained on; the message says why, in words that can be counted."""


class Unreadable(RowFault):
    """A row is no chat at all, so that its file is torn, or is another kind of file."""


def chat_of(row: Any) -> Chat:
    """Return a row's conversation, which ends with an answer.

    Raises:
        RowFault: the row is in another shape.
    """
    return _read(row)[1]


def _read(row: Any) -> tuple[str, Chat]:
    """Return the column that a row's answer stands in, and its conversation."""
    if isinstance(row, RowFault):
        raise row
    if not isinstance(row, Mapping):
        raise Unreadable("is not an object")
    chat: Chat
    if row.get("messages") is not None:
        column, chat = "messages", _messages(row["messages"], "messages")
    elif row.get("conversations") is not None:
        column, chat = "conversations", _messages(row["conversations"], "conversations")
    elif row.get("prompt") is not None and row.get("completion") is not None:
        column = "completion"
        chat = (*side_of(row["prompt"], "user", "prompt"), *side_of(row["completion"], "assistant", "completion"))
    elif (preference := preference_of(row)) is not None:
        column, chat = "chosen", (*preference.prompt, *preference.chosen)
    else:
        raise Unreadable("has neither messages nor prompt and completion nor chosen and rejected")
    if not any(m.role == "user" for m in chat):
        raise RowFault("has no user message")
    if chat[-1].role != "assistant":
        raise RowFault("does not end with an answer")
    if any(not m.content.strip() for m in chat if m.role == "assistant"):
        raise RowFault("has an empty answer")
    return column, chat


def all_said(row: Any) -> Chat:
    """Return a row's conversation, and behind it what the row's other columns say that a trainer could read instead.

    Of a preference the rejected side is left out; it is meant to be worse.

    Raises:
        RowFault: the row is in another shape, or a column holds something else than text and messages.
    """
    read, chat = _read(row)
    sides = {name: row[name] for name in READ if name != read and not _says_nothing(row.get(name))}
    if sides.keys() <= {"prompt"}:
        return chat
    said = {name: side_of(side, "user" if name == "prompt" else "assistant", name) for name, side in sides.items()}
    if row.get("chosen") is not None:
        said.pop("rejected", None)
    # A text answers the row's own prompt where it has one, else the last question.
    return (*chat, *said.pop("prompt", ()), *(message for side in said.values() for message in side))


def _says_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], ())


class Preference(NamedTuple):
    """Two answers to a prompt, of which the first is liked better."""

    prompt: Chat
    chosen: Chat
    rejected: Chat


def preference_of(row: Any) -> Preference | None:
    """Return a preference as TRL's files have it (https://huggingface.co/docs/trl/dataset_formats), None for a chat.

    The prompt stands in a column of its own, or begins both conversations, which may be transcripts.

    Raises:
        RowFault: the row is in another shape.
    """
    if not isinstance(row, Mapping) or row.get("chosen") is None or row.get("rejected") is None:
        return None
    if row.get("messages") is not None or row.get("completion") is not None:
        return None
    chosen, rejected = (side_of(row[side], "assistant", side) for side in ("chosen", "rejected"))
    prompt = side_of(row["prompt"], "user", "prompt") if row.get("prompt") is not None else chosen[:-1]
    if row.get("prompt") is None:
        if rejected[:-1] != prompt:
            raise RowFault("has two prompts, one before each answer")
        chosen, rejected = chosen[-1:], rejected[-1:]
    if rejected[-1].role != "assistant" or not rejected[-1].content.strip():
        raise RowFault("has no rejected answer")
    return Preference(prompt, chosen, rejected)


def side_of(value: Any, role: str, what: str) -> Chat:
    """What the column `what` holds: a text that `role` says, a transcript, or messages.

    Raises:
        RowFault: it is none of these.
    """
    if not isinstance(value, str):
        if not isinstance(value, list | tuple):
            raise Unreadable(f"has a {what} that is not text")
        return _messages(value, what)
    if value.startswith(TRANSCRIPT):
        return _transcript(value)
    return (Message.model_validate({"role": role, "content": value}),)


def _transcript(text: str) -> Chat:
    """Turns as Anthropic's hh-rlhf writes them: each speaker after an empty line."""
    _, *parts = _SPEAKER.split(text)
    roles = ("user" if speaker == "Human" else "assistant" for speaker in parts[::2])
    return tuple(
        Message.model_validate({"role": role, "content": said}) for role, said in zip(roles, parts[1::2], strict=True)
    )


def _messages(value: Any, what: str) -> Chat:
    if not isinstance(value, list | tuple) or not value:
        raise Unreadable(f"has no list of messages in {what}")
    return tuple(_message(item) for item in value)


def _message(item: Any) -> Message:
    if not isinstance(item, Mapping):
        raise Unreadable("has a message that is not an object")
    role, content = item.get("role"), item.get("content")
    if role is None and content is None and isinstance(item.get("from"), str):
        role, content = SPEAKERS.get(item["from"], item["from"]), item.get("value")
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
