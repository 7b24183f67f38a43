"""What a column of a table holds: numbers, labels or dates, by its dtype or by its values."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Real
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import _safe_indexing
from sklearn.utils._missing import is_pandas_na


class Kind(Enum):
    """What becomes of a column depends on it."""

    NUMBER = "numbers"
    LABEL = "labels"
    DATE = "dates"


# What numpy calls a dtype by; durations are numbers, of seconds.
_BY_LETTER = (
    dict.fromkeys("biufm", Kind.NUMBER) | {"M": Kind.DATE} | dict.fromkeys("UST", Kind.LABEL)
)
# A column of objects is of the first kind that all its values are of.
_BY_TYPE: dict[Kind, tuple[type, ...]] = {
    Kind.NUMBER: (Real, np.bool_, Decimal, timedelta, np.timedelta64, time),
    Kind.DATE: (date, np.datetime64),
}
# Of pandas and polars; whatever their values are.
_LABELS = ("category", "Categorical", "Enum", "str", "String")


def columns_of(X: Any) -> Iterator[tuple[Any, Any]]:
    """Name and values of each column of a data frame or an array, which has numbers for names."""
    if issparse(X):
        raise ValueError(
            "X is sparse, and the parts that each number is encoded as are not. Pass X.toarray() "
            "where memory allows, or use MLPRegularizedClassifier or -Regressor as they are."
        )
    if len(getattr(X, "shape", (0, 0))) != 2:
        raise ValueError(
            f"X must be a table, with rows and columns, got shape {X.shape}. Pass X.reshape(-1, 1) "
            "for a single column, X.reshape(1, -1) for a single row."
        )
    if isinstance(X, np.ma.MaskedArray):
        raise ValueError(
            "X is a masked array, of which scikit-learn reads what is under the mask. Pass "
            "X.astype(float).filled(numpy.nan), where NaN stands for missing."
        )
    names = getattr(X, "columns", range(X.shape[1]))
    for place, name in enumerate(names):
        yield name, _safe_indexing(X, place, axis=1)


def kind_of(name: Any, column: Any) -> Kind | None:
    """Numbers (booleans and durations among them), labels or dates; raise for anything else.

    None for a column of objects all of which are missing: what it would hold is not known.
    """
    dtype = column.dtype
    if str(dtype).startswith(_LABELS):
        return Kind.LABEL
    if str(dtype).startswith("period"):  # pandas' months, days and the like
        return Kind.DATE
    letter = getattr(dtype, "kind", "O")
    if letter in _BY_LETTER:
        return _BY_LETTER[letter]
    if str(dtype) == "Null":  # polars' objects
        return None
    values = np.asarray(column)
    if values.ndim > 1 or values.dtype.kind not in {"O", *_BY_LETTER}:
        raise ValueError(_not_for_tables(name, dtype))
    if values.dtype.kind in _BY_LETTER:
        return _BY_LETTER[values.dtype.kind]
    return _kind_of_objects(name, values)


def _kind_of_objects(name: Any, values: Any) -> Kind | None:
    # One of each type; None and NaN that are one object are asked about once.
    by_identity = {id(each): each for each in values.tolist()}.values()
    examples = {type(each): each for each in by_identity if not is_missing(each)}
    for each in examples.values():
        # Whatever has a length and is no text holds values of its own.
        if isinstance(each, complex) or (hasattr(each, "__len__") and not isinstance(each, str)):
            raise ValueError(_not_for_tables(name, reprlib.repr(each)))
    if not examples:
        return None
    for kind, types in _BY_TYPE.items():
        if all(issubclass(each, types) for each in examples):
            return kind
    return Kind.LABEL


def is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas' NA."""
    if isinstance(value, str) or hasattr(value, "__len__"):
        return False
    return value is None or is_pandas_na(value) or bool(value != value)


def _not_for_tables(name: Any, found: Any) -> str:
    return (
        f"Column {name!r} holds {found}. What can be in a table are numbers, texts, categories, "
        "booleans, dates and missing values, one in each place. Split what is nested into columns, "
        "complex numbers into real and imaginary part, or leave the column out."
    )
