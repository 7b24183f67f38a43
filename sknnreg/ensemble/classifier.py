"""CrossFittedClassifier: the mean of the members' probabilities."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.base import BaseCrossFitted
from sknnreg.ensemble.folds import Strata
from sknnreg.ensemble.table import Table
from sknnreg.estimators import MLPRegularizedClassifier
from sknnreg.estimators.data.labels import check_labels, class_targets
from sknnreg.estimators.data.targets import LabelTargets
from sknnreg.estimators.sklearn_types import ClassifierMixin


class CrossFittedClassifier(ClassifierMixin, BaseCrossFitted):
    """TODO."""

    _kind: ClassVar[type] = MLPRegularizedClassifier
    _method: ClassVar[str] = "predict_proba"
    classes_: NDArray[Any]
    _multilabel: bool

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

    def predict_proba(self, X: Any) -> Array:
        """The mean of the members' class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``.
        """
        check_is_fitted(self, "members_")
        return self._predict_into(X, self._mean, len(self.classes_))

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of ``predict_proba``, exact where a probability would be rounded to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of ``classes_``.
        """
        check_is_fitted(self, "members_")
        weights = self.weights_[:, None, None]
        return self._predict_into(
            X,
            lambda logs: special.logsumexp(logs, axis=0, b=weights),
            len(self.classes_),
            method="predict_log_proba",
        )

    def predict(self, X: Any) -> Array:
        """The class of the largest mean probability, or the labels of one above a half.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels.
        """
        return self._labels(self.predict_proba(X))

    def disagreement(self, X: Any) -> Array:
        """How far the members disagree about each row: what they know of it beside their mean.

        The mutual information between the label and the member, in nats: the entropy of the mean
        probabilities less the mean entropy of the members', which is also the mean divergence
        ``KL(p_m || p)`` of the members from their mean. 0 where all agree.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        information : ndarray of shape (n_samples,) or (n_samples, n_labels)
            At least 0 and at most log n_classes; of several labels, each by itself.
        """
        check_is_fitted(self, "members_")
        if self._multilabel:
            return self._predict_into(X, self._information, len(self.classes_))
        return self._predict_into(X, self._information, 1)[:, 0]

    def _information(self, given: Array) -> Array:
        mean = self._mean(given)
        divergence = special.rel_entr(given, mean)
        if self._multilabel:
            return self._mean(divergence + special.rel_entr(1 - given, 1 - mean)).clip(0)
        return self._mean(divergence.sum(axis=-1, keepdims=True)).clip(0)

    def _labels(self, proba: Array) -> Array:
        if self._multilabel:
            return (proba > 0.5).astype(np.int64)
        labels: Array = self.classes_[proba.argmax(axis=1)]
        return labels

    def _check_y(self, y: Any) -> tuple[Any, Strata]:
        y = check_labels(y, "y")
        targets = class_targets(y)
        self.classes_, self._multilabel = targets.classes, isinstance(targets, LabelTargets)
        y = y if self._multilabel else column_or_1d(y)
        codes = targets.strata(targets.encode(y, "y"))
        assert codes is not None
        return y, Strata(codes, kept=targets.exclusive)

    def _score(self, prediction: Array, table: Table) -> float:
        if len(prediction) == 0:
            return np.nan
        labels = self._labels(prediction)
        return float(accuracy_score(table.y, labels, sample_weight=table.weight))

    def _loss(self, prediction: Array, table: Table) -> float:
        """Log loss, of several labels their sum."""
        if self._multilabel:
            y = np.asarray(table.y.todense() if hasattr(table.y, "todense") else table.y)
            each = np.where(y == 1, prediction, 1 - prediction)
        else:
            codes = np.searchsorted(self.classes_, table.y)
            each = np.take_along_axis(prediction, codes[:, None], axis=1)
        smallest = np.finfo(np.float64).tiny
        loss = -np.log(np.maximum(each, smallest)).sum(axis=1)
        return float(np.average(loss, weights=table.weight))
