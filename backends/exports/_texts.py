"""What an exported model reads and starts from: tokenizer files, chat template, compiled prompt.

In: the base's files and the compiled prompt. Out: the same files in the export, with a chat template that starts from
the prompt where it is given no system message. It is held against the base's own template, which is given the prompt.
This file must not know weights.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from backends.bases import Base, load_chat
from backends.chats import Chat
from backends.train.verifying import Check
from compiler.records.record import Message

PROMPT_FILE = "system_prompt.md"
TEMPLATE_FILE = "chat_template.jinja"
TOKENIZER_FILES = ("tokenizer*", "vocab.*", "merges.txt", "special_tokens_map.json", "added_tokens.json")
USER = Message(role="user", content="Good morning.")
OWN = Message(role="system", content="Be brief.")
TALKS: tuple[tuple[Message, ...], ...] = (
    (USER,),
    (USER, Message(role="assistant", content="Good morning to you."), USER),
    (OWN, USER),
)
TALK_TEXTS = tuple(message.content for talk in TALKS for message in talk)


def write(base: Base, prompt: str, folder: Path, *, prompted: bool) -> bool:
    """Put tokenizer, chat template and prompt into `folder`; return whether the template starts from the prompt, which
    one without a system role cannot."""
    chat = load_chat(base)
    for pattern in TOKENIZER_FILES:
        for file in sorted(base.path.glob(pattern)):
            if file.is_file():
                shutil.copyfile(file, folder / file.name)
    _forget_template(folder / "tokenizer_config.json")
    starts = bool(prompted and prompt and chat.has_system)
    (folder / TEMPLATE_FILE).write_text(template_of(chat, prompt if starts else ""), encoding="utf-8")
    (folder / PROMPT_FILE).write_text(prompt + "\n", encoding="utf-8")
    return starts


def _forget_template(path: Path) -> None:
    """A template stands in one place, so that no two can differ."""
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if told.pop("chat_template", None) is not None:
        path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def template_of(chat: Chat, prompt: str) -> str:
    """The base's chat template; with a prompt, one that puts it first where the first message is not the system's."""
    template = chat.tokenizer.chat_template
    own = str(template.get("default", "") if isinstance(template, dict) else template)
    return starting_from(own, prompt) if prompt else own


def starting_from(template: str, prompt: str) -> str:
    r"""Return a template that renders chats without a system message as `template` renders them with this one.

    >>> print(starting_from("{{ messages[0]['content'] }}", 'Say "Arr".\nBe brief.'))
    {%- if not messages or messages[0]['role'] not in ['system', 'developer'] -%}
    {%- set messages = [{'role': 'system', 'content': "Say \"Arr\".\nBe brief."}] + messages -%}
    {%- endif %}{{ messages[0]['content'] }}
    """
    quoted = json.dumps(prompt, ensure_ascii=False)
    return (
        "{%- if not messages or messages[0]['role'] not in ['system', 'developer'] -%}\n"
        f"{{%- set messages = [{{'role': 'system', 'content': {quoted}}}] + messages -%}}\n"
        f"{{%- endif %}}{template}"
    )


def check(base: Base, prompt: str, folder: Path, prompted: bool | None) -> Iterator[Check]:
    """Hold an export's tokenizer and template against the base's. prompted: whether chats start from the prompt; None
    where nothing says."""
    from transformers import AutoTokenizer

    chat = load_chat(base)
    own = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    same = all(own(text)["input_ids"] == chat.tokenizer(text)["input_ids"] for text in (prompt, *TALK_TEXTS))
    yield Check("tokens", same, "those of the base" if same else "not those of the base")
    told = [rendered(own, talk) for talk in TALKS]
    plain = told == [rendered(chat.tokenizer, talk) for talk in TALKS]
    starts = told == [rendered(chat.tokenizer, under(prompt, talk)) for talk in TALKS]
    yield of_template(plain=plain, starts=starts, prompted=prompted)


def of_template(*, plain: bool, starts: bool, prompted: bool | None) -> Check:
    """plain, starts: whether a template is the base's own, and the one that puts the prompt first."""
    ok = (plain or starts) if prompted is None else (starts if prompted else plain)
    said = "the base's own" if plain else "starts from the compiled prompt" if starts else "another one"
    return Check("template", ok, said if ok or not (plain or starts) else f"{said}, which was not asked for")


def under(prompt: str, talk: Sequence[Message]) -> tuple[Message, ...]:
    """A chat with the prompt before it, unless it has a system message."""
    return tuple(talk) if talk[0].role == "system" else (Message(role="system", content=prompt), *talk)


def rendered(tokenizer: Any, talk: Sequence[Message], *, opened: bool = True) -> str | None:
    """The chat as text, with the opening of the assistant's turn; None where the template refuses it."""
    messages = [{"role": message.role, "content": message.content} for message in talk]
    try:
        return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=opened))
    except Exception:  # templates raise what they like, by raise_exception() in Jinja
        return None
