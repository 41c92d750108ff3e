"""What stands on a line of a JSON file: the path of keys and indices that leads to it.

In: the text of a JSON file. Out: one path for each line. This file must not know what the file holds.

>>> text = '{\\n "a": 1,\\n "b": [\\n  {"c": 2},\\n  3\\n ]\\n}'
>>> for path in paths(text):
...     print(path)
()
('a',)
('b',)
('b', 0)
('b', 1)
('b',)
()
"""

from __future__ import annotations

import json
import re
from typing import Any

Path = tuple[str | int, ...]
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\],:]|[^\s{}\[\],:"]+|\n')


def paths(text: str) -> list[Path]:
    """Return for each line the path of the first thing that begins on it, or else of what ends there."""
    found: list[Path] = []
    current: Path | None = None
    # The way down to where the scan is: a key or None in an object, an index in a list.
    stack: list[str | int | None] = []
    in_object: list[bool] = []
    for token in _TOKEN.findall(text):
        match token:
            case "\n":
                found.append(_whole(stack) if current is None else current)
                current = None
                continue
            case "}" | "]":
                stack.pop()
                in_object.pop()
                current = _whole(stack) if current is None else current
            case ",":
                stack[-1] = None if in_object[-1] else _next(stack[-1])
            case ":":
                pass
            case _:
                if in_object and in_object[-1] and stack[-1] is None:
                    stack[-1] = json.loads(token)
                current = _whole(stack) if current is None else current
                if token in ("{", "["):
                    in_object.append(token == "{")
                    stack.append(None if token == "{" else 0)
    found.append(_whole(stack) if current is None else current)
    return found[: len(text.splitlines())]


def _whole(stack: list[str | int | None]) -> Path:
    return tuple(step for step in stack if step is not None)


def _next(index: str | int | None) -> int:
    assert isinstance(index, int)
    return index + 1


def values(whole: Any, path: Path) -> list[Any]:
    """Return the value at each step of a path, the whole file first."""
    found = [whole]
    for step in path:
        found.append(found[-1][step])
    return found
