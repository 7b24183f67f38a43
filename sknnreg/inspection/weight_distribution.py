"""How large a network's weights are, layer by layer, and how many are 0."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.inputs import check_X
from sknnreg.estimators.fitted.forward import to_dense
from sknnreg.inspection.axes import new_axes
from sknnreg.inspection.networks import networks_in


class WeightDistributionDisplay:
    """Histograms of a fitted network's weights by layer, with the share of exact zeros.

    Use :meth:`from_estimator`. L2 makes weights small, L1 makes them 0. Zeros are counted in the
    legend and left out of the histogram, which shows the density of all others.

    Parameters
    ----------
    weights : list of ndarray
        The weights of each layer.
    bins : int, default=50
        Intervals of each histogram.

    Attributes
    ----------
    sparsity : list of float
        The share of exact zeros in each layer.
    ax_, figure_, lines_ : matplotlib artists
        Once ``plot`` was called; a histogram's outline for each layer.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknnreg import MLPRegularizedRegressor
    >>> from sknnreg.inspection import WeightDistributionDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegularizedRegressor(
    ...     (20,), l1=0.03, max_iter=30, n_iter_no_change=None, random_state=0
    ... )
    >>> display = WeightDistributionDisplay.from_estimator(model.fit(X, y), X)
    >>> display.sparsity == model.sparsity_
    True
    """

    weights: list[Array]
    bins: int
    sparsity: list[float]

    def __init__(self, weights: Sequence[Array], bins: int = 50) -> None:
        if not isinstance(bins, Integral) or bins < 1:
            raise ValueError(f"bins must be a whole number of at least 1, got {bins!r}.")
        self.weights = [np.asarray(each) for each in weights]
        self.bins = int(bins)
        self.sparsity = [float((w.size - np.count_nonzero(w)) / w.size) for w in self.weights]

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any = None, *, bins: int = 50, ax: Any = None
    ) -> WeightDistributionDisplay:
        """Draw the weights of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted network; a pipeline that ends in one; a search, whose best network is shown.
        X : array-like of shape (n_samples, n_features), default=None
            Inputs as the network itself takes them (behind a pipeline's transformers). With them,
            weights of the first layer are multiplied by the standard deviations of their columns.
            ``coefs_`` are in the units of X, and those of a column of large numbers are small;
            what is drawn then compares columns, and is what the network trained if it standardizes.
        bins : int, default=50
            Intervals of each histogram, at least 1.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : WeightDistributionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator holds no network or several, or for a parameter out of its range.
        NotFittedError
            If the network is not fitted.
        """
        networks = list(networks_in(estimator))
        if len(networks) != 1:
            raise ValueError(
                f"{type(estimator).__name__} holds {len(networks)} networks of this package, not "
                "one. Pass a fitted network, a pipeline that ends in one, or one of an ensemble's "
                "members."
            )
        check_is_fitted(networks[0], "coefs_")
        weights = [to_dense(coef) for coef in networks[0].coefs_]
        if X is not None:
            weights[0] = weights[0] * _deviations(check_X(networks[0], X, reset=False))[:, None]
        return cls(weights, bins).plot(ax)

    def plot(self, ax: Any = None) -> WeightDistributionDisplay:
        """Draw the histograms.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : WeightDistributionDisplay
            This one, with ``ax_``, ``figure_`` and ``lines_``.
        """
        self.ax_ = ax = new_axes(1) if ax is None else ax
        self.figure_ = ax.figure
        self.lines_ = []
        for number, (weights, sparsity) in enumerate(zip(self.weights, self.sparsity, strict=True)):
            shape = " x ".join(str(n) for n in weights.shape)
            label = f"layer {number}: {shape}, {sparsity:.1%} zeros"
            kept = weights[weights != 0]
            density, edges = np.histogram(kept, self.bins, density=len(kept) > 0)
            outline = ax.stairs(density, edges, color=f"C{number}", lw=1.5, label=label)
            self.lines_.append(outline)
        ax.axvline(0, color="0.7", lw=0.8, zorder=0)
        ax.set(xlabel="weight", ylabel="density of those that are not 0")
        ax.legend(fontsize="small")
        return self


def _deviations(X: Any) -> Array:
    """The standard deviation of each column, ``(n_features,)``; 1 of a constant one."""
    if hasattr(X, "tocsc"):
        mean = np.asarray(X.mean(axis=0)).ravel()
        square = np.asarray(X.multiply(X).mean(axis=0)).ravel()
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
    else:
        deviation = np.asarray(X, dtype=np.float64).std(axis=0)
    filled: Array = np.where(deviation > 0, deviation, 1.0)
    return filled
