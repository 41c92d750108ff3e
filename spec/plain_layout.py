r"""Plain data as YAML or JSON text, in one layout.

In: dictionaries, lists, texts, numbers, flags. Out: text that any reader of YAML 1.1 or 1.2 (or JSON) reads as the same
data. A mapping or list stands on one line where it holds no other and fits; a text of several lines stands behind `|`.
This file must not know the language.

>>> print(to_yaml({"tenet": 1, "trait": {"calm": {"means": "Is calm: always.", "target": ">= 80%", "tags": ["a"]}}}))
tenet: 1
<BLANKLINE>
trait:
  calm:
    means: "Is calm: always."
    target: ">= 80%"
    tags: [a]
<BLANKLINE>
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

WIDTH = 100
INDENT = "  "
MOST = 3
"""The most entries of a mapping on one line."""

# What is a text without quotes for every reader: no sign at its start or end, no `: ` or ` #`, no other type's word.
_PLAIN = re.compile(r"[^\W\d_](?:[\w '()./+*%&?!;=<>\"@^~$|-]|,(?= )|:(?=\w)|#(?<=\w#))*", re.ASCII)
_IN_FLOW = re.compile(r"[^,\[\]{}?]*")
_WORDS = re.compile(r"true|false|yes|no|on|off|y|n|null|nan|inf|~", re.IGNORECASE)


def to_json(data: Any) -> str:
    """Return `data` as JSON, two spaces a level; what cannot be seen is written as an escape."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    lines = (line if line.isprintable() else _seen(line, json.dumps) for line in text.split("\n"))
    return "\n".join(lines) + "\n"


def to_yaml(data: dict[str, Any]) -> str:
    """Return `data` as YAML; a blank line stands before each key of the top that takes several."""
    lines: list[str] = []
    for key, value in data.items():
        written = list(_entry(key, value, 0))
        if lines and (len(written) > 1 or lines[-1].startswith(" ") or lines[-1] == "tenet: 1"):
            lines.append("")
        lines.extend(written)
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, level: int) -> Iterator[str]:
    """Yield the lines of a key with its value."""
    head = f"{INDENT * level}{scalar(key, flow=True)}:"
    flat = _flat(value)
    if flat is not None and len(head) + 1 + len(flat) <= WIDTH:
        yield f"{head} {flat}"
    elif isinstance(value, dict):
        yield head
        for name, inner in value.items():
            yield from _entry(name, inner, level + 1)
    elif isinstance(value, list):
        yield head
        for item in value:
            yield from _item(item, level + 1)
    else:
        yield from _text(head, value, level)


def _item(value: Any, level: int) -> Iterator[str]:
    """Yield the lines of an item of a list."""
    dash = f"{INDENT * level}-"
    flat = _flat(value)
    if flat is not None and len(dash) + 1 + len(flat) <= WIDTH:
        yield f"{dash} {flat}"
    elif isinstance(value, dict):
        lines = [line for name, inner in value.items() for line in _entry(name, inner, level + 1)]
        yield f"{dash} {lines[0].lstrip(' ')}"
        yield from lines[1:]
    else:
        yield from _text(dash, value, level)


def _text(head: str, value: Any, level: int) -> Iterator[str]:
    """Yield a scalar, or a text of several lines as they are."""
    if not isinstance(value, str) or not _stays(value):
        yield f"{head} {scalar(value)}"
        return
    lines = value.split("\n")
    yield f"{head} |{'' if value.endswith(chr(10)) else '-'}"
    yield from (f"{INDENT * (level + 1)}{line}" if line else "" for line in (lines[:-1] if not lines[-1] else lines))


def _stays(text: str) -> bool:
    """Whether a text can stand behind `|`: several lines, of which none needs an escape or a space at its end."""
    lines = text.split("\n")
    if len(lines) < 2 or not lines[0].strip() or lines[0][0] == " " or not all(map(str.isprintable, lines)):
        return False
    inner = lines[:-1] if not lines[-1] else lines
    return all(line == line.rstrip() for line in lines) and bool(inner[-1])


def _flat(value: Any) -> str | None:
    """Return a mapping or list on one line; None where it needs several, and for a scalar."""
    if isinstance(value, dict):
        inner = list(value.values())
        if len(inner) > MOST or not all(map(_is_short, inner)):
            return None
        return f"{{{', '.join(f'{scalar(key, flow=True)}: {scalar(held, flow=True)}' for key, held in value.items())}}}"
    if isinstance(value, list) and all(map(_is_short, value)):
        return f"[{', '.join(scalar(item, flow=True) for item in value)}]"
    return None


def _is_short(value: Any) -> bool:
    return not isinstance(value, dict | list) and not (isinstance(value, str) and "\n" in value)


def scalar(value: Any, *, flow: bool = False) -> str:
    """Return a scalar on one line, without quotes where every reader takes it for this text; `flow`: in brackets."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return json.dumps(value)
    plain = _PLAIN.fullmatch(value) and not _WORDS.fullmatch(value) and value[-1] not in " :"
    if plain and not (flow and not _IN_FLOW.fullmatch(value)):
        return value
    if ("\\" in value or '"' in value) and value.isprintable():
        quoted = value.replace("'", "''")
        return f"'{quoted}'"
    return _seen(json.dumps(value, ensure_ascii=False), _escaped)


def _seen(text: str, escaped: Callable[[str], str]) -> str:
    return "".join(char if char.isprintable() else escaped(char).strip('"') for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
