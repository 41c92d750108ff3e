"""`dataclass(frozen=True, slots=True)` for classes that every command defines anew at its start.

In: a class, as the standard library's decorator takes it. Out: a class that behaves as the one the standard library
makes, in a third of the time: a hundred of them were a fifth of what `tenet check` takes. The library writes and
compiles the source of six methods for each class; here `__init__` alone is compiled, and the others are closures.
Type checkers see the library's own decorator. This file must not know a record.

What it does not do itself it leaves to the library; fields that `__init__` does not take, or by their name only, it
refuses.

>>> @dataclass(frozen=True, slots=True)
... class Point:
...     x: int
...     y: int = 0
>>> Point(1), Point(1) == Point(1, 0), Point(1) == Point(2), len({Point(1), Point(1)})
(Point(x=1, y=0), True, False, 1)
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:
        """As the standard library's, which also makes what is not frozen and slotted."""
        return _made if options == {"frozen": True, "slots": True} else dataclasses.dataclass(cls, **options)


__all__ = ["dataclass"]


class _Factory:
    """Stands in a signature for the default that is made for each instance."""

    def __repr__(self) -> str:
        return "<factory>"


FACTORY = _Factory()


def _made(cls: type) -> type:
    if hasattr(cls, "__post_init__"):
        return dataclasses.dataclass(frozen=True, slots=True)(cls)
    # Without a docstring the library would look at the whole class to write its signature.
    cls.__doc__ = cls.__doc__ or cls.__name__
    made: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    fields = dataclasses.fields(made)
    if any(field.kw_only or not field.init for field in fields):
        raise TypeError(f"{cls.__name__}: `__init__` takes every field, by its place or name")
    names = tuple(field.name for field in fields)
    methods = {
        "__init__": _init(made, fields),
        "__repr__": _repr(tuple(field.name for field in fields if field.repr)),
        **_comparison(made, tuple(field.name for field in fields if field.compare)),
        **_state(names, tuple(getattr(made, name).__set__ for name in names)),
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
    }
    for name, method in methods.items():
        if name not in cls.__dict__:
            setattr(made, name, method)
    return made


def _init(made: type, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    """Compile `__init__`; it sets each slot by its descriptor, which freezing does not hinder."""
    missing = dataclasses.MISSING
    given: dict[str, Any] = {}
    parameters, body = ["self"], []
    for field in fields:
        name, value = field.name, field.name
        given[f"set_{name}"] = getattr(made, name).__set__
        if field.default_factory is not missing:
            given[f"new_{name}"], given["FACTORY"] = field.default_factory, FACTORY
            parameters.append(f"{name}=FACTORY")
            value = f"new_{name}() if {name} is FACTORY else {name}"
        elif field.default is not missing:
            given[f"default_{name}"] = field.default
            parameters.append(f"{name}=default_{name}")
        else:
            parameters.append(name)
        body.append(f"  set_{name}(self, {value})")
    source = f"def __init__({', '.join(parameters)}):\n" + ("\n".join(body) or "  pass")
    outer = f"def make({', '.join(given)}):\n " + source.replace("\n", "\n ") + "\n return __init__"
    scope: dict[str, Any] = {}
    exec(outer, sys.modules[made.__module__].__dict__, scope)  # as the library does: names in annotations are found
    method = scope["make"](**given)
    method.__qualname__ = f"{made.__qualname__}.__init__"
    method.__annotations__ = {**{field.name: field.type for field in fields}, "return": None}
    return method


def _repr(names: tuple[str, ...]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return __repr__


def _comparison(made: type, names: tuple[str, ...]) -> dict[str, Any]:
    values: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash((made, values(self)))

    return {"__eq__": __eq__, "__hash__": __hash__}


def _state(names: tuple[str, ...], setters: tuple[Callable[[Any, Any], None], ...]) -> dict[str, Any]:
    """What copies and pickles are made of."""

    def __getstate__(self: Any) -> list[Any]:
        return [getattr(self, name) for name in names]

    def __setstate__(self: Any, state: list[Any]) -> None:
        for put, value in zip(setters, state, strict=True):
            put(self, value)

    return {"__getstate__": __getstate__, "__setstate__": __setstate__}


def _refuse_to_set(self: object, name: str, _value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
