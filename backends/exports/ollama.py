"""A model as Ollama builds it: the GGUF of `gguf.py`, and a Modelfile with prompt, chat template and where turns end.

In: a run. Out: the same files, and Modelfile. Ollama's templates are Go's: the base's is asked what it writes around
each message, and where it writes the same around every message of a role, a Go template does too. One that does more is
left to Ollama, which knows many by name. This file must not know GGUF.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from backends.bases import load_chat
from backends.chats import Chat
from backends.exports import Options, Source, _texts, gguf
from backends.train.verifying import Check
from compiler.exports import modelfile
from compiler.exports.artifacts import Exported
from compiler.exports.modelfile import Turns
from compiler.records.record import Message

FILE = "Modelfile"
MARK = "QZXJ"


def write(source: Source, options: Options, folder: Path) -> Exported:
    # The prompt is the Modelfile's, so that a user can change it there.
    made = gguf.write(source, replace(options, prompted=False), folder)
    text = modelfile_of(source, made.weights, options, made.context)
    (folder / FILE).write_text(text, encoding="utf-8")
    return replace(made, kind="ollama", prompted=bool(options.prompted and source.prompt))


def modelfile_of(source: Source, weights: str, options: Options, context: int) -> str:
    """
    Raises:
        DataError: a Modelfile cannot hold the prompt.
    """
    chat = load_chat(source.base)
    stops = [str(text) for text in chat.tokenizer.convert_ids_to_tokens(sorted(chat.stops))]
    return modelfile.render(
        weights,
        system=source.prompt if options.prompted and source.prompt else None,
        stops=stops,
        context=context,
        temperature=options.temperature,
        turns=turns_of(chat),
    )


def turns_of(chat: Chat) -> Turns | None:
    """What the chat template writes around messages; None where that depends on more than a message's role."""
    user, assistant, system = (Message(role=role, content=f"{MARK}{role}") for role in ("user", "assistant", "system"))
    try:
        alone = _around(chat, [user], opened=False)
        opening = _around(chat, [user], opened=True)[-1].removeprefix(alone[-1])
        ends = _around(chat, [user, assistant], opened=False)[-1]
        again = _around(chat, [user, assistant, user], opened=False)[2].removeprefix(ends)
        start = alone[0].removesuffix(again)
        before, after = {"user": again, "assistant": opening}, {"user": alone[-1], "assistant": ends}
        if chat.has_system:
            head, between, _ = _around(chat, [system, user], opened=False)
            before["system"], after["system"] = head.removeprefix(start), between.removesuffix(again)
    except ValueError:
        return None
    turns = Turns(start, before, after, opening)
    first = [system] if chat.has_system else []
    talks = [[*first, user], [*first, user, assistant, user], [user], [user, assistant, user, assistant, user]]
    if any(_by_turns(turns, talk) != _texts.rendered(chat.tokenizer, talk) for talk in talks):
        return None
    return replace(turns, start=_without_beginning(chat, start))


def _around(chat: Chat, talk: list[Message], *, opened: bool) -> list[str]:
    """What stands before, between and after the messages of a rendered chat.

    Raises:
        ValueError: the template refuses it, or leaves a message out.
    """
    rest = _texts.rendered(chat.tokenizer, talk, opened=opened)
    pieces = []
    for message in talk:
        head, found, rest = (rest or "").partition(message.content)
        if not found:
            raise ValueError(message.role)
        pieces.append(head)
    return [*pieces, rest or ""]


def _by_turns(turns: Turns, talk: list[Message]) -> str:
    said = "".join(turns.before[m.role] + m.content + turns.after[m.role] for m in talk)
    return f"{turns.start}{said}{turns.opening}"


def _without_beginning(chat: Chat, start: str) -> str:
    """Ollama puts a token that begins every text there by itself."""
    beginning = chat.tokenizer.bos_token
    if beginning and chat.tokenizer("a")["input_ids"][0] == chat.tokenizer.bos_token_id:
        return start.removeprefix(beginning)
    return start


def check(source: Source, folder: Path, prompted: bool | None) -> Iterator[Check]:
    yield from gguf.check_model(source, gguf.only(folder), source.changes)
