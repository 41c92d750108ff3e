"""Classes of `spec/frozen.py` behave as those that the standard library's decorator makes."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, field
from typing import Any, ClassVar

import pytest

from spec.frozen import dataclass
from spec.source import Span


def shape(decorate: Any) -> Any:
    @decorate(frozen=True, slots=True)
    class Shape:
        name: str
        sides: tuple[int, ...] = ()
        tags: list[str] = field(default_factory=list)
        place: int = field(default=0, compare=False)
        hidden: int = field(default=7, repr=False)
        FLAT: ClassVar[bool] = True

        @property
        def count(self) -> int:
            return len(self.sides)

    return Shape


def nothing(decorate: Any) -> Any:
    @decorate(frozen=True, slots=True)
    class Nothing:
        """Holds nothing."""

    return Nothing


def single(decorate: Any) -> Any:
    @decorate(frozen=True, slots=True)
    class Single:
        only: Any

        def __repr__(self) -> str:
            return "my own"

    return Single


PAIRS = [(make(dataclass), make(dataclasses.dataclass)) for make in (shape, nothing, single)]
CALLS: list[tuple[int, tuple[Any, ...], dict[str, Any]]] = [
    (0, ("a",), {}),
    (0, ("a", (1, 2), ["x"], 3, 4), {}),
    (0, (), {"name": "b", "hidden": 1}),
    (0, (), {}),
    (0, ("a",), {"wrong": 1}),
    (1, (), {}),
    (1, (1,), {}),
    (2, ((1, 2),), {}),
    (2, (), {"only": None}),
]


def tried(make: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        return make(*args, **kwargs)
    except TypeError as error:
        return str(error)


@pytest.mark.parametrize(("which", "args", "kwargs"), CALLS)
def test_instances_are_as_the_library_makes_them(which: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    ours, theirs = (tried(made, args, kwargs) for made in PAIRS[which])
    if isinstance(theirs, str):
        assert ours == theirs
        return
    assert repr(ours) == repr(theirs)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert ours != theirs
    assert ours == PAIRS[which][0](*args, **kwargs)
    assert copy.deepcopy(ours) == copy.copy(ours) == dataclasses.replace(ours) == ours


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_classes_are_as_the_library_makes_them(ours: Any, theirs: Any) -> None:
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__slots__ == theirs.__slots__
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert [(f.name, f.type, f.compare) for f in dataclasses.fields(ours)] == [
        (f.name, f.type, f.compare) for f in dataclasses.fields(theirs)
    ]
    with pytest.raises(FrozenInstanceError):
        tried(ours, ("a",) * len(ours.__slots__), {}).name = "b"


def test_what_is_not_compared_changes_neither_equality_nor_hash() -> None:
    make = PAIRS[0][0]
    one, moved, other = make("a", tags=(), place=1), make("a", tags=(), place=2), make("b", tags=())
    assert one == moved
    assert hash(one) == hash(moved)
    assert one != other
    assert len({one, moved, other}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(make("a"))


def test_nothing_can_be_set_or_deleted() -> None:
    one = PAIRS[0][0]("a")
    with pytest.raises(FrozenInstanceError, match="name"):
        one.name = "b"
    with pytest.raises(FrozenInstanceError, match="name"):
        del one.name
    assert one.name == "a"


def test_each_instance_has_a_default_of_its_own() -> None:
    make = PAIRS[0][0]
    make("a").tags.append("x")
    assert make("a").tags == []


def test_pickles_come_back() -> None:
    span = Span("a.tenet", 1, 2, 3, 4)
    assert pickle.loads(pickle.dumps(span)) == span


def test_fields_that_are_not_taken_by_their_place_are_refused() -> None:
    with pytest.raises(TypeError, match="takes every field"):

        @dataclass(frozen=True, slots=True)
        class Odd:
            late: int = field(default=0, kw_only=True)
