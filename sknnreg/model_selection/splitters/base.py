"""What all splitters here share: scikit-learn's class, and what they say of groups."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from numbers import Integral
from typing import TYPE_CHECKING, Any

from sklearn.utils import indexable

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.splitters.strata import Rows
from sknnreg.model_selection.splitters.targets import standardized

if TYPE_CHECKING:

    class BaseCrossValidator:
        """scikit-learn's, as static tools should see it."""

else:
    from sklearn.model_selection import BaseCrossValidator


class Splitter(BaseCrossValidator):
    """A splitter of scikit-learn that has no use for groups."""

    n_splits: int

    @abstractmethod
    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:
        """Pairs of training and test rows."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """How many pairs of training and test rows ``split`` gives.

        Parameters
        ----------
        X, y, groups : object, default=None
            Not looked at.

        Returns
        -------
        n_splits : int
            The number of splits.
        """
        return self.n_splits

    def _warn_of_groups(self, groups: Any) -> None:
        if groups is not None:
            warnings.warn(
                f"The groups parameter is ignored by {type(self).__name__}: rows of one group may "
                "be on both sides. To keep groups whole, use sklearn.model_selection.GroupKFold.",
                UserWarning,
                stacklevel=3,
            )


class StratifiedRegressionSplitter(Splitter):
    """One that shares out the values of y."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:
        """Pairs of training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Only its length is looked at.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target, real numbers.
        groups : object, default=None
            Has no effect, of which a warning tells.

        Yields
        ------
        train, test : ndarray of shape (n_train,), (n_test,)
            Numbers of rows, rising.

        Raises
        ------
        ValueError
            If y is missing, is not finite or holds classes, if X and y have different lengths, or
            there are too few rows for so many splits.
        TypeError
            If y is sparse.
        """
        X, y, groups = indexable(X, y, groups)
        self._warn_of_groups(groups)
        yield from self._split(standardized(y, type(self).__name__))

    @abstractmethod
    def _split(self, z: Array) -> Iterator[tuple[Rows, Rows]]:
        """The splits for standardized targets ``(n, q)``."""


def whole_number(name: str, value: Any, at_least: int) -> int:
    """The number, or an error that says what it must be."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < at_least:
        raise ValueError(f"{name} must be a whole number of at least {at_least}, got {value!r}.")
    return int(value)
