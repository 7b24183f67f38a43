"""X and sample weights as fit receives them -> rows that the engine reads batch by batch."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite
from sklearn.utils.sparsefuncs import mean_variance_axis
from sklearn.utils.validation import validate_data

from sknnreg.engine.arrays.rows import DenseRows, Rows, SparseRows, is_mapped, release_pages
from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.numbers import (
    as_numbers,
    check_numbers,
    check_same_length,
    refuse_dates,
    speaking_of,
)
from sknnreg.sklearn_types import BaseEstimator

# Numbers looked at at once while a large array is checked or measured.
CHUNK = 1 << 20
# Weights within 2 to the power of minus and plus this can be summed, and multiplied by one another.
EXPONENTS = 500


def check_X(estimator: BaseEstimator, X: Any, *, reset: bool, name: str = "X") -> Any:
    """A validated X: an array of its own numeric dtype or CSR; memory maps stay maps."""
    if _is_plain(X) and not hasattr(estimator, "feature_names_in_"):
        # Nothing to convert and nothing to say: to find that out takes scikit-learn, which asks
        # in many ways whether an array is a data frame, as long as many a small network's epoch.
        if reset:
            estimator.n_features_in_ = X.shape[1]
            return X
        if estimator.n_features_in_ == X.shape[1]:
            return X
    # What is mapped is looked at piece by piece.
    finite = not is_mapped(X)
    with speaking_of(name, X):
        refuse_dates(X)
        X = validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype="numeric",
            ensure_all_finite=finite,
        )
        X = as_numbers(X, name)
    check_mapped(X, name)
    return X


def _is_plain(X: Any) -> bool:
    """Whether this is an array of finite numbers in memory, as a network reads them."""
    if type(X) is not np.ndarray or X.ndim != 2 or X.size == 0:
        return False
    if X.dtype.kind not in "biuf" or X.dtype.itemsize > 8 or is_mapped(X):
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        # Not finite either where finite numbers are too large for a sum: then others look closer.
        return bool(np.isfinite(X.sum(dtype=np.float64)))


def check_mapped(X: Any, name: str) -> None:
    """Raise where the numbers of a mapped file are not finite, reading it piece by piece."""
    if is_mapped(X):
        for at in chunks(X.shape):
            assert_all_finite(X[at], input_name=name)
            release_pages(X)


def as_rows(X: Any) -> Rows:
    """Rows of a validated X."""
    return SparseRows(X) if sparse.issparse(X) else DenseRows(X)


def chunks(shape: tuple[int, ...]) -> list[slice]:
    """Slices of rows, about ``CHUNK`` numbers each."""
    # As sklearn.utils.gen_batches, whose check of its own arguments takes longer than the slicing.
    n_rows, size = shape[0], max(1, CHUNK // max(1, shape[1]))
    return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def check_weights(
    sample_weight: Any, X: Any, name: str = "sample_weight", of: str = "X"
) -> Array | None:
    """Finite weights of at least 0, not all 0, one per row of X; None stays None."""
    if sample_weight is None:
        return None
    weight = check_numbers(sample_weight, name)
    if weight.ndim != 1:
        raise ValueError(f"{name} must be 1D, one weight per row of {of}, got {weight.shape}.")
    check_same_length(X, weight, name, of)
    weight = weight.astype(np.float64, copy=False)
    if weight.min() < 0:
        raise ValueError(
            f"Negative values in data passed to {name}: {weight.min():g}. A weight is at least 0."
        )
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
        if weight is not None:
            # Only their ratios count: no sum of them overflows or vanishes.
            weight = weight / weight.max()
        sparse_rows = isinstance(rows, SparseRows)
        with np.errstate(over="ignore", invalid="ignore"):
            if sparse_rows:
                # Not centred, a column is as large as its mean, however little it varies.
                mean, scale = _sparse_moments(rows, weight)
                size = np.where(scale < 1e-6 * np.abs(mean), np.abs(mean), 0.0)
                scale = np.maximum(scale, size)
                constant = scale == 0
            else:
                mean, scale, constant = _moments(rows, weight)
            _check_size(rows, mean, scale, constant, name)
        # A constant column is 0 whatever the scale.
        scale[constant] = 1.0
        return cls(None if sparse_rows else mean, scale)

    def apply(self, rows: Rows) -> Rows:
        """The rows, standardized when they are read."""
        return replace(rows, offset=self.offset, scale=self.scale)


def extremes(rows: Rows) -> tuple[Array, Array]:
    """The smallest and the largest number of each column, reading piece by piece."""
    low, high = np.full(rows.width, np.inf), np.full(rows.width, -np.inf)
    for at in chunks((len(rows), rows.width)):
        x = rows.read(at, np.empty((at.stop - at.start, rows.width)))
        low, high = np.minimum(low, x.min(axis=0)), np.maximum(high, x.max(axis=0))
    return low, high


# Values of a column that should be constant differ by their rounding, in a sum of some terms by as
# many spacings between neighbouring numbers.
ROUNDING = 16
# Scales within which a column's weights, which are divided by them, lose nothing.
SMALLEST_SCALE = 2.0**-1000


def _moments(rows: Rows, weight: Array | None) -> tuple[Array, Array, Array]:
    """Weighted means and deviations of the columns, and which of them vary by rounding alone.

    In two passes and little memory, and in powers of two of each column's own, in which no square
    overflows or vanishes.
    """
    total = float(len(rows)) if weight is None else float(weight.sum())
    buffer = np.empty((min(len(rows), max(1, CHUNK // max(1, rows.width))), rows.width))
    # Sums of differences from some row: those of a constant column are 0, not rounding.
    some = rows.read(slice(0, 1), np.empty((1, rows.width)))
    mean, variance, low, high = np.zeros((4, rows.width))
    for at in chunks((len(rows), rows.width)):
        x = rows.read(at, buffer[: at.stop - at.start])
        x -= some
        mean += x.sum(axis=0) if weight is None else weight[at] @ x
        np.minimum(low, x.min(axis=0), out=low)
        np.maximum(high, x.max(axis=0), out=high)
    mean /= total
    exponent = _exponent(np.maximum(high, -low))
    to_one = np.ldexp(1.0, -exponent)
    for at in chunks((len(rows), rows.width)):
        x = rows.read(at, buffer[: at.stop - at.start])
        x -= some
        x -= mean
        np.square(np.multiply(x, to_one, out=x), out=x)
        variance += x.sum(axis=0) if weight is None else weight[at] @ x
    largest = np.maximum(np.abs(some[0] + low), np.abs(some[0] + high))
    constant = high - low <= ROUNDING * np.spacing(largest)
    return mean + some[0], np.ldexp(np.sqrt(variance / total), exponent), constant


def _sparse_moments(rows: Rows, weight: Array | None) -> tuple[Array, Array]:
    """Weighted means and deviations of the columns, in powers of two of their own as well."""
    values = rows.values if rows.index is None else rows.values[rows.index]
    if not values.has_canonical_format:
        # Entries may come in parts, which count by their sum; the user's matrix stays as it is.
        values = values.copy()
        values.sum_duplicates()
    data = values.data if values.dtype.kind == "f" else values.data.astype(np.float64)
    peak = np.zeros(rows.width)
    np.maximum.at(peak, values.indices, np.abs(data))
    exponent = _exponent(peak)
    data = np.ldexp(data, -exponent[values.indices])
    scaled = sparse.csr_array((data, values.indices, values.indptr), shape=values.shape)
    weights = None if weight is None else weight.astype(data.dtype)
    mean, variance = mean_variance_axis(scaled, axis=0, weights=weights)
    # Rounding can leave a constant column a variance below 0.
    deviation = np.sqrt(np.maximum(variance.astype(np.float64), 0.0))
    # scikit-learn would leave missing values out.
    mean = np.where(np.isfinite(peak), mean.astype(np.float64), np.nan)
    return np.ldexp(mean, exponent), np.ldexp(deviation, exponent)


def _exponent(peak: Array) -> Array:
    """The powers of two next above the columns' largest numbers."""
    exponent: Array = np.maximum(np.frexp(peak)[1], np.finfo(np.float64).minexp)
    return exponent


def _check_size(rows: Rows, mean: Array, scale: Array, constant: Array, name: str) -> None:
    """Raise where a column's numbers cannot be brought to the size of 1."""
    large = ~(np.isfinite(mean) & np.isfinite(np.square(scale)))
    small = ~constant & (scale < SMALLEST_SCALE)
    if not (large | small).any():
        return
    column = int(np.flatnonzero(large | small)[0])
    for at in chunks((len(rows), rows.width)):
        x = rows.read(at, np.empty((at.stop - at.start, rows.width)))[:, column]
        if not np.isfinite(x).all():
            raise ValueError(
                f"column {column} of {name} has a value that is not finite: "
                f"{x[~np.isfinite(x)][0]}. Replace it (sklearn.impute), or leave its row out."
            )
    size, why = ("large", "overflows") if large[column] else ("small", "vanishes")
    way_out = "standardize='X'" if name == "y" else "standardize=False, or 'y' for targets alone"
    raise ValueError(
        f"column {column} of {name} is too {size} to be standardized: its variance {why}. "
        f"Rescale it, or set {way_out}."
    )
