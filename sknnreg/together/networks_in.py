"""Whether tasks hold a network of ours, anywhere in their functions and arguments."""

from __future__ import annotations

import dis
import functools
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from numbers import Number
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

# What the class of a network has, and no other: our own classes stand above this package.
MARK = "_trains_together"
# How far is looked: things in all, and things in one list or array.
MOST_THINGS, MOST_ELEMENTS = 20_000, 1_000

# Code that cannot name our classes; what it is given may.
_KNOWN = {"joblib", "numpy", "scipy", "sklearn", "sknnreg", "threadpoolctl"}
_KNOWN |= sys.stdlib_module_names - {"__main__"}
# Folders of installed packages; the second is Debian's.
_INSTALLED = {"site-packages", "dist-packages"}
_PLAIN = (str, bytes, bytearray, Number, np.generic, range, slice, type(None), ModuleType)


def hold_network(tasks: Iterable[Any]) -> bool:
    """Whether a network may train in these tasks.

    Estimators are looked through by their parameters and fitted attributes, containers by their
    elements, a user's own functions and classes by what they name.
    """
    queue = deque(tasks)
    # The things too, not their ids alone: what has gone could lend its id to another.
    seen: dict[int, Any] = {}
    while queue and len(seen) < MOST_THINGS:
        thing = queue.popleft()
        if isinstance(thing, _PLAIN) or id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if is_network(thing):
            return True
        with suppress(Exception):  # what does not let itself be looked into is passed over
            queue.extend(_parts(thing))
    return False


def is_network(thing: Any) -> bool:
    """Whether it is a network of ours, or a class of such."""
    return bool(getattr(thing if isinstance(thing, type) else type(thing), MARK, False))


@functools.singledispatch
def _parts(thing: Any) -> Iterator[Any]:
    """What is to be looked at next; of an object its class and attributes."""
    yield type(thing)
    yield from tuple(getattr(thing, "__dict__", {}).values())


@_parts.register
def _of_dict(thing: dict) -> Iterator[Any]:  # type: ignore[type-arg]  # a class to dispatch by
    yield from islice(thing.values(), MOST_ELEMENTS)


@_parts.register(list)
@_parts.register(tuple)
@_parts.register(set)
@_parts.register(frozenset)
@_parts.register(deque)
def _of_elements(thing: Iterable[Any]) -> Iterator[Any]:
    yield from islice(thing, MOST_ELEMENTS)


@_parts.register
def _of_array(thing: np.ndarray) -> Iterator[Any]:
    if thing.dtype == object:
        yield from islice(thing.flat, MOST_ELEMENTS)


@_parts.register
def _of_method(thing: MethodType) -> Iterator[Any]:
    yield from (thing.__self__, thing.__func__)


@_parts.register
def _of_partial(thing: functools.partial) -> Iterator[Any]:  # type: ignore[type-arg]
    yield from (thing.func, thing.args, thing.keywords)


@_parts.register
def _of_class(cls: type) -> Iterator[Any]:
    if _is_known(cls):
        return
    yield from cls.__mro__[1:]
    for member in tuple(vars(cls).values()):
        yield member.fget if isinstance(member, property) else getattr(member, "__func__", member)


@_parts.register
def _of_function(function: FunctionType) -> Iterator[Any]:
    """What it encloses, and what its code names: globals, and members of modules."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not filled yet
            continue
    if _is_known(function):
        return
    yield from (function.__defaults__, function.__kwdefaults__)
    names, members = _names_in(function.__code__)
    named = [function.__globals__.get(name, sys.modules.get(name)) for name in names]
    modules = [thing for thing in named if isinstance(thing, ModuleType)]
    for module in modules:  # which grows: modules may be named within modules
        inner = [vars(module)[name] for name in members if name in vars(module)]
        modules += [m for m in inner if isinstance(m, ModuleType) and m not in modules]
        named += inner
    yield from named


@functools.lru_cache(4096)
def _names_in(code: CodeType) -> tuple[frozenset[str], frozenset[str]]:
    """Of globals and modules, and of members; in functions within it too."""
    names, members = set(), set()
    for each in dis.get_instructions(code):
        if each.opname in ("LOAD_GLOBAL", "LOAD_NAME", "IMPORT_NAME"):
            names.add(each.argval)
        elif each.opname in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"):
            members.add(each.argval)
    inner = [_names_in(each) for each in code.co_consts if isinstance(each, CodeType)]
    return (
        frozenset(names).union(*(each[0] for each in inner)),
        frozenset(members).union(*(each[1] for each in inner)),
    )


def _is_known(thing: Any) -> bool:
    """Whether this is code of a package that does not name our classes."""
    return does_not_name_ours(str(getattr(thing, "__module__", "")).partition(".")[0])


@functools.cache
def does_not_name_ours(package: str) -> bool:
    """Python's own, and any installed one none of whose modules has a network of ours, or us.

    Without this rule a data frame alone leads through the whole of pandas.
    """
    if package in _KNOWN:
        return True
    home = getattr(sys.modules.get(package), "__file__", None) or ""
    if _INSTALLED.isdisjoint(Path(home).parts):
        return False
    modules = [m for name, m in tuple(sys.modules.items()) if name.partition(".")[0] == package]
    values = (value for module in modules for value in tuple(vars(module).values()))
    return not any(value is sys.modules["sknnreg"] or is_network(value) for value in values)
