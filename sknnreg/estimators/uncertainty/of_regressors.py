"""A regressor's uncertainty: the spread of its draws, and the noise around them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.inputs import check_X
from sknnreg.estimators.data.targets import ResponseTargets
from sknnreg.estimators.uncertainty.parts import (
    Uncertainty,
    check_coverage,
    checked_noise,
    interval,
    log_normal,
    of_variances,
)
from sknnreg.estimators.uncertainty.sampling import N_SAMPLES, SEED, SampledPredictions


class RegressorUncertainty(SampledPredictions):
    """Intervals and densities of a regressor, by draws and a noise level found by ``fit``."""

    _targets: ResponseTargets
    clip_predictions: bool
    noise_std_: float | NDArray[np.float64] | None

    def predict_interval(
        self,
        X: Any,
        coverage: float = 0.9,
        *,
        noise_std: Any = None,
        n_samples: int = N_SAMPLES,
        random_state: Any = SEED,
    ) -> tuple[Array, Array]:
        """Bounds that a new target is between with a given probability.

        ``predict(X) +- z sqrt(v + noise_std**2)``: v is the variance of draws (see
        ``sample_predictions``; 0 where the network draws nothing), and z the normal quantile.
        Errors are taken to be normal with one level of noise everywhere. Where that is far from
        true, or an exact coverage is needed, put the network into conformal prediction
        (`mapie <https://mapie.readthedocs.io>`_).

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.
        coverage : float, default=0.9
            The share of targets that the interval is to hold, in (0, 1).
        noise_std : float or array-like of shape (n_outputs,), default=None
            Standard deviation, above 0, of y around the draws. None takes ``noise_std_``, which
            ``fit`` finds on validation rows: rows that were learned from would make it too small.
        n_samples : int, default=100
            How many draws.
        random_state : int, RandomState instance or None, default=0
            Seed of the draws: the same ones in every call, unless it is None.

        Returns
        -------
        lower, upper : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The bounds. ``clip_predictions`` moves the middle, not the bounds.

        Raises
        ------
        ValueError
            If ``coverage`` is out of its range, or the noise is not known: without validation rows
            (``early_stopping=True``, or ``X_val`` and ``y_val`` in ``fit``), or with
            ``loss="poisson"``, whose noise grows with the mean.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sknnreg import MLPRegularizedRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = MLPRegularizedRegressor(
        ...     (20,), dropout=0.1, early_stopping=True, max_iter=300, random_state=0
        ... )
        >>> model = model.fit(X[:400], y[:400])
        >>> lower, upper = model.predict_interval(X[400:], coverage=0.9)
        >>> bool(((lower < y[400:]) & (y[400:] < upper)).mean() > 0.7)
        True
        >>> model.predict_interval([[0.0] * 10], 0.9, noise_std=1e-3)[0].shape
        (1,)
        """
        coverage, noise = check_coverage(coverage), self._noise_level(noise_std)
        X = check_X(self, X, reset=False)
        mean, variance = self._mean_and_variance(X, n_samples, random_state)
        bounds = interval(mean, variance + np.square(noise), coverage)
        return self._as_given(bounds[0]), self._as_given(bounds[1])

    def log_predictive_density(
        self,
        X: Any,
        y: Any,
        *,
        noise_std: Any = None,
        n_samples: int = N_SAMPLES,
        random_state: Any = SEED,
    ) -> Array:
        """The logarithm of the density that the draws give to each target; more is better.

        ``log (1/S) sum_s N(y | f_s(x), noise_std**2)`` over S draws f_s, which is ``logsumexp_s(
        -tau (y - f_s)**2 / 2) - log S - log(2 pi) / 2 - log(1 / tau) / 2`` with ``tau =
        noise_std**-2`` (Gal and Ghahramani, 2016). Of several outputs their joint density, the
        noise of each being independent of the others'.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        noise_std, n_samples, random_state : as in ``predict_interval``
            The noise and the draws.

        Returns
        -------
        log_density : ndarray of shape (n_samples,)
            In units of log(1 / unit of y).

        Raises
        ------
        ValueError
            As ``predict_interval``.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sknnreg import MLPRegularizedRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = MLPRegularizedRegressor(
        ...     (20,), dropout=0.1, early_stopping=True, max_iter=300, random_state=0
        ... )
        >>> model = model.fit(X[:400], y[:400])
        >>> near, far = (model.log_predictive_density(X[:3], y[:3] + by) for by in (0, 500))
        >>> bool((near > far).all())
        True
        """
        noise = self._noise_level(noise_std)
        X, y = self._checked(X, y)
        y = self._targets.encode(y, "y").read(slice(0, len(y)), np.empty((len(y), len(noise))))
        log_sum = np.full(len(y), -np.inf)

        def add(rows: slice, raw: Array) -> None:
            each = log_normal(y[rows], self._of_draws(raw), noise)
            log_sum[rows] = np.logaddexp(log_sum[rows], np.logaddexp.reduce(each, axis=0))

        n_draws = self._over_draws(X, n_samples, random_state, add)
        log_sum -= np.log(n_draws)
        return log_sum

    def uncertainty(
        self,
        X: Any,
        *,
        noise_std: Any = None,
        n_samples: int = N_SAMPLES,
        random_state: Any = SEED,
    ) -> Uncertainty:
        """How uncertain each prediction is, as a variance, and why.

        ``total = epistemic + aleatoric``: the variance of the draws, which tells of what is not
        known of the function, and the variance of the noise (Kendall and Gal, 2017).

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.
        noise_std, n_samples, random_state : as in ``predict_interval``
            The noise and the draws.

        Returns
        -------
        uncertainty : Uncertainty
            A named tuple ``(total, epistemic, aleatoric)`` of arrays in the shape of ``predict``.

        Raises
        ------
        ValueError
            As ``predict_interval``, and if all draws are the same.

        References
        ----------
        Kendall, A. and Gal, Y. (2017). What uncertainties do we need in Bayesian deep learning for
        computer vision? NIPS 30.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sknnreg import MLPRegularizedRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = MLPRegularizedRegressor(
        ...     (20,), dropout=0.1, early_stopping=True, max_iter=300, random_state=0
        ... )
        >>> model = model.fit(X[:400], y[:400])
        >>> near, far = model.uncertainty(X[:50]), model.uncertainty(3 * X[:50])
        >>> bool(near.epistemic.mean() < far.epistemic.mean())
        True
        >>> bool((near.aleatoric == model.noise_std_**2).all())
        True
        """
        self._check_spread()
        noise = self._noise_level(noise_std)
        X = check_X(self, X, reset=False)
        _, variance = self._mean_and_variance(X, n_samples, random_state)
        return Uncertainty(*(self._as_given(each) for each in of_variances(variance, noise)))

    def _noise_level(self, noise_std: Any) -> Array:
        check_is_fitted(self, "coefs_")
        why_none = (
            "fit finds it on rows that are not learned from, which it had none of. Set "
            "early_stopping=True, or pass X_val and y_val to fit"
        )
        if self._targets.link.name != "identity":
            why_none = (
                f"with loss={self._targets.loss.name!r} it grows with the mean. Use another loss"
            )
        found = getattr(self, "noise_std_", None)
        return checked_noise(noise_std, found, self._width, why_none)

    def _mean_and_variance(self, X: Any, n_samples: Any, random_state: Any) -> tuple[Array, Array]:
        """What ``predict`` says, and the variance of draws, ``(n, K)`` each; X is checked."""
        mean = self._of_rows(X, self._responses, self._width)
        first, second = np.zeros_like(mean), np.zeros_like(mean)

        def add(rows: slice, raw: Array) -> None:
            # From the prediction, which is near: a difference of large squares would be rounding.
            away = self._of_draws(raw) - mean[rows]
            first[rows] += away.sum(axis=0)
            second[rows] += np.square(away).sum(axis=0)

        n = self._over_draws(X, n_samples, random_state, add)
        return mean, np.maximum(second / n - np.square(first / n), 0.0)

    def _of_draws(self, raw: Array) -> Array:
        return self._responses(raw)

    def _as_given(self, values: Array) -> Array:
        return values[..., 0] if self._targets.one_dimensional else values

    @property
    def _width(self) -> int:
        return self._targets.n_outputs

    def _responses(self, raw: Array) -> Array:
        """Raw outputs ``(..., K)`` in the units of y, clipped if that is asked for."""
        y = self._targets.link.inverse(raw)
        return self._targets.clipped(y) if self.clip_predictions else y
