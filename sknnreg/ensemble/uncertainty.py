"""What the ensembles do not know: their members' spread, and the noise that no member explains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.rows import CodedRows
from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.base import BaseCrossFitted
from sknnreg.ensemble.outputs import outputs
from sknnreg.ensemble.table import Table, rows_of
from sknnreg.estimators.data.checking import require_y
from sknnreg.estimators.data.labels import check_labels
from sknnreg.estimators.data.numbers import check_numbers, check_same_length
from sknnreg.estimators.data.targets import ClassTargets, LabelTargets
from sknnreg.estimators.fitted.held_out import noise_level
from sknnreg.estimators.uncertainty.parts import (
    Uncertainty,
    check_coverage,
    checked_noise,
    entropy,
    interval,
    log_normal,
    of_entropies,
    of_variances,
)

# Rows for which members are asked how far they are apart, where a mean over many is wanted.
N_ROWS = 1024


class RegressorUncertainty(BaseCrossFitted):
    """Intervals and densities of an ensemble of regressors."""

    n_outputs_: int
    noise_std_: float | NDArray[np.float64] | None
    _one_dimensional: bool

    def predict_interval(
        self, X: Any, coverage: float = 0.9, *, noise_std: Any = None
    ) -> tuple[Array, Array]:
        """Bounds that a new target is between with a given probability.

        ``predict(X) +- z sqrt(v + noise_std**2)``: v is the variance of the members, and z the
        normal quantile. Errors are taken to be normal with one level of noise everywhere.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.
        coverage : float, default=0.9
            The share of targets that the interval is to hold, in (0, 1).
        noise_std : float or array-like of shape (n_outputs,), default=None
            Standard deviation, above 0, of y around the members; None takes ``noise_std_``.

        Returns
        -------
        lower, upper : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The bounds.

        Raises
        ------
        ValueError
            If ``coverage`` is out of its range, or the noise is not known (``validation=None``).
        """
        coverage, noise = check_coverage(coverage), self._noise_level(noise_std)
        mean, variance = self._mean_and_variance(X)
        lower, upper = interval(mean, variance + np.square(noise), coverage)
        return self._as_given(lower), self._as_given(upper)

    def log_predictive_density(self, X: Any, y: Any, *, noise_std: Any = None) -> Array:
        """The logarithm of the density that the members give to each target; more is better.

        ``log sum_m w_m N(y | y_m, noise_std**2)``; of several outputs their joint density.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        noise_std : float or array-like of shape (n_outputs,), default=None
            As in ``predict_interval``.

        Returns
        -------
        log_density : ndarray of shape (n_samples,)
            In units of log(1 / unit of y).
        """
        noise = self._noise_level(noise_std)
        require_y(self, y)
        y, weights = self._as_outputs(check_numbers(y, "y")), self.weights_[:, None]
        n, found = self._outputs(X, self._method)
        check_same_length(X, y, "y")
        log_density = np.empty(n)
        for at, each in found:
            logs = log_normal(y[at], each, noise)
            log_density[at] = special.logsumexp(logs, axis=0, b=weights)
        return log_density

    def uncertainty(self, X: Any, *, noise_std: Any = None) -> Uncertainty:
        """How uncertain each prediction is, as a variance, and why.

        ``total = epistemic + aleatoric``: the variance of the members, which tells of what is not
        known of the function, and the variance of the noise.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.
        noise_std : float or array-like of shape (n_outputs,), default=None
            As in ``predict_interval``.

        Returns
        -------
        uncertainty : Uncertainty
            A named tuple ``(total, epistemic, aleatoric)`` of arrays in the shape of ``predict``.
        """
        noise = self._noise_level(noise_std)
        _, variance = self._mean_and_variance(X)
        return Uncertainty(*(self._as_given(each) for each in of_variances(variance, noise)))

    def _noise_level(self, noise_std: Any) -> Array:
        check_is_fitted(self, "members_")
        why_none = "with validation=None no rows are held out to find it by. Use validation='fold'"
        return checked_noise(noise_std, self.noise_std_, self._width, why_none)

    def _keep_noise(self, table: Table) -> None:
        """By the rows that have an out-of-fold prediction."""
        self.noise_std_ = None
        if self.oof_prediction_ is None:
            return
        oof = self._as_outputs(self.oof_prediction_)
        known = np.flatnonzero(~np.isnan(oof).any(axis=1) & table.present)
        if len(known) == 0:
            return
        error = np.square(oof[known] - self._as_outputs(table.y[known]))
        weight = np.ones(len(table)) if table.weight is None else table.weight
        some = known[:: -(-len(known) // N_ROWS)]
        found = outputs(self.members_, rows_of(table.X, some), self._method, None)
        variance = np.concatenate([np.hsplit(self._moments(each), 2)[1] for _, each in found])
        level = noise_level(
            np.average(error, axis=0, weights=weight[known]),
            np.average(variance, axis=0, weights=weight[some]),
        )
        self.noise_std_ = float(level[0]) if self._one_dimensional else level

    def _mean_and_variance(self, X: Any) -> tuple[Array, Array]:
        """Of the members, ``(n, K)`` each."""
        both = self._predict_into(X, self._moments, 2 * self._width)
        mean, variance = np.hsplit(both, 2)
        return mean, variance

    def _moments(self, given: Array) -> Array:
        mean = self._mean(given)
        return np.hstack([mean, self._mean(np.square(given - mean))])

    def _as_outputs(self, y: Array) -> Array:
        """Targets ``(n, K)``."""
        if y.ndim != 2 - self._one_dimensional and y.size != len(y) * self._width:
            raise ValueError(
                f"y must have {self._width} columns, as in fit, got an array of shape {y.shape}."
            )
        return y.reshape(len(y), self._width)

    @property
    def _width(self) -> int:
        return getattr(self, "n_outputs_", 0)


class ClassifierUncertainty(BaseCrossFitted):
    """Densities and entropies of an ensemble of classifiers."""

    classes_: NDArray[Any]
    _multilabel: bool

    def log_predictive_density(self, X: Any, y: Any) -> Array:
        """The logarithm of the probability that the members give to each label; more is better.

        ``log sum_m w_m p_m(y | x)``; of several labels p_m is the product over these.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels, of the classes that were learned.

        Returns
        -------
        log_probability : ndarray of shape (n_samples,)
            At most 0.
        """
        check_is_fitted(self, "members_")
        require_y(self, y)
        y = check_labels(y, "y")
        targets = LabelTargets(len(self.classes_)) if self._multilabel else None
        rows = (targets or ClassTargets(self.classes_)).encode(y, "y")
        truth = CodedRows(rows.values, n_columns=len(self.classes_)) if targets is None else rows
        n, found = self._outputs(X, "predict_log_proba")
        check_same_length(X, y, "y")
        log_density, weights = np.empty(n), self.weights_[:, None]
        for at, logs in found:
            is_true = truth.read(at, np.empty((at.stop - at.start, truth.width))) == 1
            each = np.where(is_true, logs, 0.0 if targets is None else _log_of_rest(logs))
            log_density[at] = special.logsumexp(each.sum(axis=-1), axis=0, b=weights)
        return log_density

    def uncertainty(self, X: Any) -> Uncertainty:
        """How uncertain each prediction is, in nats, and why.

        ``total = epistemic + aleatoric``: the entropy of the mean probabilities is the mutual
        information between label and member, which is ``disagreement``, and the mean entropy of
        the members'.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        uncertainty : Uncertainty
            A named tuple ``(total, epistemic, aleatoric)`` of arrays of shape ``(n_samples,)``, or
            for several labels, each by itself, ``(n_samples, n_labels)``.
        """
        check_is_fitted(self, "members_")
        each_label, n_classes = self._multilabel, len(self.classes_)

        def moments(given: Array) -> Array:
            entropies = self._mean(entropy(given, each_label=each_label))
            return np.hstack([self._mean(given), entropies.reshape(given.shape[1], -1)])

        width = 2 * n_classes if each_label else n_classes + 1
        found = self._predict_into(X, moments, width)
        mean, entropies = found[:, :n_classes], found[:, n_classes:]
        entropies = entropies if each_label else entropies[:, 0]
        return of_entropies(mean, entropies, each_label=each_label)


def _log_of_rest(logs: Array) -> Array:
    """log(1 - p) of log p, finite."""
    rest: Array = np.log(np.maximum(-np.expm1(logs), np.finfo(np.float64).tiny))
    return rest
