"""A callback that notes how a layer's inputs are distributed, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.inputs import check_X
from sknnreg.estimators.fitted.ensembles import as_folded
from sknnreg.estimators.fitted.forward import hidden_inputs


class ActivationRecorder:
    """Notes percentiles of a hidden layer's inputs after each epoch: a callback of scikit-learn.

    The inputs are what the layer gives to its activation, normalization included, for rows of X as
    they came to ``fit``, as the network would predict for them: without noise, dropout or
    augmentation. Set it by ``set_callbacks`` on a network, by itself or within a pipeline or a
    search; each fit is a run of its own.

    Parameters
    ----------
    layer : int, default=-1
        The hidden layer, from 0, or from -1 backwards.
    percentiles : sequence of float, default=(15, 50, 85)
        From 0 to 100.
    n_rows : int, default=1000
        So many rows of X at most, spread evenly over all of them; at least 1.

    Attributes
    ----------
    runs_ : list of dict
        For each fit, in the order of their beginnings, ``"all"``, the percentiles over rows and
        units, ``(n_epochs, n_percentiles)``, and ``"units"``, those of each unit over rows,
        ``(n_epochs, n_percentiles, n_units)``.

    Raises
    ------
    ValueError
        For a parameter out of its range; in ``fit``, if there is no such layer.

    See Also
    --------
    ActivationDistributionDisplay : Draws a run.

    Notes
    -----
    It holds what the process that it is in has trained: fits in other processes (``n_jobs`` with
    loky) are not heard of here. ``fit_together()`` trains such networks in this one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.inspection import ActivationRecorder
    >>> X, y = load_iris(return_X_y=True)
    >>> recorder = ActivationRecorder()
    >>> model = MLPRegularizedClassifier((10, 5), max_iter=8, n_iter_no_change=None, random_state=0)
    >>> model = model.set_callbacks(recorder).fit(X, y)
    >>> recorder.runs_[0]["all"].shape, recorder.runs_[0]["units"].shape
    ((8, 3), (8, 3, 5))
    """

    layer: int
    percentiles: tuple[float, ...]
    n_rows: int

    def __init__(
        self, layer: int = -1, *, percentiles: Sequence[float] = (15, 50, 85), n_rows: int = 1000
    ) -> None:
        if not isinstance(layer, Integral):
            raise ValueError(f"layer must be a whole number, got {layer!r}.")
        if not isinstance(n_rows, Integral) or n_rows < 1:
            raise ValueError(f"n_rows must be a whole number of at least 1, got {n_rows!r}.")
        given = list(percentiles)
        if not given or not all(isinstance(p, Real) and 0 <= p <= 100 for p in given):
            raise ValueError(f"percentiles must be numbers from 0 to 100, got {percentiles!r}.")
        self.layer = int(layer)
        self.percentiles = tuple(float(p) for p in given)
        self.n_rows = int(n_rows)
        self._runs: dict[Any, list[tuple[Array, Array]]] = {}

    @property
    def runs_(self) -> list[dict[str, Array]]:
        """What was recorded, by fit."""
        return [
            {"all": np.array([a for a, _ in run]), "units": np.array([u for _, u in run])}
            for run in self._runs.values()
        ]

    def setup(self, estimator: Any, context: Any) -> None:
        """A fit begins; nothing is to be done."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """A fit is over; nothing is to be done."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """An epoch begins; nothing is to be done."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, fitted_estimator: Any = None
    ) -> None:
        """Note the percentiles, if this is the end of an epoch.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.
        context : CallbackContext
            What has ended.
        X : array-like, default=None
            The training rows.
        fitted_estimator : estimator, default=None
            A network with the present weights.
        """
        if context.task_name != "epoch" or fitted_estimator is None:
            return
        inputs = self._inputs(fitted_estimator, X)
        noted = [np.percentile(inputs, self.percentiles, axis=axis) for axis in (None, 0)]
        self._runs.setdefault(_fit_of(context), []).append((noted[0], noted[1]))

    def _inputs(self, network: Any, X: Any) -> Array:
        """The layer's inputs, ``(rows, units)``."""
        n_hidden = len(network.coefs_) - 1
        if not -n_hidden <= self.layer < n_hidden:
            raise ValueError(
                f"layer={self.layer} is none of the network's {n_hidden} hidden layers: it must be "
                f"from {-n_hidden} to {n_hidden - 1}."
                if n_hidden
                else "the network has no hidden layer whose inputs could be recorded."
            )
        n = _num_samples(X)
        if n > self.n_rows:
            X = _safe_indexing(X, np.linspace(0, n - 1, self.n_rows).astype(np.intp))
        checked = check_X(network, X, reset=False)
        layer = self.layer % n_hidden
        return hidden_inputs(checked, as_folded([network]), network._activations, layer)


def _fit_of(context: Any) -> tuple[Any, ...]:
    """What tells the fit that an epoch belongs to from all others."""
    path: list[Any] = [context.root_uuid]
    while (context := context.parent) is not None:
        path += [context.task_name, context.task_id]
    return tuple(path)
