"""Lines that are certainly chats: a regular expression of a line, learned from a row that was read.

In: a line that holds a chat. Out: an expression for RE2. A line that it matches is JSON, in the same shape, with a user
message, with an answer at the end, with no empty answer, and without a character that `folding.hiding` names or an
escape that could stand for one. Lines that it does not match may be all of this as well. This file must not know rules.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from compiler.chat_rows import READ
from compiler.corpus.folding import hiding

_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_COMMA = ", ?"
_COLON = ": ?"
_ESCAPE = r'\\["\\/bfnrt]'
_OTHER_KEYS = frozenset(READ) - {"messages"}
"""Keys that make another shape of a row, which is read one by one."""


@cache
def _character() -> str:
    # Surrogates: RE2 would take their bytes, which are no UTF-8.
    return rf'(?:[^"\\\x00-\x1f\x{{D800}}-\x{{DFFF}}{hiding()}]|{_ESCAPE})'


def _string() -> str:
    return f'"{_character()}*"'


def _filled() -> str:
    """A string that is not all white space: an ASCII character is drawn somewhere in it."""
    return rf'"{_character()}*[!#-\[\]-~]{_character()}*"'


def learn(line: bytes) -> str | None:
    """Return an expression for lines in the shape of `line`, which holds a chat; None where there is none."""
    try:
        # Pairs, since a key that stands twice means the last one.
        pairs = json.loads(line, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, _Object) or not pairs.plain:
        return None
    fields = []
    for key, value in pairs.items:
        if key in _OTHER_KEYS:
            return None
        pattern = _messages(value) if key == "messages" else _value(value)
        if pattern is None:
            return None
        fields.append(_key(key) + pattern)
    return rf"^\{{{_COMMA.join(fields)}\}}\r?\n?$" if any(key == "messages" for key, _ in pairs.items) else None


class _Object:
    """A JSON object, its keys in order. plain: no key stands twice, and none needs an escape."""

    def __init__(self, items: list[tuple[str, Any]]) -> None:
        self.items = items
        keys = [key for key, _ in items]
        self.plain = len(set(keys)) == len(keys) and all(re.fullmatch(r"[\w .:/-]+", key, re.ASCII) for key in keys)


def _key(key: str) -> str:
    return f'"{re.escape(key)}"{_COLON}'


def _value(value: Any) -> str | None:
    """The expression of a value that no rule looks at."""
    if isinstance(value, str):
        return _string()
    if value is None or isinstance(value, bool):
        return "(?:true|false|null)"
    if isinstance(value, int | float):
        return _NUMBER
    if isinstance(value, list):
        items = {_value(item) for item in value}
        if None in items or len(items) > 1:
            return None
        item = items.pop() if items else _string()
        return rf"\[(?:{item}(?:{_COMMA}{item})*)?\]"
    if not isinstance(value, _Object) or not value.plain:
        return None
    fields = [(key, _value(inner)) for key, inner in value.items]
    if any(pattern is None for _, pattern in fields):
        return None
    return r"\{" + _COMMA.join(_key(key) + str(pattern) for key, pattern in fields) + r"\}"


def _messages(value: Any) -> str | None:
    if not isinstance(value, list) or not value:
        return None
    forms: dict[tuple[tuple[str, str], ...], None] = {}
    for message in value:
        form = _form(message)
        if form is None:
            return None
        forms[form] = None
    system, user, answer = (
        "(?:" + "|".join(_message(form, role) for form in forms) + ")" for role in ("system", "user", "assistant")
    )
    before = f"(?:(?:{system}|{answer}){_COMMA})*"
    between = f"(?:(?:{system}|{user}|{answer}){_COMMA})*"
    return rf"\[{before}{user}{_COMMA}{between}{answer}\]"


def _form(message: Any) -> tuple[tuple[str, str], ...] | None:
    """The keys of a message, with the expressions of values that no rule looks at."""
    if not isinstance(message, _Object) or not message.plain:
        return None
    form = []
    for key, value in message.items:
        pattern = "" if key in ("role", "content") else _value(value)
        if pattern is None or (key == "content" and not isinstance(value, str)):
            return None
        form.append((key, pattern))
    return tuple(form) if {"role", "content"} <= {key for key, _ in form} else None


def _message(form: tuple[tuple[str, str], ...], role: str) -> str:
    content = _filled() if role == "assistant" else _string()
    told = {"role": f'"{role}"', "content": content}
    return r"\{" + _COMMA.join(_key(key) + told.get(key, pattern) for key, pattern in form) + r"\}"
