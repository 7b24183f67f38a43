"""Bias, variance and noise along a hyperparameter: the U-curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from sknnreg.engine.arrays.stack import Array
from sknnreg.inspection.axes import new_axes
from sknnreg.model_selection.bias_and_variance.result import BiasVarianceResult
from sknnreg.model_selection.bias_and_variance.study import studied
from sknnreg.model_selection.fits.tables import frame, setting

# Okabe and Ito's colors, which color-blind readers can tell apart.
_COLORS = {"bias": "#0072B2", "variance": "#D55E00", "noise": "#009E73"}
# From this ratio of the largest to the smallest value on, the axis is logarithmic.
_WIDE = 20
# No more values than that stand at the axis one by one.
_FEW = 12


@dataclass(eq=False)
class BiasVarianceDisplay:
    """The terms of a loss along the values of one hyperparameter, or of one estimator as bars.

    Parameters
    ----------
    results : list of BiasVarianceResult
        One for each value.
    param_name : str, default=None
        Of the hyperparameter; None where there is one result alone.
    param_range : list, default=None
        Its values.

    Attributes
    ----------
    losses, biases, variances : ndarray of shape (n_values,)
        Means over the test rows.
    noises : ndarray of shape (n_values,) or None
        Where the noise is known.
    best : int
        The place of the value with the least loss.
    ax_, figure_ : matplotlib artists
        Once ``plot`` was called.

    See Also
    --------
    bias_variance : Of one estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sknnreg.model_selection import BiasVarianceDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> display = BiasVarianceDisplay.from_estimator(
    ...     KNeighborsRegressor(), X, y, param_name="n_neighbors", param_range=[1, 20, 300],
    ...     n_rounds=20, random_state=0)
    >>> display.param_range[display.best]
    20
    """

    results: Sequence[BiasVarianceResult]
    param_name: str | None = None
    param_range: Sequence[Any] | None = None

    @classmethod
    def from_results(
        cls,
        results: Iterable[BiasVarianceResult],
        *,
        param_name: str | None = None,
        param_range: Iterable[Any] | None = None,
    ) -> BiasVarianceDisplay:
        """Of results of `bias_variance`, not drawn yet.

        Parameters
        ----------
        results : list of BiasVarianceResult
            One for each value, or one alone.
        param_name : str, default=None
            Of the hyperparameter.
        param_range : list, default=None
            Its values, as many as results.

        Returns
        -------
        display : BiasVarianceDisplay
            ``plot`` draws it.
        """
        results = list(results)
        values = None if param_range is None else list(param_range)
        if not results or (values is None and len(results) > 1):
            raise ValueError("results must be one, or several with param_name and param_range.")
        if values is not None and len(values) != len(results):
            raise ValueError(f"{len(results)} results, but param_range has {len(values)} values.")
        return cls(results, param_name, values)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        param_name: str,
        param_range: Iterable[Any],
        ax: Any = None,
        **asked: Any,
    ) -> BiasVarianceDisplay:
        """Fit, take apart and draw: all values on the same training samples, in one pass.

        Parameters
        ----------
        estimator : estimator
            A classifier or regressor.
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Inputs that training samples are drawn from.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        param_name : str
            A hyperparameter of ``estimator``, with ``__`` for those of a pipeline's steps.
        param_range : list
            Its values.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **asked
            As `bias_variance` takes them: ``X_test``, ``y_test``, ``f_test``, ``n_rounds``,
            ``loss``, ``sampling``, ``groups``, ``params``, ``random_state``, ``n_jobs`` and
            ``callbacks``.

        Returns
        -------
        display : BiasVarianceDisplay
            Drawn, with the results by value.
        """
        values = list(param_range)
        if not values:
            raise ValueError("param_range is empty: give the values to compare.")
        known = estimator.get_params()
        if param_name not in known:
            raise ValueError(
                f"param_name={param_name!r} is no hyperparameter of {type(estimator).__name__}; "
                f"it has {sorted(known)}."
            )
        models = [clone(estimator).set_params(**{param_name: value}) for value in values]
        results = studied("BiasVarianceDisplay.from_estimator", models, X, y, **asked)
        return cls.from_results(results, param_name=param_name, param_range=values).plot(ax)

    @property
    def losses(self) -> Array:
        """The mean loss of each value."""
        return np.array([each.loss for each in self.results])

    @property
    def biases(self) -> Array:
        """The mean bias of each value."""
        return np.array([each.bias for each in self.results])

    @property
    def variances(self) -> Array:
        """The mean variance of each value."""
        return np.array([each.variance for each in self.results])

    @property
    def noises(self) -> Array | None:
        """The mean noise of each value, where it is known."""
        noises = [each.noise for each in self.results]
        return None if None in noises else np.array(noises)

    @property
    def best(self) -> int:
        """The place of the value with the least loss."""
        return int(self.losses.argmin())

    def to_frame(self) -> Any:
        """A pandas data frame with a row for each value.

        Returns
        -------
        frame : DataFrame
            Columns ``loss``, ``bias``, ``variance`` and, where it is known, ``noise``.
        """
        columns = {"loss": self.losses, "bias": self.biases, "variance": self.variances}
        if self.noises is not None:
            columns["noise"] = self.noises
        values = self.param_range if self.param_range is not None else range(len(self.results))
        index = [setting(each) if isinstance(each, tuple | list) else each for each in values]
        return frame(columns, index).rename_axis(self.param_name or "estimator")

    def plot(self, ax: Any = None) -> BiasVarianceDisplay:
        """Draw curves along the values, or bars for one estimator.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : BiasVarianceDisplay
            This one, with ``ax_`` and ``figure_``.
        """
        self.ax_ = ax = new_axes(1, figsize=(7, 4.2)) if ax is None else ax
        self.figure_ = ax.figure
        if len(self.results) == 1:
            self._bars(ax)
        else:
            self._curves(ax)
        return self

    def _bars(self, ax: Any) -> None:
        terms = {**self.results[0].terms, "loss": self.results[0].loss}
        colors = [_color(name) for name in terms]
        bars = ax.bar(list(terms), list(terms.values()), color=colors)
        ax.bar_label(bars, fmt="%.4g")
        ax.axhline(0, color="black", lw=0.8)
        ax.margins(y=0.12)
        ax.set_ylabel(self.results[0].title)

    def _curves(self, ax: Any) -> None:
        assert self.param_range is not None
        places = _places(self.param_range)
        for name in self.results[0].terms:
            values = [each.terms[name] for each in self.results]
            ax.plot(places, values, "o-", ms=4, color=_color(name), label=name)
        ax.plot(places, self.losses, "o-", ms=4, lw=2.2, color="black", label="loss")
        told = setting(self.param_range[self.best])
        ax.plot(
            places[self.best], self.losses[self.best], "*", ms=15, color="black",
            markeredgecolor="white", label=f"least loss, at {told}",
        )  # fmt: skip
        if min(self.variances.min(), self.biases.min()) < 0:
            ax.axhline(0, color="0.6", lw=0.8)
        if _numbers(self.param_range) is None:
            ax.set_xticks(places, [setting(each) for each in self.param_range])
        elif places.min() > 0 and places.max() / places.min() > _WIDE:
            ax.set_xscale("log")
            if len(places) <= _FEW:
                ax.set_xticks(places, [f"{each:g}" for each in places])
                ax.minorticks_off()
        ax.set(xlabel=self.param_name, ylabel=self.results[0].title)
        ax.legend(fontsize="small", frameon=False)


def _color(name: str) -> str:
    return next((color for term, color in _COLORS.items() if name.startswith(term)), "black")


def _numbers(values: Sequence[Any]) -> Array | None:
    """As numbers, as which the widths of a single layer count too; None if they are none."""
    single = [each[0] if isinstance(each, tuple | list) and len(each) == 1 else each
              for each in values]  # fmt: skip
    if not all(isinstance(each, int | float | np.number) for each in single):
        return None
    return np.array(single, dtype=float)


def _places(values: Sequence[Any]) -> Array:
    numbers = _numbers(values)
    return np.arange(len(values), dtype=float) if numbers is None else numbers
