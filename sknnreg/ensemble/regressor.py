"""CrossFittedRegressor: the mean of the members' predictions."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import r2_score

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.base import BaseCrossFitted
from sknnreg.ensemble.folds import Strata
from sknnreg.ensemble.table import Table
from sknnreg.estimators import MLPRegularizedRegressor
from sknnreg.estimators.data.numbers import check_numbers
from sknnreg.estimators.sklearn_types import RegressorMixin


class CrossFittedRegressor(RegressorMixin, BaseCrossFitted):
    """TODO."""

    _kind: ClassVar[type] = MLPRegularizedRegressor
    _method: ClassVar[str] = "predict"
    n_outputs_: int
    _one_dimensional: bool

    def __init__(
        self,
        estimator: Any = None,
        n_members: int = 8,
        *,
        cv: Any = None,
        validation: str | None = "fold",
        param_distributions: Any = None,
        n_candidates: int = 24,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_members = n_members
        self.cv = cv
        self.validation = validation
        self.param_distributions = param_distributions
        self.n_candidates = n_candidates
        self.random_state = random_state

    def predict(self, X: Any, *, return_std: bool = False) -> Any:
        """The mean of the members' predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.
        return_std : bool, default=False
            Whether to return the standard deviation across members too.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.
        std : ndarray of the same shape, only with ``return_std=True``
            ``sqrt(sum_m w_m (y_m - y)^2)`` with the members' weights w_m, which sum to 1. It tells
            how far members disagree, not how far targets scatter.
        """
        if not return_std:
            return self._as_given(self._predict_into(X, self._mean, self._width))
        both = self._predict_into(X, self._mean_and_deviation, 2 * self._width)
        mean, deviation = np.hsplit(both, 2)
        return self._as_given(mean), self._as_given(deviation)

    @property
    def _width(self) -> int:
        return getattr(self, "n_outputs_", 0)

    def _mean_and_deviation(self, given: Array) -> Array:
        mean = self._mean(given)
        return np.hstack([mean, np.sqrt(self._mean(np.square(given - mean)))])

    def _as_given(self, prediction: Array) -> Array:
        return prediction[:, 0] if self._one_dimensional else prediction

    def _check_y(self, y: Any) -> tuple[Any, Strata]:
        y = check_numbers(y, "y")
        self._one_dimensional = y.ndim == 1
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        return y, Strata(np.zeros(len(y), np.intp), kept=False)

    def _score(self, prediction: Array, table: Table) -> float:
        if len(prediction) < 2:
            return np.nan
        return float(r2_score(table.y, self._as_given(prediction), sample_weight=table.weight))

    def _loss(self, prediction: Array, table: Table) -> float:
        """Squared error, each output in units of its variance."""
        y = table.y.reshape(prediction.shape)
        variance = np.var(y, axis=0)
        error = np.square(prediction - y) / np.where(variance > 0, variance, 1.0)
        return float(np.average(error.mean(axis=1), weights=table.weight))
