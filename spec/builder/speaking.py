"""How messages speak of the builder's calls: help as Python is written, and arguments that a function does not have.

In: help as `.tenet` text has it; a function of the builder. Out: the same help in calls; the same function, which says
which argument was meant. This file must not know which statements there are.
"""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from spec.diagnostics import closest

P = ParamSpec("P")
R = TypeVar("R")

_BLOCK = re.compile(r"`(\w+) ([\w.-]+) \{ (.*?) \}`")
_FIELD = re.compile(r"(\w+): (\"(?:[^\"\\]|\\.)*\"|\[[^\]]*\]|[^`{\"]+?)(?=  |, \w+: |`|$)")


def named(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function of the builder tell which argument was meant by one that it does not have.

    >>> @named
    ... def trait(name, *, means=None): return name
    >>> trait("calm", mean="Is calm.")
    Traceback (most recent call last):
    TypeError: trait() has no argument `mean`; did you mean `means`?
    """
    parameters = inspect.signature(function).parameters
    names = [p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        unknown = next((name for name in kwargs if name not in names), None)
        if unknown is not None and not takes_any:
            kept = f"{unknown}_" if f"{unknown}_" in names else closest(unknown, names)
            hint = f"did you mean `{kept}`?" if kept else f"it has: {', '.join(names)}"
            raise TypeError(f"{function.__name__}() has no argument `{unknown}`; {hint}")
        return function(*args, **kwargs)

    return call


def in_calls(help: str) -> str:
    """Say in calls and arguments what a message says in blocks and fields.

    >>> in_calls("declare it: `dimension tier { values: [free, paid] }`")
    'declare it: `dimension("tier", values=["free", "paid"])`'
    >>> in_calls('add `not: "Saccharine."`, or write `target: >= 85%`')
    'add `not_="Saccharine."`, or write `target=">= 85%"`'
    """
    help = _BLOCK.sub(lambda found: f'`{found[1]}("{found[2]}", {_arguments(found[3])})`', help)
    return re.sub(r"`(\w+: [^`]*)`", lambda found: f"`{_arguments(found[1])}`", help)


def _arguments(fields: str) -> str:
    """`type: number  says: "..."` -> `type="number", says="..."`; what is not made of fields stays as it is."""
    found = list(_FIELD.finditer(fields))
    if not found or _FIELD.sub("", fields).strip(" ,"):
        return fields
    return ", ".join(f"{_python(name)}={_literal(value)}" for name, value in (match.groups() for match in found))


def _python(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def _literal(value: str) -> str:
    if value.startswith("["):
        return f"[{', '.join(_literal(item.strip()) for item in value[1:-1].split(',') if item.strip())}]"
    if value in ("true", "false"):
        return value.capitalize()
    if value.startswith('"') or re.fullmatch(r"-?\d+(\.\d+)?", value):
        return value
    return f'"{value}"'
