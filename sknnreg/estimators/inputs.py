"""X and sample weights as fit receives them -> rows that the engine reads batch by batch."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite, check_array, check_consistent_length, gen_batches
from sklearn.utils.sparsefuncs import mean_variance_axis
from sklearn.utils.validation import validate_data

from sknnreg.engine.rows import DenseRows, Rows, SparseRows, is_mapped, release_pages
from sknnreg.engine.stack import Array

# Numbers looked at at once while a large array is checked or measured.
CHUNK = 1 << 20


def check_X(estimator: Any, X: Any, *, reset: bool) -> Any:
    """A validated X: an array of its own numeric dtype or CSR; memory maps stay maps."""
    return validate_data(estimator, X, reset=reset, **x_checks(X))


def x_checks(X: Any) -> dict[str, Any]:
    """How ``validate_data`` should check X; maps are checked in pieces by ``as_rows``."""
    return {"accept_sparse": "csr", "dtype": "numeric", "ensure_all_finite": not is_mapped(X)}


def as_rows(X: Any) -> Rows:
    """Rows of a validated X."""
    if sparse.issparse(X):
        return SparseRows(X)
    if is_mapped(X):
        for at in chunks(X.shape):
            assert_all_finite(X[at], input_name="X")
            release_pages(X)
    return DenseRows(X)


def chunks(shape: tuple[int, ...]) -> Any:
    """Slices of rows, about ``CHUNK`` numbers each."""
    return gen_batches(shape[0], max(1, CHUNK // max(1, shape[1])))


def check_weights(sample_weight: Any, X: Any, name: str = "sample_weight") -> Array | None:
    """Finite weights of at least 0, not all 0, one per row; None stays None."""
    if sample_weight is None:
        return None
    weight = check_array(
        sample_weight,
        ensure_2d=False,
        dtype=np.float64,
        ensure_non_negative=True,
        input_name=name,
    )
    if weight.ndim != 1:
        raise ValueError(f"{name} must be 1D, one weight per row of X, got shape {weight.shape}.")
    check_consistent_length(X, weight)
    if not weight.any():
        raise ValueError(f"{name} is zero for every row: nothing to learn from.")
    return np.asarray(weight)


@dataclass(frozen=True)
class Standardization:
    """(values - offset) / scale per column; None where nothing is done."""

    offset: Array | None = None
    scale: Array | None = None

    @classmethod
    def of(cls, rows: Rows, weight: Array | None, name: str) -> "Standardization":
        """Zero mean and unit variance over these rows, weighted; sparse rows keep their zeros."""
        centred = not isinstance(rows, SparseRows)
        with np.errstate(over="ignore", invalid="ignore"):
            mean, variance = _moments(rows, weight) if centred else _sparse_moments(rows, weight)
            scale = np.sqrt(variance)
        bad = ~(np.isfinite(mean) & np.isfinite(scale))
        if bad.any():
            raise ValueError(
                f"column {np.flatnonzero(bad)[0]} of {name} is too large to be standardized: its "
                "variance overflows. Rescale it, or set standardize=False."
            )
        # Rounding alone gives a constant column a spread of this order.
        constant = scale <= 64 * np.finfo(np.float64).eps * np.abs(mean)
        # Centred it is 0 whatever the scale; with its zeros kept it is brought to 1.
        scale[constant] = 1.0 if centred else np.where(mean == 0, 1.0, np.abs(mean))[constant]
        return cls(mean if centred else None, scale)

    def apply(self, rows: Rows) -> Rows:
        """The rows, standardized when they are read."""
        return replace(rows, offset=self.offset, scale=self.scale)


def _moments(rows: Rows, weight: Array | None) -> tuple[Array, Array]:
    """Weighted means and variances of the columns, in two passes and little memory."""
    total = float(len(rows)) if weight is None else float(weight.sum())
    buffer = np.empty((min(len(rows), max(1, CHUNK // max(1, rows.width))), rows.width))
    mean = np.zeros(rows.width)
    for at in chunks((len(rows), rows.width)):
        x = rows.read(at, buffer[: at.stop - at.start])
        mean += x.sum(axis=0) if weight is None else weight[at] @ x
    mean /= total
    variance = np.zeros(rows.width)
    for at in chunks((len(rows), rows.width)):
        x = rows.read(at, buffer[: at.stop - at.start])
        x -= mean
        np.square(x, out=x)
        variance += x.sum(axis=0) if weight is None else weight[at] @ x
    return mean, variance / total


def _sparse_moments(rows: Rows, weight: Array | None) -> tuple[Array, Array]:
    values = rows.values if rows.index is None else rows.values[rows.index]
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    weights = None if weight is None else weight.astype(values.dtype)
    mean, variance = mean_variance_axis(values, axis=0, weights=weights)
    return mean.astype(np.float64), variance.astype(np.float64)
