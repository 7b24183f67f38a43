"""The first step: any table as numbers, each column by its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

from sknnreg.tabular.conversion import (
    date_part_names,
    distinct_labels,
    to_date_parts,
    to_labels,
    to_numbers,
)
from sknnreg.tabular.kinds import Kind, columns_of, kind_of


def number_columns(X: Any) -> list[int]:
    """The places of the columns of numbers, booleans and durations."""
    return _places(X, Kind.NUMBER)


def date_columns(X: Any) -> list[int]:
    """The places of the columns of dates."""
    return _places(X, Kind.DATE)


def two_label_columns(X: Any) -> list[int]:
    """The places of the columns of two labels, or one; missing is one."""
    return [place for place, n in _label_counts(X).items() if n <= 2]


def category_columns(X: Any) -> list[int]:
    """The places of the columns of more than two labels."""
    return [place for place, n in _label_counts(X).items() if n > 2]


def table_to_numbers(categories: Mapping[str, Any]) -> ColumnTransformer:
    """Any table as float64, NaN where a number is missing; ``categories`` go to OneHotEncoder.

    Of two labels one is 1 and the other 0, and a new one is NaN. Of more, each has a column, and
    so have those together that are rare; a new one is rare. Missing is a label.
    """
    numbers = FunctionTransformer(to_numbers, feature_names_out="one-to-one")
    dates = FunctionTransformer(to_date_parts, feature_names_out=date_part_names)
    labels = FunctionTransformer(to_labels, feature_names_out="one-to-one")
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False, **categories)
    return ColumnTransformer(
        [
            ("numbers", numbers, number_columns),
            ("two_labels", _after(labels, ordinal), two_label_columns),
            ("categories", _after(labels, one_hot), category_columns),
            ("dates", dates, date_columns),
        ],
        sparse_threshold=0,
    )


def _after(labels: Any, encoder: Any) -> Pipeline:
    return Pipeline([("labels", labels), ("encoder", encoder)])


def _places(X: Any, kind: Kind) -> list[int]:
    return [j for j, (name, each) in enumerate(columns_of(X)) if kind_of(name, each) is kind]


def _label_counts(X: Any) -> dict[int, int]:
    labels = set(_places(X, Kind.LABEL))
    return {
        j: len(distinct_labels(each)) for j, (_, each) in enumerate(columns_of(X)) if j in labels
    }
