"""Random test rows whose target is distributed as that of all rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.model_selection._split import _validate_shuffle_split
from sklearn.utils import check_random_state

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.splitters.base import StratifiedRegressionSplitter, whole_number
from sknnreg.model_selection.splitters.strata import Rows, drawn

_DEFAULT_TEST_SIZE = 0.1


class StratifiedRegressionShuffleSplit(StratifiedRegressionSplitter):
    r"""Repeated random sub-sampling in which a continuous target is shared out evenly.

    Rows are sorted by y and cut into as many strata as there are to be test rows, and chance takes
    one row out of each (several outputs: cells, as in :class:`StratifiedRegressionKFold`). Then
    single choices change within their strata, always the one that helps most, until the mean of the
    :math:`n_t` test rows is within :math:`\max(0.005, 1 / n_t^2)` standard deviations of the mean
    of all, in every output. Training rows are all others or, if ``train_size`` asks for fewer,
    drawn in the same way. The smaller part is drawn in strata, the larger one is what is left.

    Parameters
    ----------
    n_splits : int, default=10
        How often rows are drawn; at least 1.
    test_size, train_size : float or int, default=None
        A share of the rows, between 0 and 1, or their number. One that is None is what the other
        leaves; if both are, the test rows are a tenth.
    random_state : int, RandomState instance or None, default=None
        Seed or generator.

    Raises
    ------
    ValueError
        For a parameter out of its range; sizes are looked at by ``split``.

    See Also
    --------
    StratifiedRegressionKFold : Every row in the test part once; its limits hold here too.
    sklearn.model_selection.StratifiedShuffleSplit : For classes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknnreg.model_selection import StratifiedRegressionShuffleSplit
    >>> X, y = load_diabetes(return_X_y=True)
    >>> cv = StratifiedRegressionShuffleSplit(n_splits=3, test_size=0.2, random_state=0)
    >>> for train, test in cv.split(X, y):
    ...     difference = abs(y[test].mean() - y[train].mean()) / y.std()
    ...     print(len(train), len(test), bool(difference < 0.01))
    353 89 True
    353 89 True
    353 89 True
    """

    def __init__(
        self,
        n_splits: int = 10,
        *,
        test_size: float | None = None,
        train_size: float | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_splits = whole_number("n_splits", n_splits, 1)
        self.test_size = test_size
        self.train_size = train_size
        self.random_state = random_state

    def _split(self, z: Array) -> Iterator[tuple[Rows, Rows]]:
        rng = check_random_state(self.random_state)
        n_train, n_test = _validate_shuffle_split(
            len(z), self.test_size, self.train_size, _DEFAULT_TEST_SIZE
        )
        for _ in range(self.n_splits):
            test, others = drawn(z, np.arange(len(z)), n_test, rng)
            train, _ = drawn(z, others, n_train, rng)
            yield np.sort(train), np.sort(test)
