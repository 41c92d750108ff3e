"""The settings that each method's trainer has, from the installed library's own dataclasses, as JSON.

In: nothing. Out: the text of `compiler/lowering/trainer_settings.json`, by which a spec is checked without the library.
A test holds the file equal to this:

    python -m backends.train.settings > compiler/lowering/trainer_settings.json
"""

from __future__ import annotations

import dataclasses
import json
import types
from importlib.metadata import version
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from backends.train.identity import method_names

KINDS = {bool: "flag", int: "whole", float: "number", str: "text", list: "list"}
"""What a spec can say. A setting of any other type stands without one."""


def generated() -> str:
    """Return the file: what all methods know, and what each knows beside, with the kinds of value that it takes."""
    from importlib import import_module

    from trl import ModelConfig

    known = {
        name: {**_kinds(ModelConfig), **_kinds(import_module(f"backends.train.methods.{name}").config())}
        for name in method_names()
    }
    first = next(iter(known.values()))
    everywhere = {key: kinds for key, kinds in first.items() if all(own.get(key) == kinds for own in known.values())}
    own = {
        name: {key: kinds for key, kinds in sorted(of.items()) if key not in everywhere} for name, of in known.items()
    }
    whole = {"trl": version("trl"), "every method": dict(sorted(everywhere.items())), "methods": own}
    return json.dumps(whole, indent=1) + "\n"


def _kinds(config: type) -> dict[str, str]:
    hints = get_type_hints(config)
    return {field.name: " or ".join(sorted(_of(hints[field.name]))) for field in dataclasses.fields(config)}


def _of(hint: Any) -> set[str]:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return set().union(*(_of(part) for part in get_args(hint)))
    if origin is Literal:
        return {KINDS[type(choice)] for choice in get_args(hint)}
    kind = KINDS.get(origin or hint)
    if kind is None and isinstance(hint, type) and issubclass(hint, str):
        kind = "text"  # an enumeration of texts
    return {kind} if kind else set()


if __name__ == "__main__":
    print(generated(), end="")
