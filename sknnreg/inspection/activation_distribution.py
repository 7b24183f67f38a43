"""How the distribution of a layer's inputs moves while a network is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.base import BaseMLPRegularized
from sknnreg.inspection.activation_recorder import ActivationRecorder
from sknnreg.inspection.axes import new_axes


class ActivationDistributionDisplay:
    """Percentiles of a hidden layer's inputs over the epochs of a training.

    Use :meth:`from_estimator`, or :meth:`from_results` with an :class:`ActivationRecorder` that has
    listened. The line is the middle percentile, bands reach from the first to the last, the second
    to the last but one, and so on. Without normalization the inputs of late layers drift and
    spread, and the layers behind have to follow; with batch normalization they stay where they are.

    Parameters
    ----------
    values : ndarray of shape (n_epochs, n_percentiles)
        The percentiles after each epoch.
    percentiles : sequence of float, default=(15, 50, 85)
        Which ones.

    Attributes
    ----------
    ax_, figure_, lines_ : matplotlib artists
        Once ``plot`` was called.

    References
    ----------
    S. Ioffe and C. Szegedy, Batch normalization: accelerating deep network training by reducing
    internal covariate shift, ICML 2015, figure 1.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.inspection import ActivationDistributionDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPRegularizedClassifier(
    ...     (30, 30), activation="logistic", normalization="batch", max_iter=5,
    ...     n_iter_no_change=None, random_state=0,
    ... )
    >>> display = ActivationDistributionDisplay.from_estimator(model, X, y)
    >>> display.values.shape
    (5, 3)
    """

    def __init__(self, values: Array, percentiles: Sequence[float] = (15, 50, 85)) -> None:
        self.values = np.asarray(values)
        self.percentiles = tuple(percentiles)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        layer: int = -1,
        unit: int | None = None,
        percentiles: Sequence[float] = (15, 50, 85),
        n_rows: int = 1000,
        params: dict[str, Any] | None = None,
        ax: Any = None,
    ) -> ActivationDistributionDisplay:
        """Fit a clone of an estimator with a recorder, and draw what was recorded.

        Parameters
        ----------
        estimator : estimator
            A network of this package, or a pipeline or other meta-estimator with one; of a search
            its last fit is shown. It is not changed.
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        layer : int, default=-1
            The hidden layer, from 0, or from -1 backwards.
        unit : int, default=None
            One unit of it; None takes all units together.
        percentiles : sequence of float, default=(15, 50, 85)
            From 0 to 100.
        n_rows : int, default=1000
            Rows of X to look at, at most.
        params : dict, default=None
            What else ``fit`` is to get, such as ``sample_weight``.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : ActivationDistributionDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no network of this package.
        ValueError
            If there is no such layer or unit.
        """
        recorder = ActivationRecorder(layer, percentiles=percentiles, n_rows=n_rows)
        fresh = clone(estimator)
        _listen(fresh, recorder)
        fresh.fit(X, y, **(params or {}))
        return cls.from_results(recorder, unit=unit, ax=ax)

    @classmethod
    def from_results(
        cls, recorder: ActivationRecorder, *, run: int = -1, unit: int | None = None, ax: Any = None
    ) -> ActivationDistributionDisplay:
        """Draw what a recorder has heard.

        Parameters
        ----------
        recorder : ActivationRecorder
            After a fit.
        run : int, default=-1
            Which of its fits; the last by default.
        unit : int, default=None
            One unit of the layer; None takes all units together.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : ActivationDistributionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such run or unit.
        """
        runs = recorder.runs_
        if not -len(runs) <= run < len(runs):
            raise ValueError(
                f"run={run} is none of the {len(runs)} fits that the recorder has heard of. Set it "
                "by set_callbacks on the network before fit; other processes are not heard."
            )
        values = runs[run]["all"]
        if unit is not None:
            by_unit = runs[run]["units"]
            if not -by_unit.shape[2] <= unit < by_unit.shape[2]:
                raise ValueError(f"unit={unit} is none of the layer's {by_unit.shape[2]} units.")
            values = by_unit[:, :, unit]
        return cls(values, recorder.percentiles).plot(ax)

    def plot(self, ax: Any = None) -> ActivationDistributionDisplay:
        """Draw the percentiles over epochs.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : ActivationDistributionDisplay
            This one, with ``ax_``, ``figure_`` and ``lines_``.
        """
        self.ax_ = ax = new_axes(1) if ax is None else ax
        self.figure_ = ax.figure
        order = np.argsort(self.percentiles, kind="stable")
        levels, values = np.array(self.percentiles)[order], self.values[:, order]
        epochs = np.arange(1, len(values) + 1)
        n = len(levels)
        for low in range(n // 2):
            high = n - 1 - low
            label = f"{levels[low]:g}th to {levels[high]:g}th percentile"
            band = values[:, [low, high]].T
            ax.fill_between(epochs, *band, color="C0", alpha=0.2, lw=0, label=label)
        self.lines_ = [
            ax.plot(epochs, values[:, i], color="C0", lw=2 if 2 * i == n - 1 else 0.8)[0]
            for i in range(n)
        ]
        if n % 2:
            self.lines_[n // 2].set_label(f"{levels[n // 2]:g}th percentile")
        ax.set(xlabel="epoch", ylabel="input of the activation")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(fontsize="small")
        return self


def _listen(estimator: Any, recorder: ActivationRecorder) -> None:
    """Add the recorder to the callbacks of the first network among an estimator's parameters."""
    candidates = [estimator]
    if not isinstance(estimator, BaseMLPRegularized) and hasattr(estimator, "get_params"):
        candidates = list(estimator.get_params(deep=True).values())
    for each in candidates:
        if isinstance(each, BaseMLPRegularized):
            each.set_callbacks(*getattr(each, "_skl_callbacks", ()), recorder)
            return
    raise TypeError(
        "ActivationDistributionDisplay needs an MLPRegularizedClassifier or "
        f"MLPRegularizedRegressor, or an estimator with one, got {type(estimator).__name__}."
    )
