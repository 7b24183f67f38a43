"""X and sample weights as fit receives them -> rows that the engine reads batch by batch."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite, check_array, check_consistent_length, gen_batches
from sklearn.utils.sparsefuncs import mean_variance_axis
from sklearn.utils.validation import validate_data

from sknnreg.engine.arrays.rows import DenseRows, Rows, SparseRows, is_mapped, release_pages
from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.sklearn_types import BaseEstimator

# Numbers looked at at once while a large array is checked or measured.
CHUNK = 1 << 20
# Weights within 2 to the power of minus and plus this can be summed, and multiplied by one another.
EXPONENTS = 500


def check_X(estimator: BaseEstimator, X: Any, *, reset: bool, name: str = "X") -> Any:
    """A validated X: an array of its own numeric dtype or CSR; memory maps stay maps."""
    if name != "X":
        # validate_data speaks of "X" whatever it is given; its other checks come afterwards.
        check_array(X, input_name=name, **x_checks(X))
    X = validate_data(estimator, X, reset=reset, **x_checks(X))
    check_mapped(X, name)
    return X


def x_checks(X: Any) -> dict[str, Any]:
    """How ``validate_data`` should check X; what is mapped is checked by ``check_mapped``."""
    return {"accept_sparse": "csr", "dtype": "numeric", "ensure_all_finite": not is_mapped(X)}


def check_mapped(X: Any, name: str) -> None:
    """Raise where the numbers of a mapped file are not finite, reading it piece by piece."""
    if is_mapped(X):
        for at in chunks(X.shape):
            assert_all_finite(X[at], input_name=name)
            release_pages(X)


def as_rows(X: Any) -> Rows:
    """Rows of a validated X."""
    return SparseRows(X) if sparse.issparse(X) else DenseRows(X)


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


def within_range(weight: Array | None) -> Array | None:
    """Weights in the same proportions, and the same bits, whose sums neither overflow nor vanish.

    Those of a usual size stay as they are, and none above 0 becomes 0.
    """
    if weight is None:
        return None
    exponent = int(np.frexp(weight.max())[1])
    shift = min(max(exponent, -EXPONENTS), EXPONENTS) - exponent
    if shift == 0:
        return weight
    return np.maximum(np.ldexp(weight, shift), np.minimum(weight, np.nextafter(0.0, 1.0)))


@dataclass(frozen=True)
class Standardization:
    """(values - offset) / scale per column; None where nothing is done."""

    offset: Array | None = None
    scale: Array | None = None

    @classmethod
    def of(cls, rows: Rows, weight: Array | None, name: str) -> "Standardization":
        """Zero mean and unit variance over these rows, weighted; sparse rows keep their zeros."""
        centred = not isinstance(rows, SparseRows)
        if weight is not None:
            # Only their ratios count: no sum of them overflows or vanishes.
            weight = weight / weight.max()
        with np.errstate(over="ignore", invalid="ignore"):
            mean, variance = _moments(rows, weight) if centred else _sparse_moments(rows, weight)
            scale = np.sqrt(variance)
        bad = ~(np.isfinite(mean) & np.isfinite(scale))
        if bad.any():
            raise ValueError(
                f"column {np.flatnonzero(bad)[0]} of {name} is too large to be standardized: its "
                "variance overflows. Rescale it, or set standardize=False."
            )
        if centred:
            # A constant column is 0 whatever the scale; its spread may be rounding.
            scale[scale <= 64 * np.finfo(np.float64).eps * np.abs(mean)] = 1.0
            return cls(mean, scale)
        # Not centred, a column is as large as its mean, however little it varies.
        size = np.maximum(scale, np.where(scale < 1e-6 * np.abs(mean), np.abs(mean), 0.0))
        return cls(None, np.where(size > 0, size, 1.0))

    def apply(self, rows: Rows) -> Rows:
        """The rows, standardized when they are read."""
        return replace(rows, offset=self.offset, scale=self.scale)


def _moments(rows: Rows, weight: Array | None) -> tuple[Array, Array]:
    """Weighted means and variances of the columns, in two passes and little memory."""
    total = float(len(rows)) if weight is None else float(weight.sum())
    buffer = np.empty((min(len(rows), max(1, CHUNK // max(1, rows.width))), rows.width))
    # Sums of differences from some row: those of a constant column are 0, not rounding.
    some = rows.read(slice(0, 1), np.empty((1, rows.width)))
    mean, variance = np.zeros(rows.width), np.zeros(rows.width)
    for at in chunks((len(rows), rows.width)):
        x = rows.read(at, buffer[: at.stop - at.start])
        x -= some
        mean += x.sum(axis=0) if weight is None else weight[at] @ x
    mean /= total
    for at in chunks((len(rows), rows.width)):
        x = rows.read(at, buffer[: at.stop - at.start])
        x -= some
        x -= mean
        np.square(x, out=x)
        variance += x.sum(axis=0) if weight is None else weight[at] @ x
    return mean + some[0], variance / total


def _sparse_moments(rows: Rows, weight: Array | None) -> tuple[Array, Array]:
    values = rows.values if rows.index is None else rows.values[rows.index]
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    weights = None if weight is None else weight.astype(values.dtype)
    mean, variance = mean_variance_axis(values, axis=0, weights=weights)
    # Rounding can leave a constant column a variance below 0.
    return mean.astype(np.float64), np.maximum(variance, 0.0).astype(np.float64)
