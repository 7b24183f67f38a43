"""A classifier's uncertainty: entropies of its draws and of their mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.inputs import check_X
from sknnreg.estimators.data.targets import ClassTargets, LabelTargets
from sknnreg.estimators.uncertainty.parts import Uncertainty, entropy, of_entropies
from sknnreg.estimators.uncertainty.sampling import N_SAMPLES, SEED, SampledPredictions


class ClassifierUncertainty(SampledPredictions):
    """Densities and entropies of a classifier, by draws."""

    classes_: NDArray[Any]
    _targets: ClassTargets | LabelTargets
    temperature_: float | None

    def log_predictive_density(
        self, X: Any, y: Any, *, n_samples: int = N_SAMPLES, random_state: Any = SEED
    ) -> Array:
        """The logarithm of the probability that the draws give to each label; more is better.

        ``log (1/S) sum_s p_s(y | x)`` over S draws (see ``sample_predictions``), or that of
        ``predict_proba`` where the network draws nothing. Of several labels p_s is the product
        over these.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels, of the classes that were learned.
        n_samples : int, default=100
            How many draws.
        random_state : int, RandomState instance or None, default=0
            Seed of the draws: the same ones in every call, unless it is None.

        Returns
        -------
        log_probability : ndarray of shape (n_samples,)
            At most 0.

        Raises
        ------
        ValueError
            For a label that is not among the classes, or an ``n_samples`` out of range.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sknnreg import MLPRegularizedClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = MLPRegularizedClassifier((20,), dropout=0.2, random_state=0).fit(X, y)
        >>> bool(model.log_predictive_density(X, y).mean() > -0.5)
        True
        """
        X, y = self._checked(X, y)
        rows = self._targets.encode(y, "y")
        n, loss = len(rows), self._targets.loss
        if not self._each_label and len(self.classes_) == 1:
            return np.zeros(n)
        truth = rows.read(slice(0, n), np.empty((n, rows.width)))
        log_sum = np.full(n, -np.inf)

        def add(at: slice, raw: Array) -> None:
            # A row's loss is minus the logarithm of what is asked for.
            losses, _ = loss.bind_rows(raw.shape, raw.dtype)(
                raw, np.broadcast_to(truth[at], raw.shape)
            )
            each = np.logaddexp.reduce(-losses.sum(axis=-1), axis=0)
            log_sum[at] = np.logaddexp(log_sum[at], each)

        n_draws = self._over_draws(X, n_samples, random_state, add)
        log_sum -= np.log(n_draws)
        return log_sum

    def uncertainty(
        self, X: Any, *, n_samples: int = N_SAMPLES, random_state: Any = SEED
    ) -> Uncertainty:
        """How uncertain each prediction is, in nats, and why.

        ``total = epistemic + aleatoric``: the entropy of the mean probabilities of the draws is the
        mutual information between label and draw, which tells how far draws disagree, and the mean
        entropy of single draws (Depeweg et al., 2018).

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs; any number of rows in bounded memory.
        n_samples, random_state : as in ``log_predictive_density``
            The draws.

        Returns
        -------
        uncertainty : Uncertainty
            A named tuple ``(total, epistemic, aleatoric)`` of arrays of shape ``(n_samples,)``, or
            for several labels, each by itself, ``(n_samples, n_labels)``.

        Raises
        ------
        ValueError
            If all draws are the same.

        References
        ----------
        Depeweg, S. et al. (2018). Decomposition of uncertainty in Bayesian deep learning for
        efficient and risk-sensitive learning. ICML.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sknnreg import MLPRegularizedClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = MLPRegularizedClassifier((20,), dropout=0.2, random_state=0).fit(X, y)
        >>> found = model.uncertainty(X)
        >>> bool((found.total <= 1.0987).all())  # log 3
        True
        """
        self._check_spread()
        X = check_X(self, X, reset=False)
        mean, each_label = np.zeros((X.shape[0], self._width)), self._each_label
        entropies = np.zeros(mean.shape if each_label else mean.shape[:1])

        def add(rows: slice, raw: Array) -> None:
            draws = self._of_draws(raw)
            mean[rows] += draws.sum(axis=0)
            entropies[rows] += entropy(draws, each_label=each_label).sum(axis=0)

        n = self._over_draws(X, n_samples, random_state, add)
        return of_entropies(mean / n, entropies / n, each_label=each_label)

    @property
    def _each_label(self) -> bool:
        return isinstance(self._targets, LabelTargets)

    def _of_draws(self, raw: Array) -> Array:
        return self._in_units(raw, "predict_proba")

    def _as_given(self, values: Array) -> Array:
        return values

    @property
    def _width(self) -> int:
        return len(self.classes_)
