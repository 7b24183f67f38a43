"""Testing on what was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.utils import indexable
from sklearn.utils.validation import _num_samples

from sknnreg.model_selection.splitters.base import Splitter
from sknnreg.model_selection.splitters.strata import Rows


class Resubstitution(Splitter):
    """One split, in which all rows are both training and test rows: it gives the training error.

    An optimistic estimate of generalization, by as much as the estimator has adapted to its rows:
    0 for one that remembers them all. It stands here to be compared with honest ones.

    See Also
    --------
    sklearn.model_selection.LeaveOneOut : Every row tested by an estimator that has not seen it.

    References
    ----------
    B. Efron, Estimating the error rate of a prediction rule: improvement on cross-validation,
    Journal of the American Statistical Association 78 (382), 1983.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sknnreg.model_selection import Resubstitution
    >>> X, y = load_iris(return_X_y=True)
    >>> cross_val_score(KNeighborsClassifier(1), X, y, cv=Resubstitution())
    array([1.])
    """

    n_splits = 1

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:
        """All rows, twice.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Only its length is looked at.
        y, groups : object, default=None
            Not looked at.

        Yields
        ------
        train, test : ndarray of shape (n_samples,)
            Numbers of rows, rising.
        """
        X, y, groups = indexable(X, y, groups)
        rows = np.arange(_num_samples(X))
        yield rows, rows.copy()
