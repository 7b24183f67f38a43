"""What was found for some settings, kept: the fits of a search have most of theirs in common."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, Generic, TypeVar

import numpy as np

from sknnreg.estimators.hyperparameters import Hyperparameters

Found = TypeVar("Found")

# Values that never change, by themselves or under the hands of others.
_PLAIN = frozenset({bool, int, float, str, type(None)})
_NUMPYS = (np.number, np.bool_, np.str_)
# How much is kept; a single find is some kilobytes.
MOST = 1024


class _NotPlain(Exception):
    """A value that may change, or whose equality is its own."""


def fingerprint(estimator: Hyperparameters, without: str = "") -> Hashable | None:
    """All hyperparameters but one, with their types: what they lead to depends on nothing else.

    None where a value may change by itself: a function, an array, a generator.
    """
    marks: list[Any] = [type(estimator)]
    try:
        for name in estimator._parameter_constraints:
            value = getattr(estimator, name)
            if name == without:
                continue
            if (kind := type(value)) in _PLAIN:  # a call less for each of sixty
                marks.append((kind, value))
            else:
                marks.append(_mark(value))
    except _NotPlain:
        return None
    return tuple(marks)


def _mark(value: Any) -> Hashable:
    """With the type: 1, 1.0 and True are equal, and not allowed in the same places."""
    kind = type(value)
    if kind is tuple or kind is list:
        return kind, tuple(_mark_one(each) for each in value)
    return _mark_one(value)


def _mark_one(value: Any) -> Hashable:
    kind = type(value)
    if kind in _PLAIN or issubclass(kind, _NUMPYS):
        return kind, value
    raise _NotPlain


class Remembered(Generic[Found]):
    """What was found, by fingerprint and whatever else it depends on."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Found] = {}

    def find(self, mark: Hashable | None, make: Callable[[], Found]) -> Found:
        """What was made for an equal ``mark`` before, or is made now; an error is not kept."""
        if mark is None:
            return make()
        with suppress(KeyError):
            return self._kept[mark]
        made = make()
        if len(self._kept) >= MOST:
            self._kept.clear()
        # Another thread may have made the same: all are to have one.
        return self._kept.setdefault(mark, made)
