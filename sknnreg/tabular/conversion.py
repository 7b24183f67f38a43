"""Columns as numbers, texts, or parts of dates: functions for FunctionTransformer, which pickle."""

from __future__ import annotations

import reprlib
from collections.abc import Hashable
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknnreg.tabular.kinds import columns_of, is_missing

Floats = NDArray[np.float64]
DATE_PARTS = ("days", "year", "month", "weekday", "hour")
_DAY = np.timedelta64(1, "D")
# 1970-01-01 was a Thursday.
_FIRST_WEEKDAY = 3


def to_numbers(X: Any) -> Floats:
    """Columns as float64 ``(n, columns)``: true is 1, durations are seconds, missing is NaN."""
    numbers = [_finite(name, _numbers(name, column)) for name, column in columns_of(X)]
    return np.column_stack(numbers)


def to_labels(X: Any) -> NDArray[np.object_]:
    """Columns as texts ``(n, columns)``, a missing one being "missing".

    A number is written without a needless fraction: with a missing value among them, 3 comes as
    3.0, and is the same category.
    """
    labels = np.empty(X.shape, dtype=object)
    for place, (name, column) in enumerate(columns_of(X)):
        values = np.asarray(column).tolist()
        try:
            known = {each: _label(each) for each in set(values)}
        except TypeError as error:
            nested = next(each for each in values if not isinstance(each, Hashable))
            raise ValueError(_changed(name, "labels", nested)) from error
        labels[:, place] = [known[each] for each in values]
    return labels


def distinct_labels(column: Any) -> set[str]:
    """The texts that `to_labels` makes of a column."""
    return set(map(_label, set(np.asarray(column).tolist())))


def to_date_parts(X: Any) -> Floats:
    """Of each column, days since 1970 with their fraction, year, month, weekday and hour."""
    parts = [_date_parts(_dates(name, column)) for name, column in columns_of(X)]
    return np.concatenate(parts, axis=1)


def date_part_names(_: Any, names: Any) -> NDArray[np.object_]:
    """The names of the columns that `to_date_parts` makes."""
    return np.array([f"{name}_{part}" for name in names for part in DATE_PARTS], dtype=object)


def _numbers(name: Any, column: Any) -> Floats:
    letter = getattr(column.dtype, "kind", "O")
    if letter in "biuf" and hasattr(column, "array"):  # pandas' own, whose NA is no number
        own: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return own
    values = np.asarray(column)
    if values.dtype.kind == "m":
        seconds: Floats = values / np.timedelta64(1, "s")
        return seconds
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    return np.array([_number(name, each) for each in values], dtype=np.float64)


def _number(name: Any, value: Any) -> float:
    if is_missing(value):
        return np.nan
    if isinstance(value, np.timedelta64):
        return float(value / np.timedelta64(1, "s"))
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, time):
        return 3600.0 * value.hour + 60 * value.minute + value.second + value.microsecond / 1e6
    try:
        return float(value)
    except OverflowError:  # an int; it is told with its column
        return np.inf
    except (TypeError, ValueError) as error:
        raise ValueError(_changed(name, "numbers", value)) from error


def _finite(name: Any, numbers: Floats) -> Floats:
    infinite = np.isinf(numbers)
    if infinite.any():
        raise ValueError(
            f"Column {name!r} holds infinity or a number too large for float64 in "
            f"{infinite.sum()} rows. Replace it by a number, or by NaN, which stands for missing."
        )
    return numbers


def _label(value: Any) -> str:
    if is_missing(value):
        return "missing"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _dates(name: Any, column: Any) -> NDArray[np.datetime64]:
    values = np.asarray(_plain_dates(column))
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]")
    return np.array([_date(name, each) for each in values], dtype="datetime64[us]")


def _plain_dates(column: Any) -> Any:
    """A column of a data frame as dates of its own time zone, and periods as their first moment."""
    dtype = column.dtype
    if str(dtype).startswith("period"):
        return column.dt.to_timestamp()
    if getattr(dtype, "tz", None) is not None:  # of pandas
        return column.dt.tz_localize(None)
    if getattr(dtype, "time_zone", None) is not None:  # of polars
        return column.dt.replace_time_zone(None)
    return column


def _date(name: Any, value: Any) -> Any:
    """As numpy takes it: a time of day is that of its own time zone."""
    if is_missing(value):
        return np.datetime64("NaT")
    if not isinstance(value, date | np.datetime64):
        raise ValueError(_changed(name, "dates", value))
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _date_parts(dates: NDArray[np.datetime64]) -> Floats:
    days, months = dates.astype("datetime64[D]"), dates.astype("datetime64[M]")
    since = (dates - np.datetime64(0, "D")) / _DAY
    n_months = (months - np.datetime64(0, "M")) / np.timedelta64(1, "M")
    weekday = ((days - np.datetime64(0, "D")) / _DAY + _FIRST_WEEKDAY) % 7
    hour = np.floor((dates - days) / np.timedelta64(1, "h"))
    return np.column_stack([since, 1970 + n_months // 12, 1 + n_months % 12, weekday, hour])


def _changed(name: Any, what: str, value: Any) -> str:
    return (
        f"Column {name!r} held {what} when the table was first seen, and now holds "
        f"{reprlib.repr(value)}. Read both tables in the same way."
    )
