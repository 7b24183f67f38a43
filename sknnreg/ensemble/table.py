"""The rows an ensemble is fitted on, as its members receive them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import _num_samples, validate_data

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.inputs import check_X


@dataclass(frozen=True)
class Table:
    """Rows with what belongs to them; X may be all that a pipeline can begin with."""

    X: Any
    y: Any
    weight: Array | None = None
    groups: Array | None = None

    def __len__(self) -> int:
        return n_rows(self.X)

    def take(self, index: Array) -> Table:
        """These rows, copied."""
        weight, groups = (None if v is None else v[index] for v in (self.weight, self.groups))
        return Table(rows_of(self.X, index), self.y[index], weight, groups)

    @property
    def present(self) -> Array:
        """Which rows count: a row of weight 0 is a row that is not there."""
        return np.ones(len(self), np.bool_) if self.weight is None else self.weight > 0


def n_rows(X: Any) -> int:
    """How many rows there are."""
    return int(_num_samples(X))


def rows_of(X: Any, index: Any) -> Any:
    """Rows of an array, a sparse matrix, a data frame or a list."""
    return _safe_indexing(X, index)


def checked_X(ensemble: Any, X: Any, *, plain: bool, reset: bool) -> Any:
    """X for plain networks as numbers; for pipelines as it is, with what it is called noted."""
    if plain:
        return check_X(ensemble, X, reset=reset)
    if not reset and hasattr(ensemble, "n_features_in_") and getattr(X, "ndim", 2) == 1:
        raise ValueError(
            "Expected a 2D array, got a 1D array instead. Reshape your data: X.reshape(1, -1) if "
            "it is a single row, X.reshape(-1, 1) if it is a single feature."
        )
    validate_data(ensemble, X, reset=reset, skip_check_array=True)
    (X,) = indexable(X)
    return X
