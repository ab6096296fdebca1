"""Our `dataclass` does what the standard one does, for all that this project asks of it."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetbuild import values

T = TypeVar("T")


def point(module: Any) -> type:
    @module.dataclass(frozen=True, slots=True)
    class Point:
        """Some defaults, some not."""

        x: int
        y: int = 2
        tags: list[str] = module.field(default_factory=list)
        place: str = module.field(default="there", compare=False, repr=False)

    return Point


def grown(module: Any) -> type:
    @module.dataclass(slots=True)
    class Grown:
        size: int
        twice: int = module.field(init=False)
        seen: set[int] = module.field(default_factory=set, init=False)

        def __post_init__(self) -> None:
            self.twice = 2 * self.size

    return Grown


def lone(module: Any) -> type:
    @module.dataclass(frozen=True, slots=True)
    class Lone(Generic[T]):
        value: T

        def __repr__(self) -> str:
            return "its own"

    return Lone


def told(call: Callable[[], object]) -> object:
    """What a call gives, or the kind of error that it raises."""
    try:
        return repr(call())
    except (AttributeError, TypeError) as error:
        return type(error)


ASKED: dict[str, tuple[Callable[[Any], type], Callable[[type, Any], object]]] = {
    "all by position": (point, lambda cls, _: cls(1, 3, ["a"], "here")),
    "all by name": (point, lambda cls, _: cls(place="here", tags=[], y=4, x=1)),
    "too few": (point, lambda cls, _: cls()),
    "too many": (point, lambda cls, _: cls(1, 2, [], "", 5)),
    "an unknown name": (point, lambda cls, _: cls(1, z=1)),
    "a list of its own for each": (point, lambda cls, _: cls(1).tags is cls(1).tags),
    "what does not count is not compared": (point, lambda cls, _: cls(1, place="a") == cls(1, place="b")),
    "other values": (point, lambda cls, _: cls(1) == cls(2)),
    "another class": (point, lambda cls, _: cls(1) == (1, 2, [])),
    "a hash of what cannot have one": (point, lambda cls, _: hash(cls(1))),
    "equal hashes": (point, lambda cls, _: hash(cls(1, 2, ())) == hash(cls(1, 2, (), "x"))),
    "setting": (point, lambda cls, _: setattr(cls(1), "x", 2)),
    "deleting": (point, lambda cls, _: delattr(cls(1), "x")),
    "no dictionary": (point, lambda cls, _: cls(1).__dict__),
    "patterns": (point, lambda cls, _: cls.__match_args__),  # type: ignore[attr-defined]
    "another value": (point, lambda cls, module: module.replace(cls(1, place="here"), y=9)),
    "another value of an unknown field": (point, lambda cls, module: module.replace(cls(1), z=9)),
    "names of fields": (point, lambda cls, module: [one.name for one in module.fields(cls(1))]),
    "copies": (point, lambda cls, _: (copy.copy(cls(1, 5)), copy.deepcopy(cls(1, 5)))),
    "after init": (grown, lambda cls, _: cls(3)),
    "a field that init does not take": (grown, lambda cls, _: cls(3, 4)),
    "another value of its neighbour": (grown, lambda cls, module: module.replace(cls(3), size=5)),
    "setting a variable one": (grown, lambda cls, _: setattr(cls(3), "size", 4)),
    "a hash of a variable one": (grown, lambda cls, _: hash(cls(3))),
    "a variable one's slots": (grown, lambda cls, _: setattr(cls(3), "unknown", 4)),
    "its own repr": (lone, lambda cls, _: cls(1)),
    "one field": (lone, lambda cls, _: (cls(1) == cls(1), hash(cls(1)) == hash(cls(1)), cls(1) == cls(2))),
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_class_answers_as_the_standard_one(asked: str) -> None:
    body, ask = ASKED[asked]
    assert told(lambda: ask(body(values), values)) == told(lambda: ask(body(dataclasses), dataclasses))


@values.dataclass(frozen=True, slots=True)
class Pair:
    left: int
    right: str = "r"


@given(st.integers(), st.text(), st.integers(), st.text())
def test_values_are_equal_exactly_where_their_fields_are(a: int, b: str, c: int, d: str) -> None:
    one, other = Pair(a, b), Pair(c, d)
    assert (one == other) == ((a, b) == (c, d))
    assert hash(one) == hash(Pair(a, b))
    assert pickle.loads(pickle.dumps(one)) == one


def test_the_standard_functions_work_on_our_classes() -> None:
    assert dataclasses.is_dataclass(Pair)
    assert [one.name for one in dataclasses.fields(Pair)] == ["left", "right"]
    assert dataclasses.replace(Pair(1), right="x") == Pair(1, "x")
    assert dataclasses.asdict(Pair(1)) == {"left": 1, "right": "r"}


def test_nothing_can_be_set_in_a_frozen_value_and_no_field_replaced_that_init_does_not_take() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Pair(1).unknown = 2  # type: ignore[attr-defined]
    assert lone(values)[int](1).value == 1  # type: ignore[index]
    with pytest.raises(TypeError, match="twice is not one that __init__ takes"):
        values.replace(grown(values)(3), twice=1)


def test_what_is_not_made_here_is_refused() -> None:
    make: Any = values.dataclass
    with pytest.raises(TypeError, match="only classes with slots"):
        make(slots=False)
    with pytest.raises(TypeError, match="inherits fields"):

        @values.dataclass(slots=True)
        class _Heir(Pair):  # type: ignore[misc]
            more: int = 0

    with pytest.raises(ValueError, match="use default_factory"):

        @make(slots=True)
        class _Shared:
            items: list[int] = []  # noqa: RUF012
