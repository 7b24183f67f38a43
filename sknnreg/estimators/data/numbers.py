"""What may come in as numbers (X, weights, a regressor's y), and what to say of all else."""

from __future__ import annotations

import datetime
import re
import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import _num_samples

from sknnreg.engine.arrays.rows import is_mapped

# What the missing values of Python, NumPy and data frames call themselves.
MISSING = ("None", "nan", "NaT", "<NA>", "NA")
_DATES = (np.datetime64, np.timedelta64)


def check_numbers(values: Any, name: str, **checks: Any) -> Any:
    """A dense array of finite numbers, of its own numeric dtype; errors speak of ``name``."""
    with speaking_of(name, values):
        refuse_dates(values)
        array = check_array(values, dtype="numeric", ensure_2d=False, input_name=name, **checks)
        return as_numbers(array, name)


def as_numbers(array: Any, name: str) -> Any:
    """The array, if a network can compute with it: what is finite, but no float64, is read as one.

    Of what scikit-learn lets pass as numeric, that leaves objects, and dates, which raise.
    """
    kind, itemsize = array.dtype.kind, array.dtype.itemsize
    if kind in "biu" or (kind == "f" and itemsize <= 8):
        return array
    if kind not in "Of":
        raise ValueError(f"{array.dtype} is no numeric dtype")
    if is_mapped(array):  # it is read piece by piece, later
        return array
    with np.errstate(over="ignore"):
        numbers = array.astype(np.float64)
    assert_all_finite(numbers, input_name=name)
    return numbers


def refuse_dates(values: Any) -> None:
    """Raise for a frame's columns of dates, and dates among objects: they become plain numbers."""
    types = getattr(getattr(values, "schema", None), "types", getattr(values, "dtypes", ()))
    names = {str(each) for each in types} if hasattr(values, "columns") else set()
    for each in names:
        if each.lower().startswith(("date", "time", "duration")):
            raise ValueError(f"{each} is no numeric dtype")
    names.add(str(getattr(values, "dtype", "")))
    if "object" not in names and not isinstance(values, list | tuple):
        return
    for _, column in _columns(values):
        if column.dtype.kind == "O" and any(isinstance(each, _DATES) for each in column.ravel()):
            raise ValueError("dates and durations of NumPy are no numbers")


def check_same_length(X: Any, values: Any, name: str, of: str = "X") -> None:
    """Raise unless there are as many as rows of X, which may be all that has rows."""
    n_rows = _num_samples(X)
    if n_rows != values.shape[0]:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {of} has {n_rows} rows, "
            f"{name} has {values.shape[0]}."
        )


@contextmanager
def speaking_of(name: str, values: Any) -> Iterator[None]:
    """Errors about ``values`` name them, and the first of them that is no number."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        told = _explained(error, name, values)
        if told == str(error):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(told) from error


def _explained(error: Exception, name: str, values: Any) -> str:
    told = str(error)
    for column, value in _no_numbers(values):
        where = name if column is None else f"column {column!r} of {name}"
        why = told.splitlines()[0].rstrip(".")
        return (
            f"{where} must hold numbers, got {reprlib.repr(value)}: {why}. {_advice(value, name)}"
        )
    # scikit-learn speaks of "X" whatever it is given, or of nothing at all.
    told = re.sub(r"^Input contains", f"Input {name} contains", re.sub(r"\bX\b", name, told))
    return told if re.search(rf"\b{name}\b", told) else f"{name}: {told}"


def _no_numbers(values: Any) -> Iterator[tuple[Any, Any]]:
    """Of each column that holds something else than numbers its label and the first such value."""
    for label, column in _columns(values):
        if column.dtype.kind in "biufc":
            continue
        for value in column.ravel():
            if column.dtype.kind != "O" or not _reads_as_number(value):
                yield label, str(value) if isinstance(value, str) else value
                break


def _columns(values: Any) -> Iterator[tuple[Any, Any]]:
    labels = getattr(values, "column_names", None)
    if labels is not None:
        # An Arrow table, by position: it finds no column by a name that two have.
        yield from zip(labels, map(np.asarray, values.columns), strict=True)
        return
    labels = getattr(values, "columns", None)
    if labels is not None:
        yield from ((label, np.asarray(values[label])) for label in labels)
        return
    if sparse.issparse(values):
        return
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths: no column can be named
        return
    if array.ndim == 2:
        yield from enumerate(array.T)
    else:
        yield None, array


def _reads_as_number(value: Any) -> bool:
    if isinstance(value, _DATES):  # as numbers of days, or of nanoseconds
        return False
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return value is None  # NumPy reads it as nan, and that is what is found
    return True


def _advice(value: Any, name: str) -> str:
    if isinstance(value, str | bytes) and name.startswith("X"):
        return (
            "Encode categories first, by OrdinalEncoder, OneHotEncoder or TargetEncoder in a "
            "ColumnTransformer."
        )
    if isinstance(value, str | bytes) and name.startswith("y"):
        return "MLPRegularizedClassifier learns labels."
    if isinstance(value, datetime.date | datetime.timedelta | np.datetime64 | np.timedelta64):
        return (
            "Dates and durations are not taken for numbers: pass what should count of them, such "
            "as days since some day, the month or the hour."
        )
    if isinstance(value, int):
        return "It is beyond the largest float64, about 1.8e308."
    if str(value) in MISSING:
        return "Missing values have to be filled in first, by SimpleImputer, or left out."
    return "Numbers are all a network can compute with."
