"""`dataclass`, `field`, `fields` and `replace` as in `dataclasses`, made at a fraction of the price.

That module imports `inspect` and compiles six functions for every class as it is imported, called or not: of a small
build that was two fifths of its time. Here a method is compiled when it is first called, and then takes the place of
what was called. Knows what the classes of this project ask for, with slots and without inheritance of fields, and
refuses everything else; type checkers see the standard ones, and those work on these classes too.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass, field, fields, replace
    from typing import Any

__all__ = ["dataclass", "field", "fields", "replace"]

_ABSENT = object()


class _Field:
    """One field of a class, in the words of `dataclasses.field`."""

    __slots__ = ("compare", "default", "default_factory", "init", "name", "repr")

    def __init__(self, default: object, default_factory: object, *, init: bool, repr: bool, compare: bool) -> None:  # noqa: A002
        self.name = ""
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare


class _StandardFields:
    """What `dataclasses` looks for in a class, made for whoever asks it about one of these."""

    __slots__ = ()

    def __get__(self, instance: object, owner: type) -> Any:
        import dataclasses

        own: tuple[_Field, ...] = owner.__fields__  # type: ignore[attr-defined]
        twin = dataclasses.make_dataclass(
            owner.__name__,
            [(one.name, owner.__annotations__[one.name], dataclasses.field(**_words(one))) for one in own],
        )
        found: object = vars(twin)["__dataclass_fields__"]
        type.__setattr__(owner, "__dataclass_fields__", found)
        return found


def _words(one: _Field) -> dict[str, Any]:
    words: dict[str, Any] = {"init": one.init, "repr": one.repr, "compare": one.compare}
    for name in ("default", "default_factory"):
        value = getattr(one, name)
        if value is not _ABSENT:
            words[name] = value
    return words


if not TYPE_CHECKING:

    def field(*, default=_ABSENT, default_factory=_ABSENT, init=True, repr=True, compare=True):  # noqa: A002
        return _Field(default, default_factory, init=init, repr=repr, compare=compare)

    def fields(value):
        """Those of a class or of its instance, in order."""
        return value.__fields__

    def replace(value, /, **changes):
        """A copy with other values in some fields. Those that `__init__` does not take cannot be among them."""
        for one in value.__fields__:
            if not one.init:
                if one.name in changes:
                    raise TypeError(f"the field {one.name} is not one that __init__ takes")
            elif one.name not in changes:
                changes[one.name] = getattr(value, one.name)
        return value.__class__(**changes)

    def dataclass(*, slots, frozen=False):
        if not slots:
            raise TypeError("only classes with slots are made here")
        return lambda cls: _made(cls, frozen=frozen)


# --- making a class --------------------------------------------------------------------------------------


def _made(cls: type, *, frozen: bool) -> Any:
    """The class again, with slots: they can only be given as it is made."""
    namespace = dict(cls.__dict__)
    own = tuple(_field(name, namespace.pop(name, _ABSENT)) for name in cls.__annotations__)
    if any(hasattr(base, "__fields__") for base in cls.__bases__):
        raise TypeError(f"{cls.__qualname__} inherits fields")
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    namespace["__slots__"] = tuple(one.name for one in own)
    namespace["__fields__"] = own
    namespace["__match_args__"] = tuple(one.name for one in own if one.init)
    namespace["__dataclass_fields__"] = _StandardFields()
    namespace.setdefault("__repr__", _repr)
    if frozen:
        namespace |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        namespace |= {"__getstate__": _state, "__setstate__": _set_state}

    def __init__(self: object, *args: object, **kwargs: object) -> None:
        made.__init__ = _initializer(made, own, frozen=frozen)
        made.__init__(self, *args, **kwargs)

    def __eq__(self: object, other: object) -> Any:
        made.__eq__ = _equality(made, own)
        return made.__eq__(self, other)

    def __hash__(self: object) -> Any:
        made.__hash__ = _hash(made, own)
        return made.__hash__(self)

    namespace.setdefault("__init__", __init__)
    namespace.setdefault("__eq__", __eq__)
    if namespace.get("__hash__") is None:  # a class that has `__eq__` has None
        namespace["__hash__"] = __hash__ if frozen else None
    made: Any = type(cls)(cls.__name__, cls.__bases__, namespace)
    made.__qualname__ = cls.__qualname__
    return made


def _field(name: str, default: object) -> _Field:
    found = default if isinstance(default, _Field) else _Field(default, _ABSENT, init=True, repr=True, compare=True)
    if isinstance(found.default, list | dict | set):
        raise ValueError(f"the default of {name} could be changed; use default_factory")
    found.name = name
    return found


def _initializer(cls: type, own: tuple[_Field, ...], *, frozen: bool) -> Callable[..., None]:
    """`__init__`, as `dataclasses` would write it. A slot's own `__set__` is what a frozen value lets through."""
    scope: dict[str, object] = {"_absent": _ABSENT}
    parameters, body = ["self"], []
    for number, one in enumerate(own):
        name, value = one.name, one.name
        if one.default_factory is not _ABSENT:
            scope[f"_make{number}"] = one.default_factory
            value = f"_make{number}() if {name} is _absent else {name}" if one.init else f"_make{number}()"
        elif one.default is not _ABSENT:
            scope[f"_default{number}"] = one.default
            value = name if one.init else f"_default{number}"
        elif not one.init:
            continue
        if one.init:
            has_factory, has_default = one.default_factory is not _ABSENT, one.default is not _ABSENT
            default = "=_absent" if has_factory else f"=_default{number}" if has_default else ""
            parameters.append(name + default)
        scope[f"_set{number}"] = cls.__dict__[name].__set__
        body.append(f" _set{number}(self, {value})" if frozen else f" self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    return _compiled(cls, f"__init__({', '.join(parameters)})", body or [" pass"], scope)


def _equality(cls: type, own: tuple[_Field, ...]) -> Callable[[object, object], bool]:
    here, there = (_tuple(name, own) for name in ("self", "other"))
    body = [" if other.__class__ is self.__class__:", f"  return {here} == {there}", " return NotImplemented"]
    return _compiled(cls, "__eq__(self, other)", body, {})


def _hash(cls: type, own: tuple[_Field, ...]) -> Callable[[object], int]:
    return _compiled(cls, "__hash__(self)", [f" return hash({_tuple('self', own)})"], {})


def _tuple(value: str, own: tuple[_Field, ...]) -> str:
    return "(" + "".join(f"{value}.{one.name}," for one in own if one.compare) + ")"


def _compiled(cls: type, head: str, body: list[str], scope: dict[str, object]) -> Callable[..., Any]:
    exec(f"def {head}:\n" + "\n".join(body), scope)
    made: Any = scope[head.partition("(")[0]]
    made.__qualname__ = f"{cls.__qualname__}.{made.__name__}"
    return made  # type: ignore[no-any-return]


def _repr(self: Any) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in self.__fields__ if one.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _refuse_to_set(self: object, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    """For copies and other processes."""
    return [getattr(self, one.name) for one in self.__fields__]


def _set_state(self: Any, state: list[object]) -> None:
    for one, value in zip(self.__fields__, state, strict=True):
        object.__setattr__(self, one.name, value)
