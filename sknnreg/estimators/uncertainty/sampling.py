"""Both estimators' predictions by single draws of the network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.base import BaseMLPRegularized
from sknnreg.estimators.data.checking import require_y
from sknnreg.estimators.data.inputs import check_X
from sknnreg.estimators.data.numbers import check_same_length
from sknnreg.estimators.data.seeds import drawn_seed
from sknnreg.estimators.fitted.samples import drawn_outputs, draws_noise, networks_of
from sknnreg.estimators.uncertainty.parts import check_n_samples

# By how many draws, and which, where nothing else is said.
N_SAMPLES, SEED = 100, 0


class SampledPredictions(BaseMLPRegularized):
    """A network that predicts by draws of itself: its dropout, its DropConnect, its snapshots."""

    @abstractmethod
    def _of_draws(self, raw: Array) -> Array:
        """Raw outputs ``(S, B, K)`` of draws as what they predict, ``(S, B, n)``."""

    @abstractmethod
    def _as_given(self, values: Array) -> Array:
        """Values ``(..., n)`` without their last axis if predictions have none."""

    @property
    @abstractmethod
    def _width(self) -> int:
        """The numbers n that are predicted for a row."""

    def sample_predictions(
        self, X: Any, n_samples: int = N_SAMPLES, random_state: Any = None
    ) -> Array:
        """What single draws of the network predict: by Monte Carlo dropout, or by snapshots.

        A draw keeps dropping as in training (units by ``dropout`` and ``input_dropout`` of any
        kind, weights by ``drop_connect``), and is one network: its masks are the same for all rows.
        So a row's samples do not depend on the other rows, and the first ten of a hundred draws are
        the ten of the same ``random_state``. With ``n_snapshots`` above 1, draw s is one of
        snapshot s modulo their number. ``predict`` itself draws nothing.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs. What is returned holds ``n_samples`` numbers where ``predict`` has one; beside
            it memory is bounded.
        n_samples : int, default=100
            How many draws, at least 1.
        random_state : int, RandomState instance or None, default=None
            Seed of the draws. An int gives the same ones in every call.

        Returns
        -------
        samples : ndarray of shape (n_draws, n_samples) or (n_draws, n_samples, n_outputs)
            A regressor's predictions in the units of y; of a classifier its probabilities,
            ``(n_draws, n_samples, n_classes)``.

        Raises
        ------
        ValueError
            If the network draws nothing and has no snapshots; for an ``n_samples`` out of range.

        References
        ----------
        Gal, Y. and Ghahramani, Z. (2016). Dropout as a Bayesian approximation: representing model
        uncertainty in deep learning. ICML.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sknnreg import MLPRegularizedClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = MLPRegularizedClassifier((20,), dropout=0.2, random_state=0).fit(X, y)
        >>> draws = model.sample_predictions(X[:5], n_samples=10, random_state=0)
        >>> draws.shape
        (10, 5, 3)
        >>> bool(draws.std(axis=0).max() > 0)
        True
        """
        n = check_n_samples(n_samples)
        self._check_spread()
        X = check_X(self, X, reset=False)
        values = np.empty((n, X.shape[0], self._width))
        for samples, rows, raw in drawn_outputs(self, X, n, drawn_seed(random_state)):
            values[samples, rows] = self._of_draws(raw)
        return self._as_given(values)

    def _check_spread(self) -> None:
        """Raise where all draws would be the same."""
        check_is_fitted(self, "coefs_")
        if not draws_noise(self) and len(networks_of(self)) == 1:
            raise ValueError(
                "All draws of this network would be the same: it was fitted without anything that "
                "is drawn, and has no snapshots. Set dropout, input_dropout or drop_connect above "
                "0, or n_snapshots above 1 with time for as many cycles, and fit anew; or use an "
                "ensemble (sknnreg.ensemble)."
            )

    def _over_draws(
        self, X: Any, n_samples: Any, random_state: Any, add: Callable[[slice, Array], None]
    ) -> int:
        """Hand the draws' raw outputs ``(S, B, K)`` to ``add``, with their rows, part by part.

        Where nothing is drawn, the snapshots, or the network alone. Returns how many there were.
        """
        n = check_n_samples(n_samples)
        if not draws_noise(self):
            n = len(networks_of(self))
        for _, rows, raw in drawn_outputs(self, X, n, drawn_seed(random_state)):
            add(rows, raw)
        return n

    def _checked(self, X: Any, y: Any) -> tuple[Any, Any]:
        """X and y of a call that judges predictions."""
        check_is_fitted(self, "coefs_")
        require_y(self, y)
        X, y = check_X(self, X, reset=False), self._check_y(y, "y")
        check_same_length(X, y, "y")
        return X, y
