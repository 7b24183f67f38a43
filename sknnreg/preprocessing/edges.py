"""Where a column's bins begin and end: at quantiles, or where a decision tree splits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sknnreg.preprocessing.distinct import Distinct

Floats = NDArray[np.floating[Any]]


def most_bins(distinct: Distinct, n_bins: int) -> int:
    """As many as the column can fill: none for a constant, nor for two values, which need none."""
    n_values = len(distinct.values)
    return 0 if n_values <= 2 or distinct.is_constant else min(n_bins, n_values - 1)


def bins_within(room: int, most: NDArray[np.intp]) -> int:
    """The largest number of bins per column for which all together are at most ``room``.

    Columns have at most ``most`` ``(n_features,)``: what some leave, others take.
    """
    with_as_many = np.bincount(most)[::-1].cumsum()[
        ::-1
    ]  # columns that have a first bin, second, …
    return int(np.count_nonzero(with_as_many[1:].cumsum() <= room))


def quantile_edges(distinct: Distinct, n_bins: int) -> Floats:
    """Edges between which equal shares of the weight are; where few values are, the values."""
    if len(distinct.values) <= n_bins + 1:
        return distinct.values
    inner = distinct.quantiles(np.linspace(0, 1, n_bins + 1)[1:-1])
    return np.unique([distinct.low, *inner, distinct.high])


def tree_edges(
    distinct: Distinct,
    n_bins: int,
    column: Floats,
    target: NDArray[Any],
    weights: Floats | None,
    **settings: Any,
) -> Floats:
    """Edges where a tree of ``n_bins`` leaves splits the column; where few values are, the values.

    ``target`` ``(n,)`` or ``(n, outputs)``, numbers or labels, for the rows of ``column`` ``(n,)``.
    The tree sees ranks, so neither the column's scale nor float32, in which it computes, matter.
    """
    if len(distinct.values) <= n_bins + 1:
        return distinct.values
    if n_bins == 1:
        return np.array([distinct.low, distinct.high])
    known = ~np.isnan(column)
    ranks = np.searchsorted(distinct.values, column[known])
    Tree = DecisionTreeRegressor if target.dtype == np.float64 else DecisionTreeClassifier
    tree = Tree(max_leaf_nodes=n_bins, random_state=0, **settings)
    tree.fit(ranks[:, None], target[known], None if weights is None else weights[known])
    is_split = tree.tree_.children_left >= 0
    below = np.floor(tree.tree_.threshold[is_split]).astype(np.intp)
    inner = 0.5 * distinct.values[below] + 0.5 * distinct.values[below + 1]
    return np.unique([distinct.low, *inner, distinct.high])
