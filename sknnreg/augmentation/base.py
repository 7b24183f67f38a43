"""What all augmentations have in common: random maps of a batch, with parameters by name."""

from __future__ import annotations

import hashlib
import pickle
from abc import ABC, abstractmethod
from functools import cache
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils._param_validation import Interval, validate_parameter_constraints

from sknnreg.sklearn_types import BaseEstimator

if TYPE_CHECKING:
    from typing import Self

Floats = NDArray[np.floating[Any]]

# What parameters may be, in the terms of scikit-learn's validation.
PROBABILITY = [Interval(Real, 0, 1, closed="both")]
FROM_ZERO = [Interval(Real, 0, None, closed="left")]
POSITIVE = [Interval(Real, 0, None, closed="neither")]
COUNT = [Interval(Integral, 1, None, closed="left")]
SHARE = [Interval(Real, 0, 1, closed="left")]


class Augmentation(BaseEstimator, ABC):
    """A random map ``(X, y, rng) -> (X, y)`` of a batch of rows, as ``augmentation`` takes it.

    A subclass with parameters of its own declares what they may be in ``_parameter_constraints``,
    names those that switch it off where all are 0 in ``_strengths``, and maps floating rows in
    ``_augment``.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}
    _strengths: ClassVar[tuple[str, ...]] = ()
    # The values that were found to be allowed, so that a batch need not ask again.
    _allowed: tuple[Any, ...] | None = None

    @property
    def mixes_labels(self) -> bool:
        """Whether y changes: it is then given as shares of the classes, or as numbers."""
        return False

    @property
    def mixes_rows(self) -> bool:
        """Whether a row's new values depend on other rows of the batch."""
        return False

    @property
    def is_active(self) -> bool:
        """Whether it changes anything; False where its strength is 0."""
        strengths = (getattr(self, name) for name in self._strengths)
        return any(
            bool(each) if isinstance(each, int | float) else np.any(each) for each in strengths
        )

    @property
    def is_known(self) -> bool:
        """Whether it is of this package alone: any process can read it, and it keeps no count."""
        return type(self).__module__.startswith("sknnreg.augmentation.")

    @property
    def identity(self) -> bytes:
        """Equal where all parameters are: another augmentation of this one's would do the same."""
        return hashlib.sha256(pickle.dumps(self)).digest()

    def __call__(self, X: Any, y: Any, rng: np.random.Generator) -> tuple[Any, Any]:
        """Draw once for each row, and change the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of numbers, flattened.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or None
            Their targets. An augmentation that mixes labels takes numbers: amounts, or a column of
            shares for each class.
        rng : numpy.random.Generator
            Where draws come from.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            The new rows, in the dtype of X; X itself where the strength is 0.
        y : array-like
            y itself, unless labels are mixed.
        """
        self.check_parameters()
        rows = as_rows(self, X)
        if not isinstance(rng, np.random.Generator):
            raise TypeError(
                f"rng must be a numpy Generator, such as np.random.default_rng(0), got {rng!r}."
            )
        if not self.is_active or not len(rows):
            return X, y
        new, y = self._augment(rows.astype(_computing_dtype(rows.dtype), copy=False), y, rng)
        return _as_dtype(new, rows.dtype), y

    @abstractmethod
    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        """New rows ``(n, F)`` of at least one, float32 or float64; those given stay as they are."""

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        # scikit-learn reads them off the signature each time, and a batch asks for them.
        return super()._get_param_names()

    def check_parameters(self) -> None:
        """Raise where a parameter is not allowed."""
        values = tuple(getattr(self, name) for name in self._get_param_names())
        before = self._allowed
        if before is not None and all(a is b for a, b in zip(values, before, strict=True)):
            return
        named = dict(zip(self._get_param_names(), values, strict=True))
        validate_parameter_constraints(self._parameter_constraints, named, type(self).__name__)
        self._check_together()
        self._allowed = values

    def _check_together(self) -> None:
        """Raise where parameters do not go together, each of which is allowed."""
        return None

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_allowed", None)
        return state

    if TYPE_CHECKING:

        def set_params(self, **params: Any) -> Self:
            """Set parameters by name."""


def as_rows(augmentation: Any, X: Any) -> NDArray[Any]:
    """X as a two-dimensional array of numbers."""
    name = type(augmentation).__name__
    if sparse.issparse(X):
        raise ValueError(
            f"{name} changes dense rows, and X is sparse. Pass X.toarray(), or a function of your "
            "own that knows what zeros mean."
        )
    rows = np.asarray(X)
    if rows.ndim != 2:
        raise ValueError(
            f"{name} takes flattened rows, X of shape (n_samples, n_features), got {rows.shape}. "
            "Pass X.reshape(len(X), -1)."
        )
    if rows.dtype.kind not in "biuf":
        raise ValueError(f"{name} changes numbers, got X of {rows.dtype}.")
    return rows


def _computing_dtype(dtype: np.dtype[Any]) -> type[np.floating[Any]]:
    """float32 where it holds all values of the dtype."""
    return np.float32 if np.can_cast(dtype, np.float32) else np.float64


def _as_dtype(rows: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Rows in the dtype they came in; whole numbers are rounded, and stay in range."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        rows = np.clip(np.rint(rows), info.min, info.max)
    elif dtype.kind == "b":
        rows = np.rint(rows)
    return rows.astype(dtype, copy=False)


def uniform(
    rng: np.random.Generator, n: int, low: float, high: float, dtype: np.dtype[Any]
) -> Floats:
    """n draws, of the rows' dtype."""
    return rng.uniform(low, high, n).astype(dtype, copy=False)


def factor(rng: np.random.Generator, n: int, most: float, dtype: np.dtype[Any]) -> Floats:
    """n factors from 1 / (1 + most) to 1 + most, as often below 1 as above."""
    bound = np.log1p(most)
    return np.exp(uniform(rng, n, -bound, bound, dtype))
